"""Colors of speakers, by the order in which they begin to speak, as six hexadecimal digits."""

# Dark enough to be read on paper.
ON_PAPER = ("1F5C99", "A34A0F", "0F6B4C", "9C2F73", "4B5563", "6B46B0", "6B5A00", "0F6674")
# Bright enough to be read on a picture; the first four are those of European television.
ON_PICTURE = ("FFFFFF", "FFFF00", "00FFFF", "00FF00", "FFB3E6", "FFC285", "C9C3FF", "B8E8B0")


def color(palette: tuple[str, ...], voice: int) -> str:
    """That of a speaker, from the first one again when there are more speakers than colors."""
    return palette[voice % len(palette)]
