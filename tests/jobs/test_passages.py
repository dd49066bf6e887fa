"""A passage heard again: a job beside the recording's own, and a difference that people may take over."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs import events, pipeline_gateway, queue, storage
from jobs.models import Job, Recording, Segment, StepRun, Transcript
from jobs.services import conduct, lifecycle, passages, retention, work
from jobs.services.passages import PassageRefused
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import AudioFacts
from media_pipeline.options import TranscribeOptions
from media_pipeline.recipes import RECIPES
from media_pipeline.transcript import Seconds
from tests.jobs.transcripts import make_transcript, texts_of
from tests.media_pipeline.spoken import CHECKPOINT, CT2_CHECKPOINT
from tests.speech import Line, Speech, render

ENGINE = "pocketsphinx:en-us"
SENTENCES = (
    "The report is ready and the customer has it.",
    "Please send the contract to the manager before Friday.",
    "We will discuss the budget in the meeting.",
)


@pytest.fixture(scope="module")
def speech() -> Speech:
    return render([Line("slt", text, 1.0) for text in SENTENCES])


@pytest.fixture
def transcript(owner: User, speech: Speech) -> Transcript:
    """What is said in `speech`, with one word that is wrong, and with the media there."""
    made = make_transcript(owner, list(SENTENCES), speakers="010", duration=speech.duration)
    rows = list(made.segments.all())
    for row, said in zip(rows, speech.utterances, strict=True):
        text = said.text.replace("manager", "banker")
        words = [[word.text.replace("manager", "banker"), word.start, word.end, 0.5] for word in said.words]
        Segment.objects.filter(pk=row.pk).update(start=said.start, end=said.end, text=text, words=words)
    key = f"recordings/{uuid4()}/media"
    default_storage.save(key, ContentFile(speech.path.read_bytes()))
    Recording.objects.filter(pk=made.recording_id).update(media_key=key)
    made.recording.refresh_from_db()
    return made


def options() -> TranscribeOptions:
    return pipeline_gateway.transcribe_options(engine="pocketsphinx", language="en")


def second_sentence(speech: Speech) -> dict[str, Seconds]:
    return {"start": speech.utterances[1].start, "end": speech.utterances[1].end}


def begun(transcript: Transcript, start: Seconds = 0.0, end: Seconds = 5.0) -> Job:
    return passages.listen_again(transcript, options(), start=start, end=end)


def finished(job: Job) -> Job:
    with queue.silenced():
        work.run_here(job.pk, worker="test")
    return Job.objects.get(pk=job.pk)


def start(browser: Client, transcript: Transcript, **values: Any) -> HttpResponse:
    asked = {"engine": ENGINE, "language": "en", "vocabulary": "", "start": 0, "end": 5} | values
    return browser.post(reverse("passage_start", args=[transcript.pk]), asked)  # type: ignore[return-value]


def difference_of(browser: Client, job_id: UUID | str, transcript: Transcript) -> HttpResponse:
    address = reverse("passage_difference", args=[job_id])
    return browser.get(address, {"transcript": transcript.pk})  # type: ignore[return-value]


def test_a_passage_is_heard_again_and_one_word_of_it_taken_over(
    browser: Client, transcript: Transcript, speech: Speech
) -> None:
    told = json.loads(start(browser, transcript, **second_sentence(speech)).content)
    job = finished(Job.objects.get(pk=told["snapshot"]["id"]))
    assert job.status == "completed", job.error_message
    found = passages.difference(job, transcript)
    assert found is not None

    [sentence] = found.sentences
    choices = {piece.choice.yours: piece for piece in sentence.pieces if piece.choice}
    assert choices["banker"].choice is not None and choices["banker"].choice.other == "manager"
    page = difference_of(browser, job.pk, transcript)
    assert page.status_code == 200
    assert "Accept “manager” instead of “banker”" in page.content.decode()

    operation = {"kind": "text", "segment": sentence.segment.pk, "revision": 0, "text": choices["banker"].taken}
    address = reverse("transcript_changes", args=[transcript.pk])
    browser.post(address, json.dumps({"operations": [operation]}), content_type="application/json")

    assert texts_of(transcript)[1] == SENTENCES[1]
    again = passages.difference(job, transcript)
    assert again is not None and again.count == found.count - 1


def test_everything_outside_the_passage_stays_out_of_the_difference(transcript: Transcript, speech: Speech) -> None:
    job = finished(begun(transcript, **second_sentence(speech)))

    found = passages.difference(job, transcript)

    assert found is not None
    assert [sentence.segment.text for sentence in found.sentences] == [texts_of(transcript)[1]]
    assert found.heard <= len(speech.utterances[1].words) + 2
    assert all("report" not in piece.taken for sentence in found.sentences for piece in sentence.pieces)


def test_the_text_and_the_page_of_the_recording_do_not_change(
    browser: Client, transcript: Transcript, speech: Speech
) -> None:
    page = reverse("recording", args=[transcript.recording_id])
    before, texts = browser.get(page).context["job"], texts_of(transcript)

    job = begun(transcript)
    assert browser.get(page).context["job"] == before
    assert browser.get(reverse("library")).context["page_obj"][0].latest_job == before
    finished(job)

    assert browser.get(page).context["job"] == before
    assert "data-live" not in browser.get(page).content.decode()
    assert texts_of(transcript) == texts
    assert Transcript.objects.filter(recording=transcript.recording_id).count() == 1
    assert Recording.objects.get(pk=transcript.recording_id).duration == speech.duration


def test_only_what_can_run_here_is_offered(browser: Client, transcript: Transcript) -> None:
    page = browser.get(reverse("passage_form", args=[transcript.pk])).content.decode()

    assert f'value="{ENGINE}"' in page and 'value="whisper:' not in page
    assert "download_models" in page  # how to get more


def test_models_that_could_be_fetched_are_named_with_the_command(
    browser: Client, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_gateway, "default_model", lambda name: CT2_CHECKPOINT if "faster" in name else "en-us")

    page = browser.get(reverse("passage_form", args=[transcript.pk])).content.decode()

    assert "run “manage.py download_models MODEL --engine faster_whisper” once" in page
    assert "large-v3" in page


@pytest.mark.parametrize(("engine", "path"), [("whisper", CHECKPOINT), ("faster_whisper", CT2_CHECKPOINT)])
def test_a_checkpoint_of_ones_own_is_offered_without_its_path(
    engine: str, path: str, browser: Client, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_gateway, "default_model", lambda name: path if name == engine else "en-us")

    page = browser.get(reverse("passage_form", args=[transcript.pk])).content.decode()

    assert f'value="{engine}:"' in page and "tiny-test" in page
    assert "/checkpoints/" not in page.partition("passage-missing")[0]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"end": 700}, "at most 10 minutes"),
        ({"start": 3, "end": 3}, "must end after it begins"),
        ({"start": 4, "end": 3}, "must end after it begins"),
        ({"start": 500, "end": 503}, "ends before this passage begins"),
        ({"engine": "whisper:tiny"}, "not one of the available choices"),
        ({"engine": "nonsense"}, "not one of the available choices"),
        ({"language": "ru"}, "does not know this language"),
        ({"start": "nan"}, "Enter a number"),
        ({"start": -1}, "greater than or equal to 0"),
        ({"start": ""}, "required"),
    ],
)
def test_what_cannot_be_heard_is_refused_with_a_sentence(
    values: dict[str, Any], sentence: str, browser: Client, transcript: Transcript
) -> None:
    answer = start(browser, transcript, **values)

    assert answer.status_code == 422
    assert sentence in json.loads(answer.content)["error"]
    assert Job.objects.of_text().count() == Job.objects.count() == 1


def test_without_the_media_nothing_can_be_heard_again(transcript: Transcript) -> None:
    lifecycle.delete_media(transcript.recording)
    transcript.recording.refresh_from_db()

    with pytest.raises(PassageRefused, match="was deleted"):
        begun(transcript)


def test_only_a_few_passages_are_heard_at_once(transcript: Transcript) -> None:
    jobs = [begun(transcript) for _ in range(passages.AT_ONCE)]

    with pytest.raises(PassageRefused, match="Wait for one to end"):
        begun(transcript)

    lifecycle.cancel(jobs[0])
    assert begun(transcript)


def test_the_media_stays_while_a_passage_is_being_heard(transcript: Transcript) -> None:
    begun(transcript)

    assert lifecycle.delete_media(transcript.recording) == 0


def test_cancelling_leaves_no_difference(browser: Client, transcript: Transcript) -> None:
    job = begun(transcript)

    answer = browser.post(reverse("job_cancel", args=[job.pk]), HTTP_ACCEPT="application/json")

    assert json.loads(answer.content)["ok"]
    assert Job.objects.get(pk=job.pk).status == "cancelled"
    assert difference_of(browser, job.pk, transcript).status_code == 404


def test_a_failure_is_told_in_a_sentence_and_can_be_tried_again(
    transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise EngineUnavailable("engine_unavailable", "The model is gone. Choose another.")

    job = begun(transcript)
    with monkeypatch.context() as patch:
        patch.setattr("media_pipeline.engines.pool.get", refuse)
        job = finished(job)
    assert (job.status, events.snapshot(job).error) == ("failed", "The model is gone. Choose another.")

    assert lifecycle.retry(job)
    assert finished(job).status == "completed"


def test_actions_for_whole_recordings_do_nothing_to_a_passage(browser: Client, transcript: Transcript) -> None:
    job = finished(begun(transcript))

    for address in (reverse("find_speakers", args=[job.pk]), reverse("step_rerun", args=[job.pk, "diarize"])):
        browser.post(address, {"speakers": "auto"})
    assert browser.get(reverse("export", args=[job.pk, "txt"])).status_code == 404

    assert Job.objects.get(pk=job.pk).status == "completed"


def test_the_snapshot_tells_of_its_own_steps(transcript: Transcript) -> None:
    job = finished(begun(transcript))

    snapshot = events.snapshot(job)

    assert [step.title for step in snapshot.steps] == ["Cutting out the passage", "Finding speech", "Listening again"]
    assert (snapshot.status, snapshot.percent) == ("completed", 100.0)


def test_a_step_may_take_as_long_as_the_passage_allows_not_the_recording(transcript: Transcript) -> None:
    Recording.objects.filter(pk=transcript.recording_id).update(duration=36_000.0)
    transcript.recording.refresh_from_db()
    job = begun(transcript, start=1000.0, end=1010.0)

    limits = {step.name: conduct.time_limit(step) for step in job.steps.all()}

    assert all(300 < limit <= 320 for limit in limits.values()), limits


def test_what_was_heard_again_is_cleaned_up_with_its_files(transcript: Transcript) -> None:
    job = finished(begun(transcript))
    kept = finished(begun(transcript))
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(hours=25))

    retention.clean()

    assert set(Job.objects.filter(kind="passage")) == {kept}
    assert list(storage.keys_below(f"jobs/{job.pk}")) == []
    assert texts_of(transcript)


def test_a_passage_heard_lately_does_not_keep_a_recording_for_longer(transcript: Transcript, settings: Any) -> None:
    from transcriber.env import Env

    settings.ENV = Env(RETENTION_COMPLETED_DAYS=1)
    finished(begun(transcript))
    Job.objects.of_text().update(ended_at=timezone.now() - timedelta(days=2))

    retention.clean()

    assert not Recording.objects.exists()


def test_deleting_the_recording_deletes_its_passages_and_their_files(transcript: Transcript) -> None:
    job = finished(begun(transcript))
    assert list(storage.keys_below(f"jobs/{job.pk}"))

    lifecycle.delete_recording(transcript.recording)

    assert not Job.objects.filter(pk=job.pk).exists()
    assert list(storage.keys_below(f"jobs/{job.pk}")) == []


def test_a_difference_is_told_for_versions_of_the_same_recording_alone(
    browser: Client, owner: User, transcript: Transcript
) -> None:
    job = finished(begun(transcript))
    other = make_transcript(owner, ["Elsewhere."])

    assert difference_of(browser, job.pk, transcript).status_code == 200
    assert difference_of(browser, job.pk, other).status_code == 404
    assert browser.get(reverse("passage_difference", args=[job.pk])).status_code == 404
    assert browser.get(reverse("passage_difference", args=[transcript.job_id])).status_code == 404


def test_strangers_cannot_listen_nor_see_what_was_heard(stranger: User, transcript: Transcript) -> None:
    job = finished(begun(transcript))
    client = Client()
    client.force_login(stranger)

    assert start(client, transcript).status_code == 404
    assert client.get(reverse("passage_form", args=[transcript.pk])).status_code == 404
    assert difference_of(client, job.pk, transcript).status_code == 404
    assert client.post(reverse("job_cancel", args=[job.pk])).status_code == 404


def test_only_ids_travel_in_the_queue(transcript: Transcript, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[dict[str, Any]] = []
    monkeypatch.setattr(queue, "ring", lambda **told: rung.append(told) or True)

    job = begun(transcript)
    conduct.ring(job.steps.get(name="cut").pk)

    assert set(rung[-1]) == {"lane", "step", "attempt", "limit_seconds"}


def test_silence_gives_no_difference_and_says_so(
    browser: Client, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media_pipeline.steps.plan_passage.detect_speech", lambda *args: _nothing())
    monkeypatch.setattr(
        "media_pipeline.steps.cut_passage.measure", lambda *args: AudioFacts(9.0, gain=1.0, loudness_db=None, peak=0.0)
    )
    job = finished(begun(transcript))

    page = difference_of(browser, job.pk, transcript).content.decode()

    assert job.warnings == ["This passage is silent."]
    assert "No words were heard" in page and 'data-heard="0"' in page


def _nothing() -> Any:
    from media_pipeline.media import SpeechPlan

    return SpeechPlan(9.0, ())


def test_a_difference_takes_few_queries(
    browser: Client, transcript: Transcript, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    job = finished(begun(transcript, end=transcript.recording.duration or 0.0))

    with django_assert_max_num_queries(8):
        difference_of(browser, job.pk, transcript)


def test_every_step_of_the_recipe_has_its_row(transcript: Transcript) -> None:
    job = begun(transcript)

    names = set(StepRun.objects.filter(job=job).values_list("name", flat=True))

    assert names == {step.name for step in RECIPES["passage"].steps}
