"""What a page says of subtitles before they are downloaded is what a reader of the file would find."""

import re
from collections import Counter
from typing import Any, get_type_hints
from unittest import mock

import pysubs2
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jobs.models import ExportPreference, Segment, Speaker, Transcript
from jobs.services import export_choices, exports, share_links, subtitle_report
from jobs.services.edit_operations import RenameSpeaker, SetText
from jobs.services.editing import edit
from jobs.services.export_choices import LimitChanges
from jobs.services.subtitle_report import KIND_TITLES, Problem, SubtitleReport
from jobs.views.subtitle_reports import PAGE, SENTENCES, _told
from media_pipeline.text.cue_limits import PRESETS, CueLimits
from media_pipeline.text.cue_report import FindingKind
from scripts import messages
from tests.conftest import body
from tests.jobs.transcripts import make_transcript
from tests.media_pipeline.invented_talk import talk

pytestmark = pytest.mark.django_db

# Lines, characters a line and a second, shortest, longest, gap: written down again from docs/subtitles.md.
NUMBERS = {
    ("default", "en"): (2, 42, 17, 1000, 7000, 84),
    ("default", "ru"): (2, 39, 17, 1000, 7000, 84),
    ("netflix", "en"): (2, 42, 20, 834, 7000, 84),
    ("bbc", "ru"): (2, 37, 17, 1000, 7000, 84),
    ("social", "en"): (2, 32, 17, 1000, 7000, 84),
    ("vertical", "ru"): (2, 20, 17, 1000, 3000, 84),
    ("raw", "en"): (2, 42, 17, 1000, 7000, 84),
}
SLOW, FAST = "We met in July.", "Internationalization, administratively misunderstood,"


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    messages.compile_stale()


@pytest.fixture
def transcript(owner: User) -> Transcript:
    """Three subtitles, all within the limits; two people."""
    return make_transcript(owner, [SLOW, "Yes we did.", "It was warm."], speakers="011", duration=20.0)


def spoken(owner: User, language: str, seed: int, seconds: float = 300.0) -> Transcript:
    """A talk nobody held, as a job leaves it."""
    said = talk(language, seed, seconds)
    made = make_transcript(owner, [], language=language, duration=said.duration)
    voices = {
        label: Speaker.objects.create(transcript=made, label=label)
        for label in sorted({segment.speaker or "" for segment in said.segments})
    }
    Segment.objects.bulk_create(
        Segment(
            transcript=made,
            start=segment.start,
            end=segment.end,
            text=segment.text,
            words=[[word.text, word.start, word.end, 0.9] for word in segment.words],
            speaker=voices[segment.speaker or ""],
        )
        for segment in said.segments
    )
    return made


def quick(owner: User, count: int) -> Transcript:
    """So many sentences, each far too fast to be read."""
    made = make_transcript(owner, ["x"] * count)
    for index, row in enumerate(made.segments.all()):
        start = 2.0 * index
        row.text, row.start, row.end = f"{index:04} {FAST}", start, start + 0.4
        row.words = [[word, start, start + 0.4, 0.9] for word in row.text.split()]
        row.save()
    return made


def html(browser: Client, transcript: Transcript, **query: Any) -> str:
    response = browser.get(reverse("subtitle_report", args=[transcript.pk]), query)
    assert response.status_code == 200, response.content
    return response.content.decode()


def refused(browser: Client, transcript: Transcript, **query: Any) -> dict[str, str]:
    response = browser.get(reverse("subtitle_report", args=[transcript.pk]), query)
    assert response.status_code == 422
    found: dict[str, str] = response.json()["fields"]
    return found


def summary(page: str) -> str:
    found = re.search(r"data-check-summary>([^<]*)<", page)
    assert found
    return found[1]


def sentences(page: str) -> list[str]:
    return re.findall(r'<li class="check-(?!place|more)\w+">([^<]*)<', page)


# The same as in the file ----------------------------------------------------------------------------------------------


