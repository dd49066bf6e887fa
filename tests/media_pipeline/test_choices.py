"""What another hearing of a passage differs in, word by word."""

from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.text.choices import Choice, Said, choices, taken
from media_pipeline.text.differences import sound
from media_pipeline.text.realign import realign
from media_pipeline.transcript import Word

TEXTS = st.lists(st.sampled_from(["we", "met", "Anna,", "in", "may.", "the", "report", "a", "team"]), max_size=12)


def words(text: str, at: float = 0.0) -> tuple[Word, ...]:
    """A second for each."""
    return tuple(Word(word, at + place, at + place + 1.0) for place, word in enumerate(text.split()))


def passage(*texts: str) -> list[Said]:
    found: list[Said] = []
    at = 0.0
    for key, text in enumerate(texts):
        found.append(Said(key, text, words(text, at)))
        at += len(text.split())
    return found


def compared(said: list[Said], heard: tuple[Word, ...], language: str = "en") -> list[Choice]:
    end = max([word.end for word in (*heard, *(word for one in said for word in one.words))], default=0.0)
    return choices(said, heard, language, start=0.0, end=end)


def told(said: list[Said], heard: str) -> list[tuple[int, str, str]]:
    return [(choice.key, choice.yours, choice.other) for choice in compared(said, words(heard))]


def test_a_word_heard_otherwise_is_a_choice_with_its_place_and_time() -> None:
    assert compared(passage("We met in May."), words("we met in june")) == [
        Choice(key=0, first=10, last=14, yours="May.", other="june.", start=3.0, end=4.0)
    ]


def test_case_and_punctuation_make_no_difference() -> None:
    assert told(passage("Well, we met.", "Did we?"), "well we met did we") == []


def test_words_side_by_side_are_choices_of_their_own() -> None:
    assert told(passage("They sold the ship today"), "they told a chip today") == [
        (0, "sold", "told"),
        (0, "the", "a"),
        (0, "ship", "chip"),
    ]


def test_one_word_may_be_heard_as_two_and_two_as_one() -> None:
    found = told(passage("We recognize the key word today"), "we wreck a nice the keyboard today")

    assert ("key word", "keyboard") in [pair[1:] for pair in found]
    assert told(passage("You can not go"), "you cannot go") == []  # the same letters


def test_words_that_were_not_heard_and_words_in_between_can_be_taken_over_too() -> None:
    said = passage("Please send the big contract.")

    assert told(said, "please send contract") == [(0, "the big", "")]
    assert told(passage("Please send it."), "please do send it") == [(0, "", "do")]


def test_differences_over_two_sentences_are_dealt_out_to_them_by_time() -> None:
    found = told(passage("We met Bob.", "Anna left."), "we met rob hannah left")

    assert found == [(0, "Bob.", "rob."), (1, "Anna", "Hannah")]


def test_a_passage_heard_quite_otherwise_is_still_compared_word_by_word() -> None:
    texts = [f"alpha{number} beta{number} gamma{number} delta{number}." for number in range(40)]

    found = told(passage(*texts), " ".join(word.strip(".") + "x" for text in texts for word in text.split()))

    assert len(found) == 160
    assert found[0] == (0, "alpha0", "alpha0x") and found[-1] == (39, "delta39.", "delta39x.")


def test_what_stands_around_the_passage_is_left_alone_and_keeps_its_edges_clean() -> None:
    said = passage("He was there.", "She went home.", "Then it rained.")
    around = [Said(one.key, one.text, one.words, is_around=one.key != 1) for one in said]

    found = choices(around, words("he is here he went home then it drained"), "en", start=3.0, end=6.0)

    assert [(one.key, one.yours, one.other) for one in found] == [(1, "She", "He")]


def test_something_heard_at_the_edge_comes_into_the_sentence_of_the_passage() -> None:
    said = [Said(1, "It was.", words("It was.", 0.0), is_around=True), Said(2, "She left.", words("She left.", 4.0))]
    heard = (*words("it was"), Word("then", 3.2, 3.8), *words("she left", 4.0))

    assert choices(said, heard, "en", start=4.0, end=6.0) == []  # it is before the passage
    assert choices(said, heard, "en", start=3.0, end=6.0) == [Choice(2, 0, 0, "", "then", 3.2, 3.8)]


def test_an_engine_that_writes_no_signs_leaves_those_of_the_text() -> None:
    assert told(passage("Yes. Bob, come."), "yes rob come") == [(0, "Bob,", "Rob,")]


def test_an_engine_that_writes_signs_is_taken_at_its_word() -> None:
    assert told(passage("Yes. Bob, come"), "Yes. Rob! Come.") == [(0, "Bob,", "Rob!")]


def test_where_words_have_no_spaces_characters_are_compared() -> None:
    text = "今天天气很好。"
    said = [Said(0, text, realign((), text, "zh", start=0.0, end=7.0))]

    found = choices(said, realign((), "今天天汽很好", "zh", start=0.0, end=7.0), "zh", start=0.0, end=7.0)

    assert [(one.yours, one.other) for one in found] == [("气", "汽")]
    assert taken(text, found, "zh") == "今天天汽很好。"


def test_nothing_heard_and_nothing_said_give_no_choices() -> None:
    assert compared([], words("hello")) == []
    assert compared([], ()) == []
    assert told(passage("Hello."), "") == [(0, "Hello.", "")]


def test_taking_over_keeps_single_spaces() -> None:
    def one(first: int, last: int, other: str) -> Choice:
        return Choice(0, first, last, "", other, 0.0, 0.0)

    text = "Please send it."

    assert taken(text, [one(7, 11, "")], "en") == "Please it."
    assert taken(text, [one(6, 6, "do"), one(12, 15, "them.")], "en") == "Please do send them."
    assert taken(text, [one(0, 0, "Now")], "en") == "Now Please send it."
    assert taken(text, [one(0, 15, "")], "en") == ""


@given(st.lists(TEXTS.filter(bool), min_size=1, max_size=3), TEXTS)
def test_with_all_choices_taken_the_text_says_what_was_heard(texts: list[list[str]], heard: list[str]) -> None:
    said = passage(*(" ".join(text) for text in texts))
    found = compared(said, words(" ".join(heard)))

    new = [taken(one.text, [choice for choice in found if choice.key == one.key], "en") for one in said]

    assert "".join(sound(word) for text in new for word in text.split()) == "".join(map(sound, heard))
    assert all(
        one.text[choice.first : choice.last] == choice.yours
        for one in said
        for choice in found
        if choice.key == one.key
    )
