"""Where two versions of what was said differ."""

from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.text.side_by_side import (
    LONGEST_PLACE,
    WINDOW,
    Run,
    RunKind,
    Token,
    aligned,
    places,
    runs,
    same_speakers,
)

WORDS = st.lists(st.sampled_from(["one", "One,", "two", "three", "four"]), max_size=60)


def tokens(text: str, *, seconds: float = 1.0, voices: str = "") -> list[Token]:
    """A word each `seconds`. `voices` has a digit for the speaker of each."""
    return [
        Token(word, at * seconds, at * seconds + 0.5, int(voices[at]) if voices else None, at)
        for at, word in enumerate(text.split())
    ]


def all_runs(before: list[Token], after: list[Token], *, is_exact: bool = False) -> list[Run]:
    pairs = aligned(before, after)
    speakers = same_speakers(before, after, pairs, lambda one, other: False)
    return list(runs(before, after, pairs, speakers, is_exact=is_exact))


def told(found: list[Run]) -> list[tuple[str, str, str]]:
    return [
        (run.kind, " ".join(token.text for token in run.before), " ".join(token.text for token in run.after))
        for run in found
    ]


def test_differing_words_stand_between_the_common_ones() -> None:
    assert told(all_runs(tokens("so we go home"), tokens("so we went home now"))) == [
        ("same", "so we", "so we"),
        ("replaced", "go", "went"),
        ("same", "home", "home"),
        ("added", "", "now"),
    ]


def test_case_and_punctuation_count_only_when_asked_for() -> None:
    before, after = tokens("so we went home"), tokens("So, we went home.")

    assert {run.kind for run in all_runs(before, after)} == {RunKind.SAME}
    assert told(all_runs(before, after, is_exact=True)) == [
        ("replaced", "so", "So,"),
        ("same", "we went", "we went"),
        ("replaced", "home", "home."),
    ]


def test_a_speaker_may_have_another_number_but_not_another_place() -> None:
    before = tokens("a b c d e f", voices="000111")
    after = tokens("a b c d e f", voices="110000")

    assert told(all_runs(before, after)) == [
        ("same", "a b", "a b"),
        ("speaker", "c", "c"),
        ("same", "d e f", "d e f"),
    ]


def test_a_given_name_says_who_is_who() -> None:
    before, after = tokens("a b c d", voices="0001"), tokens("a b c d", voices="1100")
    pairs = aligned(before, after)

    assert same_speakers(before, after, pairs, lambda one, other: False) == {0: 1, 1: 0}
    assert same_speakers(before, after, pairs, lambda one, other: one == other == 0) == {0: 0}


def test_the_same_word_much_later_is_another_one() -> None:
    before, after = [Token("alone", 0.0, 1.0)], [Token("alone", WINDOW + 1.0, WINDOW + 2.0)]

    assert aligned(before, after) == []


def test_long_versions_are_aligned_across_windows() -> None:
    text = " ".join(f"word{number}" for number in range(2000))
    changed = text.replace("word777 ", "").replace("word1500", "other")

    found = all_runs(tokens(text), tokens(changed))

    assert [run for run in told(found) if run[0] != "same"] == [
        ("removed", "word777", ""),
        ("replaced", "word1500", "other"),
    ]


def test_a_place_has_a_few_words_around_it() -> None:
    text = list("abcdefghijklmnopqrstuvwxyz")
    changed = [*text[:12], "twelve", *text[13:]]

    (place,) = places(iter(all_runs(tokens(" ".join(text)), tokens(" ".join(changed)))))

    assert place.start == 12.0
    assert told(list(place.runs)) == [
        ("same", "h i j k l", "h i j k l"),
        ("replaced", "m", "twelve"),
        ("same", "n o p q r", "n o p q r"),
    ]


def test_each_sentence_is_a_place_of_its_own() -> None:
    before = tokens("so we go home now go on then my dear friend")
    changed = ["so", "we", "went", "home", "now", "went", "on", "then", "my", "good", "friend"]
    after = [Token(word, at * 1.0, at + 0.5, None, int(at > 4)) for at, word in enumerate(changed)]

    found = list(places(iter(all_runs(before, after))))

    assert [told([run for run in place.runs if run.kind != RunKind.SAME]) for place in found] == [
        [("replaced", "go", "went")],
        [("replaced", "go", "went"), ("replaced", "dear", "good")],
    ]
    assert [run for place in found for run in told(list(place.runs)) if run[0] == "same"][:3] == [
        ("same", "so we", "so we"),
        ("same", "home now", "home now"),
        ("same", "home now", "home now"),
    ]


def test_where_nothing_is_alike_places_are_not_endless() -> None:
    before = tokens(" ".join(f"a{number}" for number in range(200)))
    after = tokens(" ".join(f"b{number}" for number in range(200)))

    found = list(places(iter(all_runs(before, after))))

    assert len(found) >= 5
    assert all(run.before[-1].start - run.before[0].start < LONGEST_PLACE for place in found for run in place.runs)


@given(WORDS, WORDS, st.sampled_from([0.1, 1.0, 9.0]), st.booleans())
def test_the_runs_are_both_versions_whole(before: list[str], after: list[str], seconds: float, is_exact: bool) -> None:
    old, new = tokens(" ".join(before), seconds=seconds), tokens(" ".join(after), seconds=seconds)

    found = all_runs(old, new, is_exact=is_exact)

    assert [token for run in found for token in run.before] == old
    assert [token for run in found for token in run.after] == new
    differing = [run for run in found if run.kind != RunKind.SAME]
    placed = [run for place in places(iter(found)) for run in place.runs if run.kind != RunKind.SAME]
    assert placed == differing