def judged_by_reading(file: bytes, numbers: tuple[int, int, int, int, int, int]) -> tuple[int, Counter[str]]:
    """How many subtitles there are, and how many break each limit: counted in a file as a player reads it."""
    lines, width, speed, shortest, longest, gap = numbers
    events = list(pysubs2.SSAFile.from_string(file.decode()))
    found: Counter[str] = Counter()
    for event, following in zip(events, [*events[1:], None], strict=True):
        shown = event.plaintext.split("\n")
        found["too_fast"] += sum(map(len, shown)) * 1000 > speed * event.duration
        found["too_short"] += event.duration < shortest
        found["too_long"] += event.duration > longest
        found["line_too_long"] += max(map(len, shown)) > width
        found["too_many_lines"] += len(shown) > lines
        space = gap if following is None else following.start - event.end
        found["overlap"] += space < 0
        found["gap_too_small"] += 0 <= space < gap
    return len(events), +found


@pytest.mark.parametrize(("preset", "language"), NUMBERS)
@pytest.mark.parametrize("seed", [4, 8])
def test_it_counts_what_a_reader_of_the_srt_counts(
    browser: Client, owner: User, preset: str, language: str, seed: int
) -> None:
    made = spoken(owner, language, seed)
    query = {"preset": preset}
    file = body(browser.get(reverse("export", args=[made.job_id, "srt"]), query))

    cues, counts = judged_by_reading(file, NUMBERS[preset, language])

    page = html(browser, made, **query)
    assert summary(page).startswith(f"{cues} subtitles")
    told = dict(re.findall(r'data-check-kind="(\w+)"[^>]*>[^<]*<b>(\d+)<', page))
    if len(counts) > 1:
        assert {kind: int(count) for kind, count in told.items()} == dict(counts)
    else:
        assert f"{counts.total()} not within" in summary(page) or not counts


@pytest.mark.parametrize(
    "query",
    [
        {"start": "1:10", "end": "2:40"},
        {"names": "false"},
        {"lines": "1", "line_characters": "30", "characters_per_second": "12,5", "preset": "bbc"},
        {"shortest": "2", "longest": "3", "gap": "0.2", "close_gaps_below": "1", "linger": "0", "pause": "0.3"},
        {"speakers_by_dashes": "false"},
        {"one_per_segment": "true"},
    ],
)
def test_it_judges_the_part_and_the_limits_that_were_chosen(
    browser: Client, owner: User, query: dict[str, str]
) -> None:
    made = spoken(owner, "en", 8)
    limits = PRESETS[query.get("preset", "default")]
    numbers = {
        name: float(query.get(name, str(getattr(limits, name))).replace(",", "."))
        for name in ("lines", "line_characters", "characters_per_second", "shortest", "longest", "gap")
    }
    file = body(browser.get(reverse("export", args=[made.job_id, "srt"]), query))

    # As whole numbers of a tenth of a character and of a millisecond.
    lines, width, speed, *times = numbers.values()
    cues, counts = judged_by_reading(file, (lines, width, speed, *(round(1000 * time) for time in times)))  # type: ignore[arg-type]

    ExportPreference.objects.all().delete()
    page = html(browser, made, **query)
    assert summary(page).startswith(f"{cues} subtitles")
    report = subtitle_report.subtitle_report(made, *_asked(query))
    assert Counter(report.counts) == counts


def _asked(query: dict[str, str]) -> tuple[Any, Any]:
    return export_choices.chosen(query, export_choices.STANDARD), export_choices.span(query)


def test_in_other_formats_names_are_no_text(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["Yes.", "No."], speakers="01")
    Speaker.objects.update(name="A committee with a very long name indeed, longer than a line")

    as_text, beside = html(browser, made), html(browser, made, names_are="beside")

    assert "A committee" in as_text and "all within the limits" not in summary(as_text)
    assert summary(beside) == "2 subtitles · all within the limits"
    assert 'name="names_are"' in beside
    assert 'name="names_are"' not in html(browser, made, names="false")


