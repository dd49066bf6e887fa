"""Another run beside the text there is; versions compared, restored whole or place by place, and nothing lost."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs import queue
from jobs.models import Job, Recording, Segment, Transcript
from jobs.services import change_log, comparison, editing, lifecycle, versions, work
from jobs.services.change_log import EditConflict
from jobs.services.edit_operations import (
    AnyOperation,
    Confirm,
    Delete,
    Insert,
    Join,
    MergeSpeakers,
    RenameSpeaker,
    SetSpeaker,
    SetText,
    Split,
)
from jobs.state import JobStatus
from jobs.views.editing import ChangesBody
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from media_pipeline.recipe import Binding, Files
from media_pipeline.run import Run
from media_pipeline.transcript import Segment as SpokenSegment
from media_pipeline.transcript import Transcript as SpokenTranscript
from media_pipeline.transcript import Word
from tests.jobs.recipes import make_job, make_recording, recipe_of
from tests.jobs.transcripts import make_transcript, texts_of, voices_of

pytestmark = pytest.mark.django_db

HEARD = ["We met in may.", "Who was there?", "The may team.", "And then?"]
SAID = ("who was there", "Who was there?")
HEARD_ANEW = ["we met in May", "who was where", "the may team", "and then what"]
ANEW = TranscribeOptions(engine="pocketsphinx", model="other", speakers=SpeakerOptions())


def heard(texts: list[str], voices: str) -> Binding:
    """A step that hears these sentences, four seconds each, from the speakers of these numbers."""

    def assemble(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        segments = []
        for index, (text, voice) in enumerate(zip(texts, voices, strict=True)):
            at = 5.0 * index
            words = [Word(word, at + place, at + place + 0.9) for place, word in enumerate(text.split())]
            segments.append(SpokenSegment(at, at + 4.0, text, tuple(words), f"SPEAKER_0{voice}"))
        files.dump("transcript.json", SpokenTranscript("en", tuple(segments), 20.0, options.engine, options.model))

    return assemble


def finish(job: Job) -> Job:
    with queue.silenced():
        work.run_here(job.pk, worker="test")
    return Job.objects.get(pk=job.pk)


@pytest.fixture
def first(owner: User) -> Job:
    """A finished job with media: four sentences of two speakers."""
    recording = make_recording(owner, media_key="recordings/x/media", duration=20.0)
    with recipe_of(assemble=heard(HEARD, "0110")):
        return finish(make_job(owner, recording=recording))


def run_again(job: Job, texts: list[str] = HEARD_ANEW, voices: str = "1001") -> Job:
    """The same recording, heard by another model."""
    with recipe_of(assemble=heard(texts, voices)):
        made = versions.transcribe_again(job.recording, ANEW)
        assert made is not None
        return finish(made)


def do(transcript: Transcript, owner: User, *operations: AnyOperation) -> None:
    editing.edit(transcript, owner, operations)
    transcript.refresh_from_db()


def nth(transcript: Transcript, index: int) -> dict[str, int]:
    segment = list(transcript.segments.all())[index]
    return {"segment": segment.pk, "revision": segment.revision}


def state(transcript: Transcript) -> list[Any]:
    """All that a transcript says, whatever ids its rows have."""
    speakers = {speaker.pk: (speaker.label, speaker.name) for speaker in transcript.speakers.all()}
    rows = [change_log.content(segment) for segment in transcript.segments.all()]
    return [
        sorted(speakers.values()),
        [row | {"speaker": speakers.get(row["speaker"])} for row in rows],
    ]


def correct(job: Job, owner: User) -> None:
    """A sentence corrected, another confirmed in part, both speakers given names."""
    transcript = job.transcript
    one, other = transcript.speakers.all()
    do(transcript, owner, SetText(**nth(transcript, 1), text="Who was not there?"))
    do(transcript, owner, RenameSpeaker(speaker=one.pk, was="", name="Ann"))
    do(transcript, owner, RenameSpeaker(speaker=other.pk, was="", name="Bea"))


# Another run ----------------------------------------------------------------------------------------------------------


def test_another_run_keeps_corrected_sentences_and_the_names_of_speakers(first: Job, owner: User) -> None:
    correct(first, owner)

    again = run_again(first)

    assert texts_of(again.transcript) == ["we met in May", "Who was not there?", "the may team", "and then what"]
    assert voices_of(again.transcript) == ["Ann", "Bea", "Bea", "Ann"]
    assert [segment.is_edited for segment in again.transcript.segments.all()] == [False, True, False, False]
    assert texts_of(first.transcript) == [HEARD[0], "Who was not there?", *HEARD[2:]]
    assert versions.shown_version(first.recording) == again.transcript


def test_the_text_stays_to_be_read_while_another_run_is_at_work_and_when_it_fails(
    first: Job, owner: User, browser: Client
) -> None:
    address = reverse("recording", args=[first.recording_id])
    with recipe_of(assemble=heard(HEARD_ANEW, "1001")):
        made = versions.transcribe_again(first.recording, ANEW)
        assert made is not None
        working = browser.get(address).content.decode()
        Job.objects.filter(pk=made.pk).update(status=JobStatus.FAILED, error_message="It broke.")
    failed = browser.get(address).content.decode()

    assert HEARD[1] in working and f'data-snapshot-url="{reverse("job_snapshot", args=[made.pk])}"' in working
    assert HEARD[1] in failed and "The second transcription stopped" in failed and "It broke." in failed
    assert reverse("job_retry", args=[made.pk]) in failed
    assert reverse("find_speakers", args=[first.pk]) in failed


def test_a_run_that_gave_nothing_can_be_set_aside(first: Job, browser: Client) -> None:
    with recipe_of():
        made = versions.transcribe_again(first.recording, ANEW)
    assert made is not None
    Job.objects.filter(pk=made.pk).update(status=JobStatus.FAILED)

    browser.post(reverse("job_discard", args=[made.pk]))
    browser.post(reverse("job_discard", args=[first.pk]))

    assert list(Job.objects.all()) == [first]
    assert "stopped" not in browser.get(reverse("recording", args=[first.recording_id])).content.decode()


def test_the_only_run_cannot_be_set_aside(owner: User, browser: Client) -> None:
    job = make_job(owner)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)

    browser.post(reverse("job_discard", args=[job.pk]))

    assert Job.objects.filter(pk=job.pk).exists()


def test_only_one_run_at_a_time_and_only_with_media(first: Job) -> None:
    with recipe_of():
        assert versions.transcribe_again(first.recording, ANEW) is not None
        assert versions.transcribe_again(first.recording, ANEW) is None
    Job.objects.exclude(pk=first.pk).delete()
    Recording.objects.update(media_key="")
    assert versions.transcribe_again(first.recording, ANEW) is None


def test_a_replaced_version_cannot_be_changed_any_more(first: Job, owner: User) -> None:
    before = first.transcript
    run_again(first)

    with pytest.raises(EditConflict, match="replaced"):
        do(before, owner, SetText(**nth(before, 0), text="Too late."))
    with pytest.raises(EditConflict, match="replaced"):
        versions.restore_version(before, owner, version=before.pk, revision=0)


def test_the_form_begins_with_what_was_chosen_before_and_starts_a_run(first: Job, browser: Client) -> None:
    address = reverse("transcribe_again", args=[first.recording_id])

    page, part = browser.get(address), browser.get(address, headers={"X-Partial": "1"})
    with recipe_of():
        answer = browser.post(address, {"engine": "pocketsphinx", "language": "en", "speakers": "exact"})
        good = {"engine": "pocketsphinx", "language": "en", "speakers": "exact", "speaker_count": "3"}
        started = browser.post(address, good)

    assert b"<html" in page.content and b"<html" not in part.content
    assert answer.status_code == 422 and b"Say how many speakers there are" in answer.content
    assert started.status_code == 302
    job = first.recording.jobs.order_by("-created_at")[0]
    assert (job.options["speakers"]["exact"], job.status) == (3, JobStatus.QUEUED)


def test_a_recording_whose_only_run_failed_can_be_transcribed_with_other_options(owner: User, browser: Client) -> None:
    job = make_job(owner, recording=make_recording(owner, media_key="recordings/x/media"))
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    address = reverse("transcribe_again", args=[job.recording_id])

    assert address in browser.get(reverse("recording", args=[job.recording_id])).content.decode()
    assert "You can go on reading" not in browser.get(address).content.decode()
    with recipe_of():
        browser.post(address, {"engine": "pocketsphinx", "language": "en", "speakers": "none"})
        finish(job.recording.jobs.order_by("-created_at")[0])
    assert "Part 1." in browser.get(reverse("recording", args=[job.recording_id])).content.decode()


def test_looking_for_speakers_again_after_another_run_makes_the_shown_version(first: Job) -> None:
    again = run_again(first)
    with recipe_of(assemble=heard(HEARD_ANEW, "0000")):
        assert lifecycle.find_speakers(again, SpeakerOptions(exact=1))
        finish(again)

    assert voices_of(versions.shown_version(first.recording) or first.transcript) == ["Speaker 1"] * 4


def test_a_version_in_another_language_is_shown_instead_and_back_again(
    first: Job, owner: User, browser: Client
) -> None:
    again = run_again(first)
    Transcript.objects.filter(pk=again.transcript.pk).update(language="de")
    address = reverse("recording", args=[first.recording_id])
    offered = panel(browser, first)

    browser.post(reverse("show_version", args=[first.transcript.pk]))
    english = browser.get(address).content.decode()
    do(first.transcript, owner, SetText(**nth(first.transcript, 0), text="It can be corrected."))
    browser.post(reverse("show_version", args=[again.transcript.pk]))

    assert reverse("show_version", args=[first.transcript.pk]) in offered and "data-restore-version" not in offered
    assert HEARD[0] in english and HEARD_ANEW[0] not in english
    assert HEARD_ANEW[0] in browser.get(address).content.decode()
    with pytest.raises(EditConflict, match="replaced"):
        do(first.transcript, owner, SetText(**nth(first.transcript, 0), text="Not now."))


def test_the_library_shows_a_text_as_done_though_another_run_failed(first: Job) -> None:
    with recipe_of():
        made = versions.transcribe_again(first.recording, ANEW)
    assert made is not None
    assert first.recording.latest_job == made

    Job.objects.filter(pk=made.pk).update(status=JobStatus.FAILED)

    assert Recording.objects.get().latest_job == first


# Versions side by side ------------------------------------------------------------------------------------------------


def test_a_comparison_tells_words_spelling_speakers_and_names(owner: User) -> None:
    old = make_transcript(owner, ["we met in may", "who was there", "in the end"], speakers="011")
    new = make_transcript(owner, ["We met in June.", "Who was there?", "In the end."], speakers="100", duration=30.0)
    old.recording = new.recording
    old.save()
    new.speakers.filter(label="SPEAKER_00").update(name="Bea")
    Segment.objects.filter(pk=new.segments.all()[2].pk).update(speaker=new.speakers.get(label="SPEAKER_01"))

    found = comparison.compare(new, old)

    assert (found.words, found.said, found.names) == (1, 3, [("Speaker 2", "Bea")])
    assert [[(run.kind, run.before, run.after) for run in each.runs] for each in found.differences] == [
        [("same", "we met in", "We met in"), ("replaced", "may", "June."), ("same", *SAID)],
        [("same", *SAID), ("speaker", "in the end", "In the end.")],
    ]
    assert (found.spelled, comparison.compare(new, old, is_exact=True).words) == (5, 6)


def test_places_come_in_pages(owner: User, monkeypatch: pytest.MonkeyPatch, browser: Client) -> None:
    monkeypatch.setattr(comparison, "AT_ONCE", 2)
    rows = [f"a{n} b{n} c{n} d{n} e{n} f{n} g{n} h{n} i{n} j{n} k{n} l{n} m{n}" for n in range(5)]
    old = make_transcript(owner, rows)
    new = make_transcript(owner, [row.replace("g", "x") for row in rows])
    Transcript.objects.filter(pk=old.pk).update(recording=new.recording)
    address = reverse("compare_versions", args=[new.pk, old.pk])

    pages = [browser.get(address, {"skip": skip}).content.decode() for skip in (0, 2, 4)]

    assert [page.count('class="place"') for page in pages] == [2, 2, 1]
    assert [">5 words differ<" in page for page in pages] == [True, False, False]
    assert ["data-more-places" in page for page in pages] == [True, True, False]


def test_only_versions_of_the_same_recording_are_compared(first: Job, owner: User, browser: Client) -> None:
    other = make_transcript(owner, ["Elsewhere."])

    for pair in ([first.transcript.pk, other.pk], [first.transcript.pk, first.transcript.pk]):
        assert browser.get(reverse("compare_versions", args=pair)).status_code == 404


def take_all_over(shown: Transcript, other: Transcript, owner: User) -> None:
    """Press "Take over" at each place, one after the other."""
    for _time in range(60):
        found = comparison.compare(shown, other, is_exact=True)
        left = [each for each in found.differences if each.operations]
        if not left:
            return
        body = f'{{"operations": {left[0].operations_json}}}'
        do(shown, owner, *msgspec.json.decode(body, type=ChangesBody).operations)
    raise AssertionError("places do not end")


def test_a_place_is_taken_over_as_one_change_that_can_be_undone(first: Job, owner: User) -> None:
    again = run_again(first)
    before = state(again.transcript)
    found = comparison.compare(again.transcript, first.transcript)

    (place,) = [each for each in found.differences if "there" in str(each.operations)]
    do(again.transcript, owner, *msgspec.convert(place.operations, list[AnyOperation]))

    assert texts_of(again.transcript)[1] == "who was there?"
    change_log.undo(again.transcript, owner)
    assert state(again.transcript) == before


@pytest.mark.parametrize("seed", range(8))
def test_taking_every_place_over_gives_the_words_and_speakers_of_the_other_version(owner: User, seed: int) -> None:
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(["one", "two", "three", "four", "five", "six", "seven"], k=6)) for _ in range(12)]
    voices = "".join(rng.choices("01", k=12))
    old = make_transcript(owner, texts, speakers=voices, duration=200.0)
    changed = [_changed(text, rng) for text in texts]
    new = make_transcript(owner, changed, speakers=voices[:6] + "".join(rng.choices("01", k=6)), duration=200.0)
    Transcript.objects.filter(pk=old.pk).update(recording=new.recording, created_at=timezone.now().replace(year=2020))
    old.refresh_from_db()

    take_all_over(new, old, owner)

    assert " ".join(texts_of(new)) == " ".join(texts_of(old))


def _changed(text: str, rng: random.Random) -> str:
    words = text.split()
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(words))
        words[at : at + rng.randrange(2)] = rng.choices(["eight", "nine", "ten"], k=rng.randrange(3))
        words = words or ["ten"]
    return " ".join(words)


def test_a_sentence_missing_in_the_shown_version_is_put_back_with_its_speaker_and_time(owner: User) -> None:
    rows = ["a b c", "d e f", "g h i"]
    old = make_transcript(owner, rows, speakers="010", duration=30.0)
    new = make_transcript(owner, rows, speakers="010", duration=30.0)
    Transcript.objects.filter(pk=old.pk).update(recording=new.recording, created_at=timezone.now().replace(year=2020))
    old.refresh_from_db()
    do(new, owner, Delete(**nth(new, 1)))

    take_all_over(new, old, owner)

    assert texts_of(new) == rows
    assert [(row.start, row.end) for row in new.segments.all()] == [(row.start, row.end) for row in old.segments.all()]


# Nothing is lost ------------------------------------------------------------------------------------------------------


def test_restoring_a_version_and_undoing_it_give_every_text_back_exactly(first: Job, owner: User) -> None:
    correct(first, owner)
    before = first.transcript
    again = run_again(first)
    do(again.transcript, owner, SetSpeaker(**nth(again.transcript, 0), name="Zoë"))
    old, new = state(before), state(again.transcript)

    versions.restore_version(again.transcript, owner, version=before.pk, revision=1)
    assert state(again.transcript) == old == state(before)

    change_log.undo(again.transcript, owner)
    assert state(again.transcript) == new
    change_log.redo(again.transcript, owner)
    assert state(again.transcript) == old

    again.transcript.refresh_from_db()
    change_log.restore(again.transcript, owner, number=0, revision=again.transcript.revision)
    assert texts_of(again.transcript)[0] == HEARD_ANEW[0]
    assert versions.versions_of(again.transcript).count() == 2


def test_a_speaker_comes_back_whose_label_another_one_has_by_now(first: Job, owner: User) -> None:
    transcript = run_again(first).transcript
    before = state(transcript)
    one, into = transcript.speakers.all()
    do(transcript, owner, MergeSpeakers(speaker=one.pk, into=into.pk))
    versions.restore_version(transcript, owner, version=first.transcript.pk, revision=1)

    change_log.restore(transcript, owner, number=0, revision=2)

    assert state(transcript) == before


@pytest.mark.parametrize("seed", range(6))
def test_every_point_of_the_history_can_be_brought_back_exactly(first: Job, owner: User, seed: int) -> None:
    rng = random.Random(seed)
    transcript = run_again(first).transcript
    states = [state(transcript)]
    while len(states) < 16:
        number = transcript.revision
        rng.choice(STEPS)(transcript, owner, rng, first.transcript.pk)
        transcript.refresh_from_db()
        states += [state(transcript)] * (transcript.revision - number)

    for number in rng.sample(range(len(states)), 6):
        change_log.restore(transcript, owner, number=number, revision=transcript.revision)
        assert state(transcript) == states[number]
        if transcript.revision < Transcript.objects.get(pk=transcript.pk).revision:
            change_log.undo(transcript, owner)
            assert state(transcript) == states[-1]
        transcript.refresh_from_db()


Step = Callable[[Transcript, User, random.Random, int], None]


def _any(transcript: Transcript, rng: random.Random) -> dict[str, int]:
    return nth(transcript, rng.randrange(transcript.segments.count()))


def _text(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    do(transcript, owner, SetText(**_any(transcript, rng), text=f"Said {rng.random():.3f} again."))


def _split(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    index, segment = next((at, each) for at, each in enumerate(transcript.segments.all()) if " " in each.text)
    do(transcript, owner, Split(**nth(transcript, index), offset=segment.text.index(" ") + 1))


def _join(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    if transcript.segments.count() > 2:
        behind = nth(transcript, 1)
        following = {"following": behind["segment"], "following_revision": behind["revision"]}
        do(transcript, owner, Join(**nth(transcript, 0), **following))


def _insert(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    do(transcript, owner, Insert(start=9.5, end=9.9, text=f"New {rng.random()}"))


def _delete(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    if transcript.segments.count() > 2:
        do(transcript, owner, Delete(**_any(transcript, rng)))


def _speaker(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    do(transcript, owner, SetSpeaker(**_any(transcript, rng), name=rng.choice(["Zoë", "Yan", "Xia"])))


def _merge(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    speakers = list(transcript.speakers.all())
    if len(speakers) > 1:
        one, into = rng.sample(speakers, 2)
        do(transcript, owner, MergeSpeakers(speaker=one.pk, into=into.pk))


def _confirm(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    do(transcript, owner, Confirm(**_any(transcript, rng), word=0))


def _undo(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    if change_log.next_undo(transcript, owner):
        change_log.undo(transcript, owner)


def _version(transcript: Transcript, owner: User, rng: random.Random, other: int) -> None:
    versions.restore_version(transcript, owner, version=other, revision=transcript.revision)


STEPS: list[Step] = [_text, _split, _join, _insert, _delete, _speaker, _merge, _confirm, _undo, _version]


# The tab --------------------------------------------------------------------------------------------------------------


def panel(browser: Client, job: Job, **asked: Any) -> str:
    return browser.get(reverse("panel", args=[job.recording_id, "history"]), asked).content.decode()


def test_an_untouched_text_has_an_empty_history(first: Job, browser: Client) -> None:
    html = panel(browser, first)

    assert "Nothing was changed yet." in html
    assert html.count('class="version ') == 1 and "data-compare=" not in html
    assert reverse("transcribe_again", args=[first.recording_id]) in html


def test_a_change_is_told_with_who_where_and_which_words(first: Job, owner: User, browser: Client) -> None:
    correct(first, owner)
    change_log.undo(first.transcript, owner)

    html = panel(browser, first)

    assert html.count("data-change=") == 4
    assert "Today" in html and html.count(">You,") == 4
    assert '<ins><span class="visually-hidden">after: </span>not</ins>' in html
    assert 'href="#t=5.00" data-seek-link' in html
    assert "<del>Speaker 1</del>" in html and "<ins>Ann</ins>" in html
    assert html.count("change-undone") == 1
    assert html.count("Restore to here") == 3 and html.count("As it stands now") == 1
    assert "All 4 changes are taken back" in html


def test_a_cut_and_a_deletion_are_told_as_such(first: Job, owner: User, browser: Client) -> None:
    transcript = first.transcript
    do(transcript, owner, Split(**nth(transcript, 0), offset=7))
    do(transcript, owner, Delete(**nth(transcript, 2)))

    html = panel(browser, first)

    assert "<span>We met</span>" in html and "after: </span>¶</ins>" in html
    assert "before: </span>Who was there?</del>" in html


def test_the_history_of_one_sentence_leads_back_to_each_of_its_wordings(
    first: Job, owner: User, browser: Client
) -> None:
    transcript = first.transcript
    for text in ("One.", "Two.", "Three."):
        do(transcript, owner, SetText(**nth(transcript, 1), text=text))
    do(transcript, owner, SetText(**nth(transcript, 0), text="Else."))
    segment = nth(transcript, 1)["segment"]

    html = browser.get(reverse("history_changes", args=[transcript.pk]), {"segment": segment}).content.decode()

    assert html.count("data-change=") == 3 and "Else." not in html
    assert [f'data-restore="{number}"' in html for number in range(5)] == [True, True, True, False, False]
    change_log.restore(transcript, owner, number=1, revision=transcript.revision, segment=segment)
    assert texts_of(transcript)[:2] == ["Else.", "One."]


def test_older_changes_come_in_pages(first: Job, owner: User, browser: Client) -> None:
    transcript = first.transcript
    for number in range(change_log.HISTORY_PAGE + 3):
        do(transcript, owner, SetText(**nth(transcript, 0), text=f"Number {number}."))

    html = panel(browser, first)
    more = browser.get(reverse("history_changes", args=[transcript.pk]), {"below": 4}).content.decode()

    assert (html.count("data-change="), more.count("data-change=")) == (50, 3)
    assert "below=4" in html and "Restore to the beginning" not in html
    assert "Restore to the beginning" in more and "As it stands now" not in more


def test_a_version_can_be_compared_by_its_address_alone(first: Job, browser: Client) -> None:
    run_again(first)

    html = panel(browser, first, compare=first.transcript.pk)

    assert "Version 1 and the one shown" in html and "data-take-over=" in html
    assert "data-take-over=" not in panel(browser, first, compare="nonsense")


def test_the_history_takes_few_queries_however_much_was_changed(
    first: Job, owner: User, browser: Client, django_assert_max_num_queries: Any
) -> None:
    correct(first, owner)
    run_again(first)
    again = versions.shown_version(first.recording)
    assert again is not None
    for number in range(12):
        do(again, owner, SetText(**nth(again, number % 4), text=f"Number {number}."))

    with django_assert_max_num_queries(16):
        panel(browser, first)
    with django_assert_max_num_queries(10):
        browser.get(reverse("recording", args=[first.recording_id]))
