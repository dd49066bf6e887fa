"""Videos with subtitles as jobs: made of the text as it stands, kept, made again, deleted."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs import events, queue, storage
from jobs.models import Artifact, ExportPreference, Job, Recording, Segment, Speaker, StepRun, Transcript
from jobs.services import conduct, export_choices, lifecycle, recovery, retention, share_links, subtitled_videos, work
from jobs.services.export_choices import STANDARD, ExportChoices
from jobs.services.subtitled_videos import VideoRefused
from media_pipeline.errors import EngineUnavailable
from media_pipeline.options import SubtitleMode
from media_pipeline.recipes import RECIPES
from tests.conftest import body
from tests.jobs.transcripts import make_transcript
from tests.videos import make_video, streams_of, subtitles_of

TEXTS = ["Good morning everyone.", "Is the budget ready?"]
TRACK, BURNED = SubtitleMode


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "talk.mp4", seconds=8)


@pytest.fixture
def transcript(owner: User, video: Path) -> Transcript:
    """Words over a video that is there."""
    made = make_transcript(owner, TEXTS, speakers="01", duration=8.0)
    key = f"recordings/{made.recording_id}/media"
    default_storage.save(key, ContentFile(video.read_bytes()))
    Recording.objects.filter(pk=made.recording_id).update(
        media_key=key, media_type="video/mp4", has_video=True, title="Budget: talk?"
    )
    return Transcript.objects.select_related("recording").get(pk=made.pk)


def begun(transcript: Transcript, mode: SubtitleMode = TRACK, choices: ExportChoices = STANDARD) -> Job:
    return subtitled_videos.make(transcript, mode, choices)


def finished(job: Job) -> Job:
    with queue.silenced():
        work.run_here(job.pk, worker="test")
    return Job.objects.get(pk=job.pk)


def ask(browser: Client, transcript: Transcript, **values: Any) -> HttpResponse:
    asked = {"mode": "track", **values}
    return browser.post(reverse("subtitled_video_make", args=[transcript.pk]), asked)  # type: ignore[return-value]


def panel(browser: Client, transcript: Transcript) -> str:
    return browser.get(reverse("panel", args=[transcript.recording_id, "exports"])).content.decode()


def listed(browser: Client, transcript: Transcript) -> str:
    return browser.get(reverse("subtitled_videos", args=[transcript.recording_id])).content.decode()


def standing(transcript: Transcript, mode: SubtitleMode = TRACK) -> subtitled_videos.Standing:
    fresh = Transcript.objects.select_related("recording").get(pk=transcript.pk)
    return next(one for one in subtitled_videos.standings(fresh) if one.mode == mode)


def downloaded(browser: Client, job: Job, folder: Path) -> Path:
    answer = browser.get(reverse("subtitled_video", args=[job.pk]))
    assert answer.status_code == 200
    path = folder / "downloaded.mp4"
    path.write_bytes(body(answer))
    return path


def age(job: Job, days: float) -> None:
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(days=days))


# Making ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", SubtitleMode)
def test_a_video_is_made_and_downloaded(
    mode: SubtitleMode, browser: Client, transcript: Transcript, tmp_path: Path
) -> None:
    told = json.loads(ask(browser, transcript, mode=mode).content)

    job = finished(Job.objects.get(pk=told["job"]))

    assert job.status == "completed", job.error_message
    kinds = [stream["codec_type"] for stream in streams_of(downloaded(browser, job, tmp_path))]
    assert kinds == ["video", "audio", *(["subtitle"] if mode == TRACK else [])]


def test_the_download_is_named_after_the_recording_and_can_be_resumed(browser: Client, transcript: Transcript) -> None:
    job = finished(begun(transcript))
    address = reverse("subtitled_video", args=[job.pk])

    part = browser.get(address, HTTP_RANGE="bytes=4-7")

    assert (part.status_code, body(part)) == (206, b"ftyp")
    assert part["Content-Type"] == "video/mp4"
    assert 'attachment; filename="Budget_ talk_ (with subtitles).mp4"' in part["Content-Disposition"]


def test_it_says_what_stands_on_the_page_now(browser: Client, transcript: Transcript, tmp_path: Path) -> None:
    Segment.objects.filter(transcript=transcript, text=TEXTS[1]).update(text="Is the cake ready?", words=[])
    Speaker.objects.filter(transcript=transcript, label="SPEAKER_01").update(name="Anna")

    job = finished(begun(transcript))

    said = subtitles_of(downloaded(browser, job, tmp_path))
    assert "Anna: Is the cake ready?" in said and "budget" not in said


def test_later_corrections_change_nothing_in_a_job_at_work(
    browser: Client, transcript: Transcript, tmp_path: Path
) -> None:
    job = begun(transcript)
    Segment.objects.filter(transcript=transcript).update(text="Something else.", words=[])

    said = subtitles_of(downloaded(browser, finished(job), tmp_path))

    assert "budget" in said and "else" not in said


def test_choices_of_the_form_are_followed(browser: Client, transcript: Transcript, tmp_path: Path) -> None:
    asked = {"names": ["false", "true"], "preset": "vertical", "line_characters": "10", "bom": "true", "start": "5"}
    told = json.loads(ask(browser, transcript, **asked).content)

    said = subtitles_of(downloaded(browser, finished(Job.objects.get(pk=told["job"])), tmp_path))

    assert "Speaker 1:" in said.replace("\n", " ") and "Good" in said and "morning everyone" not in said
    assert not ExportPreference.objects.exists()  # the form itself keeps them


def test_remembered_choices_hold_where_nothing_else_is_said(
    browser: Client, owner: User, transcript: Transcript, tmp_path: Path
) -> None:
    export_choices.remember(owner, ExportChoices(names=False))
    told = json.loads(ask(browser, transcript).content)

    said = subtitles_of(downloaded(browser, finished(Job.objects.get(pk=told["job"])), tmp_path))

    assert "Speaker" not in said


def test_the_recording_stays_as_it_is_meanwhile(browser: Client, transcript: Transcript) -> None:
    page = reverse("recording", args=[transcript.recording_id])
    before = browser.get(page).context["job"]

    job = begun(transcript)

    assert browser.get(page).context["run"] == before
    assert "data-live" not in browser.get(page).content.decode()
    assert browser.get(reverse("library")).context["page_obj"][0].latest_job == before
    finished(job)
    assert browser.get(page).context["job"] == before
    assert Transcript.objects.filter(recording=transcript.recording_id).count() == 1


def test_steps_go_to_workers_whom_nobody_else_waits_for(transcript: Transcript) -> None:
    lanes = {mode: begun(transcript, mode).steps.exclude(status="skipped").get().lane for mode in SubtitleMode}

    assert lanes == {TRACK: "cpu", BURNED: "io"}
    assert set(StepRun.objects.filter(job__kind="subtitled_video").values_list("name", flat=True)) == {
        step.name for step in RECIPES["subtitled_video"].steps
    }


def test_drawing_may_take_far_longer_than_copying(transcript: Transcript) -> None:
    Recording.objects.filter(pk=transcript.recording_id).update(duration=3600.0)
    steps = [begun(transcript, mode).steps.exclude(status="skipped").get() for mode in SubtitleMode]

    assert [conduct.time_limit(step) for step in steps] == [300 + 1800, 300 + 72_000]


def test_progress_is_told_as_that_of_any_job(transcript: Transcript, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    monkeypatch.setattr(events, "publish", lambda pk: told.append(Job.objects.get(pk=pk).percent))

    job = finished(begun(transcript, BURNED))

    assert told == sorted(told) and told[-1] == 100.0
    assert [step.title for step in events.snapshot(job).steps] == ["Drawing subtitles into the picture"]


# What is refused ------------------------------------------------------------------------------------------------------


def test_the_same_video_is_not_made_twice_at_once(browser: Client, transcript: Transcript) -> None:
    begun(transcript)

    answer = ask(browser, transcript)

    assert answer.status_code == 422 and "being made already" in json.loads(answer.content)["error"]
    assert ask(browser, transcript, mode="burned").status_code == 200


@pytest.mark.parametrize(
    ("values", "sentence"),
    [({"mode": "sung"}, "no such video"), ({"preset": "disco"}, "no such subtitles"), ({"lines": "x"}, "limits")],
)
def test_nonsense_is_refused_with_a_sentence(
    values: dict[str, Any], sentence: str, browser: Client, transcript: Transcript
) -> None:
    answer = ask(browser, transcript, **values)

    assert answer.status_code == 422 and sentence in json.loads(answer.content)["error"]
    assert not Job.objects.filter(kind="subtitled_video").exists()


def test_a_recording_of_sound_alone_is_not_offered_any(browser: Client, transcript: Transcript) -> None:
    Recording.objects.filter(pk=transcript.recording_id).update(has_video=False)

    page = panel(browser, transcript)

    assert "This recording has no picture" in page and "data-video-make" not in page
    assert "no picture" in json.loads(ask(browser, transcript).content)["error"]


def test_without_the_media_what_was_made_stays_and_nothing_new_is_offered(
    browser: Client, transcript: Transcript, tmp_path: Path
) -> None:
    job = finished(begun(transcript))
    lifecycle.delete_media(transcript.recording)

    page = panel(browser, transcript)

    assert "was deleted" in page and "data-video-make" not in page
    assert page.count("data-video-download") == 1
    assert downloaded(browser, job, tmp_path)
    with pytest.raises(VideoRefused, match="was deleted"):
        begun(transcript)


def test_nothing_is_made_of_no_text(transcript: Transcript) -> None:
    transcript.segments.all().delete()

    with pytest.raises(VideoRefused, match="no text"):
        begun(transcript)

    assert not Job.objects.filter(kind="subtitled_video").exists() and not Artifact.objects.exists()


def test_the_media_stays_while_a_video_is_made_of_it(transcript: Transcript) -> None:
    begun(transcript)

    assert lifecycle.delete_media(transcript.recording) == 0


def test_strangers_and_links_get_nothing_of_it(stranger: User, transcript: Transcript) -> None:
    job = finished(begun(transcript))
    client = Client()
    client.force_login(stranger)
    token = share_links.token_of(share_links.create(transcript.recording, expires_at=None, password="", has_audio=True))

    assert client.get(reverse("subtitled_video", args=[job.pk])).status_code == 404
    assert client.post(reverse("subtitled_video_delete", args=[job.pk])).status_code == 404
    assert ask(client, transcript).status_code == 404
    shared = Client().get(reverse("shared", args=[token]), {"tab": "exports"}).content.decode()
    assert "data-videos" not in shared and str(job.pk) not in shared
    assert Job.objects.filter(pk=job.pk).exists()


def test_other_jobs_have_no_video(browser: Client, transcript: Transcript) -> None:
    assert browser.get(reverse("subtitled_video", args=[transcript.job_id])).status_code == 404
    assert browser.post(reverse("subtitled_video_delete", args=[transcript.job_id])).status_code == 409
    assert Job.objects.filter(pk=transcript.job_id).exists()


# Cancelling, failing, being lost --------------------------------------------------------------------------------------


def test_cancelling_leaves_what_was_made_before(browser: Client, transcript: Transcript) -> None:
    first = finished(begun(transcript))
    second = begun(transcript)

    browser.post(reverse("job_cancel", args=[second.pk]), HTTP_ACCEPT="application/json")

    assert Job.objects.get(pk=second.pk).status == "cancelled"
    shown = standing(transcript)
    assert shown.run is None and shown.made is not None and shown.made.job == first


def test_a_failure_says_what_to_do_and_can_be_tried_again(
    browser: Client, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**asked: object) -> list[str]:
        raise EngineUnavailable("cannot_draw", "It cannot draw. Install another FFmpeg.")

    job = begun(transcript, BURNED)
    with monkeypatch.context() as patch:
        patch.setattr("media_pipeline.ffmpeg.unable", refuse)
        job = finished(job)

    page = listed(browser, transcript)
    assert job.status == "failed"
    assert "It cannot draw. Install another FFmpeg." in page and "Try again" in page
    assert lifecycle.retry(job) and finished(job).status == "completed"
    assert standing(transcript, BURNED).run is None


def test_a_new_attempt_takes_the_place_of_one_that_failed(transcript: Transcript) -> None:
    failed = begun(transcript)
    Job.objects.filter(pk=failed.pk).update(status="failed")

    begun(transcript)

    assert not Job.objects.filter(pk=failed.pk).exists()
    assert list(storage.keys_below(f"jobs/{failed.pk}")) == []


def test_a_worker_that_went_silent_is_replaced_and_its_files_count_for_nothing(transcript: Transcript) -> None:
    job = begun(transcript)
    lost = conduct.claim(job.steps.get(name="add_subtitles").pk, worker="lost")
    assert lost is not None
    StepRun.objects.filter(job=job).update(lease_until=timezone.now() - timedelta(minutes=1))

    assert recovery.sweep().expired == 1
    done = finished(job)

    assert done.status == "completed"
    assert done.steps.get(name="add_subtitles").attempt == 2
    assert not conduct.renew(lost)
    assert Artifact.objects.filter(job=job, name="video.mp4").count() == 1


# Making again ---------------------------------------------------------------------------------------------------------


def test_the_page_says_when_the_text_has_changed_since(browser: Client, transcript: Transcript) -> None:
    job = finished(begun(transcript))
    assert "before your last corrections" not in listed(browser, transcript)

    segment = transcript.segments.first()
    assert segment is not None
    operation = {"kind": "text", "segment": segment.pk, "revision": segment.revision, "text": "Good evening."}
    address = reverse("transcript_changes", args=[transcript.pk])
    answer = browser.post(address, json.dumps({"operations": [operation]}), content_type="application/json")
    assert answer.status_code == 200

    made = standing(transcript).made
    assert made is not None and made.job == job and made.is_old
    assert "Made before your last corrections" in listed(browser, transcript)


def test_another_version_of_the_text_counts_as_changed(owner: User, transcript: Transcript) -> None:
    finished(begun(transcript))

    other = Transcript.objects.create(
        recording=transcript.recording, language="en", engine="whisper", model="", revision=transcript.revision
    )

    made = standing(other).made
    assert made is not None and made.is_old


def test_the_old_one_can_be_taken_until_the_new_one_is_there(
    browser: Client, transcript: Transcript, tmp_path: Path
) -> None:
    oldest, old = finished(begun(transcript)), finished(begun(transcript))
    new = begun(transcript)

    assert not Job.objects.filter(pk=oldest.pk).exists()
    shown = standing(transcript)
    assert shown.made is not None and (shown.made.job, shown.run) == (old, new)
    assert downloaded(browser, old, tmp_path)

    finished(new)
    shown = standing(transcript)
    assert shown.made is not None and (shown.made.job, shown.run) == (new, None)


def test_what_is_shown_takes_few_queries(
    browser: Client, transcript: Transcript, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for mode in SubtitleMode:
        finished(begun(transcript, mode))
        begun(transcript, mode)

    with django_assert_max_num_queries(20):
        listed(browser, transcript)


# Deleting -------------------------------------------------------------------------------------------------------------


def test_a_video_can_be_deleted(browser: Client, transcript: Transcript) -> None:
    job = finished(begun(transcript))

    assert browser.post(reverse("subtitled_video_delete", args=[job.pk])).status_code == 200

    assert list(storage.keys_below(f"jobs/{job.pk}")) == []
    assert standing(transcript).made is None
    assert browser.get(reverse("subtitled_video", args=[job.pk])).status_code == 404


def test_a_video_that_is_being_made_is_not_deleted(browser: Client, transcript: Transcript) -> None:
    job = begun(transcript)

    assert browser.post(reverse("subtitled_video_delete", args=[job.pk])).status_code == 409
    assert Job.objects.filter(pk=job.pk).exists()


def test_videos_go_when_their_time_is_over(transcript: Transcript, settings: Any) -> None:
    from transcriber.env import Env

    settings.ENV = Env(RETENTION_VIDEO_DAYS=3)
    old, lately = finished(begun(transcript)), finished(begun(transcript, BURNED))
    age(old, 4)
    age(lately, 2)

    retention.clean()

    assert set(Job.objects.filter(kind="subtitled_video")) == {lately}
    assert list(storage.keys_below(f"jobs/{old.pk}")) == []
    assert Recording.objects.filter(pk=transcript.recording_id, media_key__gt="").exists()


def test_videos_may_be_kept_for_ever(transcript: Transcript, settings: Any) -> None:
    from transcriber.env import Env

    settings.ENV = Env(RETENTION_VIDEO_DAYS=0)
    job = finished(begun(transcript))
    age(job, 10_000)

    retention.clean()

    assert Job.objects.filter(pk=job.pk).exists()


def test_what_did_not_come_about_goes_with_the_working_files(transcript: Transcript) -> None:
    job = begun(transcript)
    lifecycle.cancel(job)
    age(job, 1.1)

    retention.clean()

    assert not Job.objects.filter(pk=job.pk).exists()


def test_the_files_of_a_video_are_no_orphans(transcript: Transcript, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(begun(transcript))
    monkeypatch.setattr(retention, "ORPHAN_HOURS", -1.0)

    retention.clean()

    made = standing(transcript).made
    assert made is not None and storage.exists(Artifact.objects.get(job=made.job, name="video.mp4").key)


def test_a_video_made_lately_does_not_keep_a_recording_for_longer(transcript: Transcript, settings: Any) -> None:
    from transcriber.env import Env

    settings.ENV = Env(RETENTION_COMPLETED_DAYS=1)
    finished(begun(transcript))
    Job.objects.of_text().update(ended_at=timezone.now() - timedelta(days=2))

    retention.clean()

    assert not Recording.objects.exists() and not Job.objects.exists()


def test_deleting_the_recording_deletes_its_videos(transcript: Transcript) -> None:
    job = finished(begun(transcript))

    lifecycle.delete_recording(transcript.recording)

    assert list(storage.keys_below(f"jobs/{job.pk}")) == []


def test_text_jobs_are_never_deleted_as_videos_are(transcript: Transcript) -> None:
    assert lifecycle.delete_job(transcript.job_id) is None  # type: ignore[arg-type]
    assert lifecycle.delete_job(uuid4()) is None
    assert Job.objects.filter(pk=transcript.job_id).exists()


def test_nothing_is_left_in_the_data_folder(transcript: Transcript, settings: Any) -> None:
    finished(begun(transcript))

    assert not list(Path(settings.DATA_DIR).glob("tmp*"))
    assert shutil.disk_usage(settings.DATA_DIR).free