def test_the_original_is_judged_where_it_is_wanted(browser: Client, owner: User, transcript: Transcript) -> None:
    first = transcript.segments.get(start=0.0)
    edit(transcript, owner, [SetText(segment=first.pk, revision=0, text=f"{FAST} {FAST} {FAST} and more")])

    assert "all within" not in summary(html(browser, transcript))
    assert "all within" in summary(html(browser, transcript, original="true"))


# What it says ---------------------------------------------------------------------------------------------------------


def test_subtitles_within_the_limits_are_said_to_be_so(browser: Client, transcript: Transcript) -> None:
    page = html(browser, transcript)

    assert summary(page) == "3 subtitles · all within the limits"
    assert "data-check-places" not in page


def test_each_finding_has_its_time_its_text_and_both_numbers(browser: Client, owner: User) -> None:
    page = html(browser, quick(owner, 3), shortest="2", longest="2")

    assert summary(page) == "3 subtitles · 3 not within the limits"
    assert 'href="#t=2.00" data-seek-link><span class="check-time">0:02.0</span>' in page
    assert "0001 Internationalization," in page
    assert "28.5 characters a second, limit 17" in sentences(page)


def test_where_nothing_is_said_there_are_no_subtitles(browser: Client, owner: User) -> None:
    assert "no subtitles" in summary(html(browser, make_transcript(owner, [""])))


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (Problem(FindingKind.TOO_FAST, 21.4286, 17.0), "21.4 characters a second, limit 17"),
        (Problem(FindingKind.TOO_FAST, 17.0021, 17.0), "17.0021 characters a second, limit 17"),
        (Problem(FindingKind.TOO_FAST, float("inf"), 17.0), "Shown for no time at all"),
        (Problem(FindingKind.TOO_SHORT, 0.833, 0.834), "Shown for 0.8 s, at least 0.834 s"),
        (Problem(FindingKind.TOO_LONG, 7.02, 7.0), "Shown for 7.02 s, at most 7 s"),
        (Problem(FindingKind.LINE_TOO_LONG, 48.0, 42), "A line of 48 characters, limit 42"),
        (Problem(FindingKind.TOO_MANY_LINES, 3.0, 2), "3 lines, limit 2"),
        (Problem(FindingKind.OVERLAP, 0.25, 0.0), "Overlaps the next one by 0.2 s"),
        (Problem(FindingKind.GAP_TOO_SMALL, 0.08, 0.084), "0.08 s to the next one, at least 0.084 s"),
    ],
)
def test_two_numbers_that_differ_never_look_the_same(problem: Problem, sentence: str) -> None:
    assert _told(problem) == sentence


def test_there_are_words_for_every_kind() -> None:
    assert set(KIND_TITLES) == set(SENTENCES) == set(FindingKind)


def test_long_lists_come_page_by_page(browser: Client, owner: User) -> None:
    made = quick(owner, PAGE + 30)

    first = html(browser, made)
    more = html(browser, made, after=PAGE)

    assert (first.count("data-seek-link"), more.count("data-seek-link")) == (PAGE, 30)
    assert "Show 30 more" in first and f"{PAGE} of {PAGE + 30}" in first
    assert f'data-check-more="{PAGE}"' in first
    assert "data-check-more" not in more and "data-check-summary" not in more
    assert f"{PAGE:04} Inter" in more


def test_problems_of_one_kind_are_shown_alone(browser: Client, owner: User) -> None:
    made = quick(owner, 4)
    query = {"one_per_segment": "true", "line_characters": "40"}

    every, fast = html(browser, made, **query), html(browser, made, **query, kind="too_fast")
    nonsense = html(browser, made, **query, kind="nonsense")

    assert every.count("data-check-kind") == 4  # all, too fast, too short, line too long
    assert 'data-check-kind="too_fast" aria-pressed="true"' in fast
    assert fast.count("data-seek-link") == 4
    assert 'id="check-kind-all" data-check-kind="" aria-pressed="true"' in nonsense


def test_text_is_never_taken_for_markup(browser: Client, owner: User) -> None:
    made = quick(owner, 1)
    made.segments.update(text="<script>alert(1)</script>", words=[["<script>alert(1)</script>", 0.0, 0.1, 0.9]])

    assert "<script>" not in html(browser, made)


