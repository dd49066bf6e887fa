"""Who speaks, as the pages show it and let people change it."""

import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from jobs.models import Job, Recording, Segment, Speaker, Transcript
from jobs.models.transcript import places_of
from jobs.services import editing, speaker_names, voice_samples
from jobs.services.edit_operations import MergeSpeakers
from jobs.services.statistics import STRIPS, Voice
from jobs.services.voice_samples import Sample
from jobs.views.speakers import STRIP_HEIGHT, strip_path
from media_pipeline import ffmpeg
from tests.conftest import body
from tests.jobs.transcripts import make_transcript

pytestmark = pytest.mark.django_db
Budget = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def transcript(owner: User) -> Transcript:
    made = make_transcript(owner, ["One two three.", "Four.", "Five six.", "Seven eight nine."], speakers="0102")
    Recording.objects.update(duration=20.0, media_key="recordings/x/media")
    return made


def get(browser: Client, name: str, transcript: Transcript, **query: object) -> str:
    response = browser.get(reverse(name, args=[transcript.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def panel(browser: Client, transcript: Transcript) -> str:
    response = browser.get(reverse("panel", args=[transcript.recording_id, "speakers"]))
    assert response.status_code == 200
    return response.content.decode()


# Numbers --------------------------------------------------------------------------------------------------------------


def test_numbers_and_colors_stay_when_speakers_are_merged(browser: Client, transcript: Transcript, owner: User) -> None:
    first, second, _third = transcript.speakers.all()
    editing.edit(transcript, owner, [MergeSpeakers(speaker=first.pk, into=second.pk)])

    html = get(browser, "voices", transcript)

    assert re.findall(r'data-voice="(\d)"', html) == ["1", "2"]
    assert "speaker-1" in html and "speaker-2" in html and "speaker-0" not in html
    assert 'data-turn="1"' in get(browser, "segments", transcript, stretch=0)


def test_speakers_without_a_number_in_their_label_come_behind_the_others() -> None:
    labels = ["SPEAKER_01", "A", "OTHER_01", "SPEAKER_00"]

    places = places_of(Speaker(pk=10 + index, label=label) for index, label in enumerate(labels))

    assert places == {10: 1, 13: 0, 11: 2, 12: 3}


# The list and the menu ------------------------------------------------------------------------------------------------


def test_the_list_shows_each_with_a_number_a_share_and_what_can_be_done(
    browser: Client, transcript: Transcript
) -> None:
    html = get(browser, "voices", transcript)

    assert html.count("data-merge=") == html.count("data-speaker-menu=") == html.count("data-sample=") == 3
    assert "56 %" in html and "11 %" in html and "33 %" in html


def test_no_sample_is_offered_where_the_media_is_gone(browser: Client, transcript: Transcript) -> None:
    Recording.objects.update(media_key="")
    speaker = transcript.speakers.all()[0]

    pages = get(browser, "voices", transcript), get(browser, "speaker_menu", transcript, speaker=speaker.pk)

    assert not any("data-sample" in html for html in (*pages, panel(browser, transcript)))


def test_the_menu_offers_what_makes_sense_where_it_was_opened(browser: Client, transcript: Transcript) -> None:
    first, second, third = transcript.speakers.all()

    everywhere = get(browser, "speaker_menu", transcript, speaker=first.pk)
    turn = get(browser, "speaker_menu", transcript, speaker=first.pk, **{"in": "turn"})
    sentence = get(browser, "speaker_menu", transcript, speaker=first.pk, **{"in": "sentence"})
    nobody = get(browser, "speaker_menu", transcript, **{"in": "turn"})

    def reaches(html: str) -> list[str]:
        return re.findall(r'name="reach" value="(\w+)"', html)

    assert reaches(everywhere) == ["everywhere"] and 'type="radio"' not in everywhere
    assert reaches(turn) == ["everywhere", "onward"]
    assert reaches(sentence) == ["everywhere", "onward", "this"]
    assert reaches(nobody) == ["onward"]
    assert re.findall(r'data-other="(\d*)"', turn) == [str(second.pk), str(third.pk), ""]
    assert re.findall(r'data-other="(\d*)"', everywhere) == [str(second.pk), str(third.pk)]
    assert len(re.findall(r'data-other="(\d*)"', nobody)) == 3


@pytest.mark.parametrize("speaker", ["", "0", "x", "99999999999999999999", "123456"])
def test_a_speaker_that_is_none_is_nobody(browser: Client, transcript: Transcript, speaker: str) -> None:
    assert "Unknown speaker" in get(browser, "speaker_menu", transcript, speaker=speaker)
    sample = browser.get(reverse("speaker_sample", args=[transcript.pk]), {"speaker": speaker})
    assert sample.status_code == 404


# Names given before ---------------------------------------------------------------------------------------------------


def name_speakers(owner: User, *names: str) -> Transcript:
    made = make_transcript(owner, ["Word."] * len(names), speakers="".join(map(str, range(len(names)))))
    for speaker, name in zip(made.speakers.all(), names, strict=True):
        Speaker.objects.filter(pk=speaker.pk).update(name=name)
    return made


def test_names_of_the_latest_recordings_come_first_each_once(owner: User, stranger: User) -> None:
    name_speakers(owner, "Ann", "Bob")
    name_speakers(owner, "ann", "Cleo")
    name_speakers(stranger, "Mallory")
    here = name_speakers(owner, "Bob", "")

    names = speaker_names.names_given(owner, besides=here.speakers.all())

    assert sorted(names[:2]) == ["Cleo", "ann"]
    assert names[2:] == []


def test_the_menu_suggests_them(browser: Client, transcript: Transcript, owner: User) -> None:
    name_speakers(owner, *(f"Person {index}" for index in range(9)))

    html = get(browser, "speaker_menu", transcript, speaker=transcript.speakers.all()[0].pk)

    assert html.count("<option ") == 9
    assert html.count("data-suggestion=") == 6


# The figures ----------------------------------------------------------------------------------------------------------


def test_the_tab_shows_the_figures(browser: Client, transcript: Transcript) -> None:
    html = panel(browser, transcript)

    assert 'aria-label="Shares of all speech: Speaker 1 56 %, Speaker 2 11 %, Speaker 3 33 %"' in html
    row = html.partition("<tbody>")[2].partition("</tr>")[0]
    cells = [re.sub(r"<[^>]+>|\s+", " ", cell).split() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
    assert cells[0][:2] == ["5.0", "s"] and cells[1:4] == [["5"], ["60"], ["2"]] and cells[5] == ["0"]
    assert 'href="#t=0.00" data-seek-link' in row
    assert html.count("<path d=") == 3


def test_words_that_nobody_known_says_have_a_row_of_their_own(browser: Client, transcript: Transcript) -> None:
    Segment.objects.filter(text="Four.").update(speaker=None)

    html = panel(browser, transcript)

    assert html.count("<tr") == 5
    assert html.count("Unknown speaker") >= 2


def test_the_tab_offers_another_search_for_speakers_only_when_nothing_is_at_work(
    browser: Client, transcript: Transcript
) -> None:
    assert "find-speakers" in panel(browser, transcript)

    Job.objects.update(status="running")
    assert "find-speakers" not in panel(browser, transcript)

    Job.objects.update(status="completed")
    Recording.objects.update(media_key="")
    assert "cannot be looked for again" in panel(browser, transcript)


def test_a_recording_without_words_has_no_figures(browser: Client, transcript: Transcript) -> None:
    Transcript.objects.all().delete()

    assert browser.get(reverse("panel", args=[transcript.recording_id, "speakers"])).status_code == 404


@pytest.mark.parametrize("sentences", [4, 400])
def test_the_tab_and_the_menu_cost_few_queries_however_much_was_said(
    browser: Client, owner: User, sentences: int, django_assert_max_num_queries: Budget
) -> None:
    made = make_transcript(owner, ["One two."] * sentences, speakers="01" * (sentences // 2), duration=5000.0)
    get(browser, "voices", made)  # what is asked once in the life of a process

    with django_assert_max_num_queries(9):
        panel(browser, made)
    with django_assert_max_num_queries(7):
        get(browser, "speaker_menu", made, speaker=made.speakers.all()[0].pk)
    with django_assert_max_num_queries(6):
        get(browser, "voices", made)


def test_a_transcript_without_speakers_has_figures_too(browser: Client, owner: User) -> None:
    html = panel(browser, make_transcript(owner, ["One two three."]))

    assert "Unknown speaker 100 %" in html


def test_the_tab_can_be_the_first_thing_to_see(browser: Client, transcript: Transcript) -> None:
    html = browser.get(reverse("recording", args=[transcript.recording_id]), {"tab": "speakers"}).content.decode()

    assert "figures-table" in html and "data-voice-list" in html


def test_the_line_of_a_speaker_is_as_high_as_their_share() -> None:
    voice = Voice(1)
    voice.strips[2:5] = [1.0, 1.0, 0.5]
    voice.strips[-1] = 0.001

    assert strip_path(voice) == f"M0 {STRIP_HEIGHT}H2V0H4V{STRIP_HEIGHT // 2}H5V{STRIP_HEIGHT}H{STRIPS}V{STRIP_HEIGHT}z"


# The sample -----------------------------------------------------------------------------------------------------------


def place(transcript: Transcript, rows: list[tuple[float, float, int, str]]) -> list[Speaker]:
    """(start, end, place of the speaker, mark or "") of each segment. Returns the speakers."""
    speakers = list(transcript.speakers.all())
    transcript.segments.all().delete()
    Segment.objects.bulk_create(
        Segment(
            transcript=transcript, start=start, end=end, text="x", speaker=speakers[index], marks=[mark] if mark else []
        )
        for start, end, index, mark in rows
    )
    return speakers


def test_the_sample_is_what_is_said_longest_with_nobody_else_heard(transcript: Transcript) -> None:
    first, second, third = place(
        transcript,
        [
            (0, 20, 0, "overlap"),
            (20, 23, 0, ""),
            (24, 28, 0, ""),
            (28, 30, 1, ""),
            (30, 34, 0, ""),
            (37, 41, 0, ""),
            (50, 80, 1, ""),
            (80, 84, 2, "overlap"),
        ],
    )

    assert voice_samples.find_sample(transcript, first) == Sample(20, 8)
    assert voice_samples.find_sample(transcript, second) == Sample(50, 10)
    assert voice_samples.find_sample(transcript, third) == Sample(80, 4)


def test_who_says_nothing_has_no_sample(browser: Client, transcript: Transcript) -> None:
    silent = Speaker.objects.create(transcript=transcript, label="SPEAKER_09")

    response = browser.get(reverse("speaker_sample", args=[transcript.pk]), {"speaker": silent.pk})

    assert (response.status_code, response.json()["error"]) == (404, "Nothing is said by this speaker.")


@pytest.fixture
def heard(transcript: Transcript, tmp_path: Path) -> Transcript:
    """A transcript with real media: half a minute of a tone."""
    path = tmp_path / "tone.wav"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=f=500:r=16000:d=30", path], check=True, capture_output=True
    )
    recording = transcript.recording
    recording.media_key = f"recordings/{recording.pk}/media"
    recording.media_info = msgspec.to_builtins(ffmpeg.probe(path))
    recording.save()
    default_storage.save(recording.media_key, ContentFile(path.read_bytes()))
    return transcript


def test_the_sample_is_cut_from_the_media_and_not_cut_twice_for_one_browser(
    browser: Client, heard: Transcript, tmp_path: Path
) -> None:
    address = reverse("speaker_sample", args=[heard.pk])
    speaker = heard.speakers.all()[0]

    response = browser.get(address, {"speaker": speaker.pk})
    again = browser.get(address, {"speaker": speaker.pk}, headers={"If-None-Match": response["ETag"]})

    assert (response.status_code, response["Content-Type"]) == (200, "audio/mpeg")
    (tmp_path / "sample.mp3").write_bytes(body(response))
    assert ffmpeg.probe(tmp_path / "sample.mp3").duration == pytest.approx(3.0, abs=0.1)
    assert again.status_code == 304
    assert "private" in response["Cache-Control"]


def test_media_that_is_gone_is_said_to_be(browser: Client, heard: Transcript) -> None:
    default_storage.delete(heard.recording.media_key)

    response = browser.get(reverse("speaker_sample", args=[heard.pk]), {"speaker": heard.speakers.all()[0].pk})

    assert (response.status_code, response.json()["error"]) == (
        404,
        "The audio of this recording is no longer here.",
    )


def test_media_that_cannot_be_decoded_is_said_to_be(browser: Client, heard: Transcript) -> None:
    place(heard, [(100, 110, 0, "")])  # behind the end

    response = browser.get(reverse("speaker_sample", args=[heard.pk]), {"speaker": heard.speakers.all()[0].pk})

    assert response.status_code == 404
    assert "cannot be decoded" in response.json()["error"]
