"""ASS and TTML: read by other programs, or by the rules of the standard, with every cue."""

from itertools import pairwise
from xml.etree import ElementTree

import pysubs2
import pytest
from ttconv.imsc import reader as imsc_reader
from ttconv.isd import ISD

from media_pipeline.exports.files import whole
from media_pipeline.exports.options import About, ExportOptions
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.text.cue_limits import CueLimits
from media_pipeline.transcript import Segment, Transcript
from tests.media_pipeline.said import NAMES, NASTY, discussion, spoken

TT, TTM, TTP, XML = (
    "{http://www.w3.org/ns/ttml}",
    "{http://www.w3.org/ns/ttml#metadata}",
    "{http://www.w3.org/ns/ttml#parameter}",
    "{http://www.w3.org/XML/1998/namespace}",
)
ODD_NAMES = [{"SPEAKER_00": name} for name in ("a, b", "*Default", "<b>&", "{\\pos(1,1)}", '"', "\ud800\n")]
TITLED = ExportOptions(about=About(title="<i>{\\b1}&\n[Events]"))


def made(name: str, transcript: Transcript, names: dict[str, str], options: ExportOptions = TITLED) -> str:
    return whole(EXPORTERS[name], transcript, names, options).decode()


def ass(transcript: Transcript, names: dict[str, str]) -> pysubs2.SSAFile:
    return pysubs2.SSAFile.from_string(made("ass", transcript, names), "ass")


def ttml(transcript: Transcript, names: dict[str, str]) -> ElementTree.Element:
    return ElementTree.fromstring(made("ttml", transcript, names))


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


@pytest.mark.parametrize("speaker", [None, "SPEAKER_00"])
@pytest.mark.parametrize("names", [{}, *ODD_NAMES])
def test_all_subtitle_formats_have_the_same_cues_whatever_was_said(speaker: str | None, names: dict[str, str]) -> None:
    transcript = spoken(NASTY, speaker=speaker)

    vtt = pysubs2.SSAFile.from_string(made("vtt", transcript, names), "vtt")
    styled = ass(transcript, names)
    paragraphs = list(ttml(transcript, names).iter(f"{TT}p"))

    assert len(vtt) == len(styled) == len(paragraphs) >= len(NASTY)
    assert [event.start // 10 for event in vtt] == pytest.approx([event.start // 10 for event in styled], abs=1)
    assert [seconds(one.attrib["begin"]) for one in paragraphs] == [event.start / 1000 for event in vtt]


def test_each_speaker_has_a_style_and_color() -> None:
    file = ass(discussion(), NAMES)

    assert list(file.styles) == ["Default", "Anna & <Co>", "Speaker 2"]
    assert len({str(file.styles[name].primarycolor) for name in ("Anna & <Co>", "Speaker 2")}) == 2
    assert {event.style for event in file} <= file.styles.keys()


def test_braces_and_backslashes_of_the_text_are_no_commands() -> None:
    (event,) = ass(spoken(["{\\an8} braces and \\N slashes"]), {})

    assert event.text == "\\{\\\u2060an8\\} braces and \\\u2060N slashes"


def test_times_in_ass_go_beyond_ten_hours() -> None:
    late = Transcript("en", (Segment(45_296.789, 45_298.0, "Still here."),), 50_000.0, "pocketsphinx", "en-us")

    assert ",12:34:56.79,12:34:58.00," in made("ass", late, {})
    assert ass(late, {}).events[0].start == 45_296_790


def test_two_who_share_a_cue_in_ass_keep_their_names_and_colors() -> None:
    limits = ExportOptions(cues=CueLimits(speakers_by_dashes=True, shortest=2.0))
    words = (("SPEAKER_00", "Yes."), ("SPEAKER_01", "No, {never}."))
    said = tuple(Segment(at, at + 0.6, text, speaker=who) for at, (who, text) in enumerate(words))
    talk = Transcript("en", said, 3.0, "pocketsphinx", "en-us")

    file = pysubs2.SSAFile.from_string(made("ass", talk, {"SPEAKER_00": "Anna", "SPEAKER_01": "B, C"}, limits), "ass")

    (event,) = file
    assert (event.style, event.name) == ("Default", "Anna / B  C")
    first, second = event.text.split("\\N")
    assert first.endswith("Yes.") and second.endswith("\\{never\\}.")
    colors = [
        f"&H{one.b:02X}{one.g:02X}{one.r:02X}&" for one in (file.styles[name].primarycolor for name in ("Anna", "B  C"))
    ]
    assert (colors[0] in first, colors[1] in second) == (True, True) and colors[0] != colors[1]


@pytest.mark.parametrize(("language", "encoding"), [("he", -1), ("ar", -1), ("en", 1)])
def test_ass_from_right_to_left_says_so(language: str, encoding: int) -> None:
    file = ass(spoken(["שלום עולם?"], language), {})

    assert {style.encoding for style in file.styles.values()} == {encoding}


def test_ttml_from_right_to_left_says_so() -> None:
    for language, direction in (("he", "rtl"), ("en", None)):
        style = ttml(spoken(["שלום עולם?"], language), {}).find(f".//{TT}style")
        assert style is not None
        assert style.get("{http://www.w3.org/ns/ttml#styling}direction") == direction


@pytest.mark.parametrize("names", [NAMES, *ODD_NAMES])
def test_ttml_follows_the_rules_of_its_profile(names: dict[str, str]) -> None:
    root = ttml(discussion(), names)

    assert root.attrib[f"{TTP}profile"] == "http://www.w3.org/ns/ttml/profile/imsc1/text"
    assert root.attrib[f"{XML}lang"] == "en"
    ids = [element.attrib[f"{XML}id"] for element in root.iter() if f"{XML}id" in element.attrib]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        for reference in ("style", "region", f"{TTM}agent"):
            assert element.attrib.get(reference, ids[0]) in ids
    # IMSC1 text: no more than one region of a time, text within spans, and nothing but breaks between.
    paragraphs = list(root.iter(f"{TT}p"))
    assert {child.tag for one in paragraphs for child in one} <= {f"{TT}span", f"{TT}br"}
    times = [(seconds(one.attrib["begin"]), seconds(one.attrib["end"])) for one in paragraphs]
    assert all(begin < end for begin, end in times)
    assert all(one[1] <= other[0] for one, other in pairwise(times))


@pytest.mark.parametrize("names", [NAMES, *ODD_NAMES])
def test_ttml_is_read_by_a_program_for_imsc(names: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    transcript = spoken(NASTY, speaker="SPEAKER_00")
    wanted = pysubs2.SSAFile.from_string(made("vtt", transcript, names), "vtt")

    document = imsc_reader.to_model(ElementTree.ElementTree(ttml(transcript, names)))
    assert document is not None
    shown = [(float(at), list(moment.iter_regions())) for at, moment in ISD.generate_isd_sequence(document)]

    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
    assert [at for at, regions in shown if regions] == [event.start / 1000 for event in wanted]
    assert [at for at, regions in shown if not regions] == [event.end / 1000 for event in wanted]


def test_ttml_says_who_speaks() -> None:
    root = ttml(discussion(), NAMES)

    agents = {one.attrib[f"{XML}id"]: one.findtext(f"{TTM}name") for one in root.iter(f"{TTM}agent")}
    assert list(agents.values()) == ["Anna & <Co>", "Speaker 2"]
    assert next(root.iter(f"{TT}p")).attrib[f"{TTM}agent"] in agents