# What it costs --------------------------------------------------------------------------------------------------------


def test_it_costs_a_handful_of_queries_however_long_it_is(browser: Client, owner: User) -> None:
    made = spoken(owner, "en", 8)
    html(browser, quick(owner, 1))

    with CaptureQueriesContext(connection) as captured:
        html(browser, made)

    assert len(captured) <= 9


def test_it_is_made_once_for_the_same_words_and_choices(browser: Client, owner: User) -> None:
    made = make_transcript(owner, [SLOW], speakers="0")
    with mock.patch.object(exports, "judged_subtitles", wraps=exports.judged_subtitles) as judging:
        html(browser, made)
        html(browser, made, times="false", after="100")
        assert judging.call_count == 1

        html(browser, made, preset="bbc")
        assert judging.call_count == 2

        edit(made, owner, [RenameSpeaker(speaker=made.speakers.get().pk, was="", name="Anna")])
        html(browser, made)
        browser.get(reverse("subtitle_report", args=[made.pk]), headers={"Accept-Language": "ru"})
        assert judging.call_count == 3


# Limits ---------------------------------------------------------------------------------------------------------------

OUTSIDE = {
    "lines": ("5", "A whole number from 1 to 4."),
    "line_characters": ("4", "A whole number from 5 to 200."),
    "characters_per_second": ("0", "A number from 1 to 100."),
    "shortest": ("0.1", "A number from 0.2 to 10."),
    "longest": ("61", "A number from 0.5 to 60."),
    "gap": ("nan", "A number from 0 to 2."),
    "close_gaps_below": ("5.1", "A number from 0 to 5."),
    "linger": ("-1", "A number from 0 to 10."),
    "pause": ("long", "A number from 0.2 to 10."),
    "speakers_by_dashes": ("maybe", "Yes or no."),
    "dash": ("----", "At most 3 characters."),
    "full_width": ("2", "Yes or no."),
    "one_per_segment": ("?", "Yes or no."),
}


def test_every_limit_there_is_can_be_changed(browser: Client, owner: User) -> None:
    made = make_transcript(owner, [SLOW], language="ja")

    page = browser.get(reverse("panel", args=[made.recording_id, "exports"])).content.decode()

    assert set(LimitChanges.__struct_fields__) == set(CueLimits.__struct_fields__) == set(OUTSIDE)
    assert set(re.findall(r'data-export-limit="(\w+)"', page)) == set(get_type_hints(CueLimits))


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_limit_outside_its_bounds_is_answered_at_its_field(
    browser: Client, transcript: Transcript, name: str
) -> None:
    value, sentence = OUTSIDE[name]

    assert refused(browser, transcript, **{name: value, "names": "false"}) == {name: sentence}
    kept = browser.post(reverse("export_options"), {name: value})
    assert (kept.status_code, kept.json()["fields"]) == (422, {name: sentence})
    assert not ExportPreference.objects.exists()


def test_bounds_are_told_in_the_language_of_the_page(browser: Client, transcript: Transcript) -> None:
    address = reverse("subtitle_report", args=[transcript.pk])

    answer = browser.get(address, {"shortest": "0,1"}, headers={"Accept-Language": "ru"})

    assert answer.json()["fields"] == {"shortest": "Число от 0,2 до 10."}


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"shortest": "8"}, {"shortest": "Not above the longest, 7 s."}),
        ({"longest": "0.7"}, {"longest": "Not below the shortest, 1 s."}),
        ({"shortest": "3.5", "preset": "vertical"}, {"shortest": "Not above the longest, 3 s."}),
        (
            {"shortest": "4", "longest": "2"},
            {"shortest": "Not above the longest, 2 s.", "longest": "Not below the shortest, 4 s."},
        ),
        ({"start": "soon"}, {"start": "“soon” is no time. Write it like 1:23 or 1:02:03."}),
        ({"start": "9", "end": "3"}, {"end": "The range ends before it begins."}),
    ],
)
def test_what_does_not_fit_together_is_answered_where_it_was_changed(
    browser: Client, transcript: Transcript, query: dict[str, str], fields: dict[str, str]
) -> None:
    assert refused(browser, transcript, **query) == fields


