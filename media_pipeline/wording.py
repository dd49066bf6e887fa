"""Sentences for people. They are filled in and kept in English; whoever shows one finds its translation by `say`."""


def say(template: str, **values: object) -> str:
    """`template` with its {places} filled.

    Called with a literal: `python -m scripts.messages` collects those, and a site that shows the sentence in another
    language knows it again by its template. So nothing of a value may be formatted in the template itself.
    """
    return template.format(**values) if values else template
