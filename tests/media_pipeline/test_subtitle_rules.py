"""Subtitles judged by an independent checker: no standard is broken where the words let it be kept."""

import io
from collections import Counter
from pathlib import Path

import pytest
from whisper.utils import WriteSRT

from media_pipeline.exports.files import whole
from media_pipeline.exports.options import ExportOptions
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.text.cue_limits import limits_for
from media_pipeline.text.cue_report import report
from media_pipeline.text.cues import cues
from media_pipeline.transcript import Segment, Transcript, Word
from tests.media_pipeline.invented_talk import talk
from tests.media_pipeline.subtitle_rules import RULES, Rules, Shown, broken_rules, fewest, parted, shown_by

DOCUMENTED = Path(__file__).parents[2] / "docs" / "subtitles.md"
SEEDS = range(10)
JUDGED = pytest.mark.parametrize(("preset", "language"), list(RULES))
TALKS = {language: [talk(language, seed) for seed in SEEDS] for language in ("en", "ru")}


def shown(transcript: Transcript, preset: str) -> list[Shown]:
    options = ExportOptions(names=False, cues=limits_for(preset, transcript.language))
    return shown_by(whole(EXPORTERS["srt"], transcript, {}, options).decode())


def shown_by_whisper(transcript: Transcript, rules: Rules) -> list[Shown]:
    """As OpenAI's own writer shows the same words, with as much help as it takes."""
    segments = [
        {
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
            "words": [{"word": f" {word.text}", "start": word.start, "end": word.end} for word in segment.words],
        }
        for segment in transcript.segments
    ]
    file = io.StringIO()
    widths = {"max_line_width": rules.line, "max_line_count": rules.lines}
    WriteSRT(".").write_result({"segments": segments}, file, widths)
    return shown_by(file.getvalue())


def words_of(transcript: Transcript) -> list[str]:
    return " ".join(segment.text for segment in transcript.segments).split()


def plain(subtitle: Shown, rules: Rules) -> list[str]:
    """The lines without the dashes of two speakers; the talk itself has none."""
    return [line.removeprefix(rules.dash) for line in subtitle.lines]


@JUDGED
@pytest.mark.parametrize("seed", SEEDS)
def test_no_rule_is_broken_where_the_words_let_it_be_kept(preset: str, language: str, seed: int) -> None:
    transcript, rules = TALKS[language][seed], RULES[preset, language]

    broken = broken_rules(shown(transcript, preset), rules)

    assert broken.keys() <= {"too fast", "too short"}
    assert broken.total() == fewest(transcript, rules)


@JUDGED
def test_speech_at_an_ordinary_pace_breaks_no_rule(preset: str, language: str) -> None:
    for transcript in TALKS[language][:2]:
        assert not broken_rules(shown(transcript, preset), RULES[preset, language])


@JUDGED
@pytest.mark.parametrize("seed", SEEDS)
def test_words_are_kept_in_order_and_not_parted_from_what_they_belong_to(preset: str, language: str, seed: int) -> None:
    transcript, rules = TALKS[language][seed], RULES[preset, language]

    subtitles = shown(transcript, preset)

    lines = [line for one in subtitles for line in plain(one, rules)]
    assert " ".join(lines).split() == words_of(transcript)
    assert not parted(subtitles, language)


@JUDGED
@pytest.mark.parametrize("seed", SEEDS)
def test_subtitles_come_with_the_voice_and_do_not_outstay_it(preset: str, language: str, seed: int) -> None:
    transcript, rules = TALKS[language][seed], RULES[preset, language]
    words = [word for segment in transcript.segments for word in segment.words]

    subtitles = shown(transcript, preset)
    said = 0
    for one, following in zip(subtitles, [*subtitles[1:], None], strict=True):
        first = words[said]
        said += sum(len(line.split()) for line in plain(one, rules))
        latest = max(round(words[said - 1].end * 1000) + rules.past, one.start + rules.shortest)
        assert one.start == round(first.start * 1000)
        assert one.end <= (latest if following is None else rules.closed(latest, following.start))


@JUDGED
@pytest.mark.parametrize("seed", SEEDS)
def test_the_report_names_what_the_checker_finds(preset: str, language: str, seed: int) -> None:
    transcript, limits = TALKS[language][seed], limits_for(preset, language)

    found = report(cues(transcript, limits), limits)

    named = Counter(finding.kind.value.replace("_", " ") for finding in found)
    assert named == broken_rules(shown(transcript, preset), RULES[preset, language])


@JUDGED
def test_one_cue_a_segment_and_the_writer_of_whisper_break_far_more(preset: str, language: str) -> None:
    rules, talks = RULES[preset, language], TALKS[language]

    ours, raw, whisper = (
        sum(broken_rules(subtitles, rules).total() for subtitles in made)
        for made in (
            [shown(transcript, preset) for transcript in talks],
            [shown(transcript, "raw") for transcript in talks],
            [shown_by_whisper(transcript, rules) for transcript in talks],
        )
    )

    assert ours * 4 < min(raw, whisper)
    best = sum(fewest(transcript, rules) for transcript in talks)
    row = [preset.title(), {"en": "English", "ru": "Russian"}[language], ours, best, raw, whisper]
    assert f"| {' | '.join(map(str, row))} |" in DOCUMENTED.read_text()


def test_the_checker_knows_what_words_do_not_allow() -> None:
    rules = RULES["default", "en"]
    slow = tuple(Word(text, 0.5 * number, 0.5 * number + 0.5) for number, text in enumerate(("Say", "it", "again.")))
    fast = tuple(Word("extraordinarily", 0.2 * number, 0.2 * number + 0.2) for number in range(20))

    assert fewest(Transcript("en", (Segment(0, 1.5, "Say it again.", slow),), 9.0, "", ""), rules) == 0
    assert (
        fewest(Transcript("en", (Segment(0, 4.0, " ".join(["extraordinarily"] * 20), fast),), 9.0, "", ""), rules) > 2
    )


def test_the_checker_sees_each_broken_rule() -> None:
    subtitles = [
        Shown(0, 1000, ("This is far too much to be read in a second",)),
        Shown(1050, 1500, ("Short", "and", "high")),
        Shown(1400, 9000, ("Long",)),
    ]

    assert broken_rules(subtitles, RULES["default", "en"]) == {
        "too fast": 2,
        "line too long": 1,
        "gap too small": 1,
        "too short": 1,
        "too many lines": 1,
        "overlap": 1,
        "too long": 1,
    }