def test_all_limits_are_remembered_for_a_person_until_they_are_left_to_the_preset(browser: Client, owner: User) -> None:
    wanted = {"lines": "1", "pause": "0,4", "dash": "— ", "speakers_by_dashes": "false", "full_width": "false"}
    made = make_transcript(owner, [SLOW])
    panel = reverse("panel", args=[made.recording_id, "exports"])

    assert browser.post(reverse("export_options"), wanted).status_code == 204

    assert ExportPreference.objects.get().choices["limits"] == {
        "lines": 1, "pause": 0.4, "dash": "— ", "speakers_by_dashes": False, "full_width": False,
    }  # fmt: skip
    page = browser.get(panel).content.decode()
    assert 'value="0.4"' in page and '<option value="— " selected>— Yes.</option>' in page
    assert "data-limit-count>5<" in page
    browser.post(reverse("export_options"), dict.fromkeys(wanted, ""))
    assert ExportPreference.objects.get().choices == {"limits": {}}
    assert "data-limit-count hidden" in browser.get(panel).content.decode()


@pytest.mark.parametrize(
    ("language", "width", "is_asked"), [("en", "42", False), ("ru", "39", False), ("ja", "21", True)]
)
def test_fields_show_what_the_preset_has_for_the_language_of_the_text(
    browser: Client, owner: User, language: str, width: str, is_asked: bool
) -> None:
    made = make_transcript(owner, [SLOW], language=language)

    page = browser.get(reverse("panel", args=[made.recording_id, "exports"])).content.decode()

    field = re.search(r'name="line_characters"[^>]*placeholder="(\d+)"', page)
    assert field and field[1] == width
    assert ('name="full_width"' in page) == is_asked


def test_what_is_asked_of_the_report_is_not_remembered(browser: Client, transcript: Transcript) -> None:
    html(browser, transcript, preset="bbc", lines="1")

    assert not ExportPreference.objects.exists()


def test_what_is_remembered_is_judged_like_in_the_download(browser: Client, owner: User) -> None:
    made = quick(owner, 2)
    browser.post(reverse("export_options"), {"characters_per_second": "90"})

    assert "all within" in summary(html(browser, made))


# By a link ------------------------------------------------------------------------------------------------------------


def test_a_visitor_sees_the_report_of_the_standard_and_keeps_nothing(
    client: Client, browser: Client, owner: User
) -> None:
    made = quick(owner, 2)
    browser.post(reverse("export_options"), {"characters_per_second": "90"})
    edit(made, owner, [SetText(segment=made.segments.order_by("pk")[0].pk, revision=0, text="Fine.")])
    share = share_links.create(made.recording, expires_at=None, password="", has_audio=False)
    address = reverse("shared_subtitles", args=[share_links.token_of(share)])

    page = client.get(address, {"lines": "1"}).content.decode()
    original = client.get(address, {"lines": "1", "original": "true"}).content.decode()

    assert "not within" in summary(page)
    assert original == page and "0000" not in original
    assert client.get(address, {"lines": "x"}).json()["fields"] == {"lines": "A whole number from 1 to 4."}
    assert ExportPreference.objects.count() == 1
    shared = client.get(reverse("shared", args=[share_links.token_of(share)])).content.decode()
    assert f'data-url="{address}"' in shared


# On a terminal --------------------------------------------------------------------------------------------------------


def test_a_report_can_be_told_in_one_line() -> None:
    empty = SubtitleReport(1, {}, ())
    some = SubtitleReport(9, {FindingKind.TOO_FAST: 2, FindingKind.OVERLAP: 1}, (mock.sentinel.place,) * 3)

    assert subtitle_report.in_one_line(empty) == "1 subtitle · all within the limits"
    assert subtitle_report.in_one_line(some) == "9 subtitles · 3 not within the limits: Too fast 2, Overlapping 1"
