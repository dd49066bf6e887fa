"""Every address of the URLconf has a rule for every kind of visitor; an address without a rule fails the build."""

import contextlib
from collections.abc import Iterator
from uuid import uuid4

import msgspec
import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern

from jobs import queue
from jobs.models import Job, Recording, Transcript, Upload
from jobs.services import share_links, upload, work
from jobs.views import panels
from media_pipeline.recipe import Files
from tests.conftest import body
from tests.jobs.recipes import make_job, make_recording, recipe_of
from tests.jobs.transcripts import make_transcript

PUBLIC = {
    "account_login",
    "account_logout",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_signup",
    "account_inactive",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_confirm_login_code",
    "account_request_login_code",
    "health_live",
    "set_language",
    "health_ready",
}
OWN_PAGES = {
    "library": "get",
    "trash": "get",
    "restore": "post",
    "empty_trash": "post",
    "recordings_act": "post",
    "upload": "get",
    "upload_create": "post",
    "sample": "post",
    "export_options": "post",
}
ACCOUNT_PAGES = {"account_change_password", "account_set_password", "account_email", "account_reauthenticate"}
OF_RECORDING = {
    "recording": "get",
    "media": "get",
    "peaks": "get",
    "recording_delete": "post",
    "recording_rename": "post",
    "recording_tags": "post",
    "recording_purge": "post",
    "transcribe_again": "get",
    "subtitled_videos": "get",
    "shares": "get",
}
OF_JOB = {
    "job_snapshot": "get",
    "job_preview": "get",
    "passage_difference": "get",
    "job_cancel": "post",
    "job_retry": "post",
    "find_speakers": "post",
    "job_discard": "post",
    "subtitled_video": "get",
    "subtitled_video_delete": "post",
}
OF_JOB_NAMED = {"step_rerun": "post", "export": "get"}
OF_TRANSCRIPT = {
    "transcript_changes": "post",
    "passage_form": "get",
    "passage_start": "post",
    "subtitled_video_make": "post",
    "captions": "get",
    "transcript_state": "get",
    "transcript_undo": "post",
    "transcript_redo": "post",
    "transcript_restore": "post",
    "transcript_history": "get",
    "history_changes": "get",
    "show_version": "post",
    "transcript_matches": "get",
    "transcript_doubts": "get",
    "segments": "get",
    "find_in_transcript": "get",
    "transcript_text": "get",
    "subtitle_report": "get",
    "voices": "get",
    "speaker_menu": "get",
    "speaker_sample": "get",
}
OF_TWO_TRANSCRIPTS = {"compare_versions": "get"}
OF_PANEL = {"panel": "get"}
OF_SHARE = {"share_revoke": "post"}
OF_UPLOAD = {"upload_piece": "head", "upload_same": "get", "upload_submit": "post"}
ONCE = {"welcome"}
STAFF_PREFIXES = ("admin:", "django_rq:")
# Open to whoever has the link: tests/jobs/test_sharing_links.py.
OF_LINK = {
    "shared": [],
    "shared_segments": [],
    "shared_find": [],
    "shared_text": [],
    "shared_captions": [],
    "shared_subtitles": [],
    "shared_media": [],
    "shared_peaks": [],
    "shared_export": ["txt"],
}
OF_ANY_STAFF = {
    "admin:index",
    "admin:login",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:jsi18n",
    "admin:view_on_site",
}


def all_names() -> Iterator[str]:
    def walk(patterns: list[URLPattern | URLResolver], namespace: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from walk(pattern.url_patterns, inner)
            else:
                yield f"{namespace}{pattern.name or pattern.pattern}"

    yield from walk(get_resolver().url_patterns, "")


def has_rule(name: str) -> bool:
    rules = [
        PUBLIC,
        OWN_PAGES,
        ACCOUNT_PAGES,
        OF_RECORDING,
        OF_JOB,
        OF_JOB_NAMED,
        OF_TRANSCRIPT,
        OF_TWO_TRANSCRIPTS,
        OF_PANEL,
        OF_UPLOAD,
        OF_LINK,
        OF_SHARE,
        ONCE,
    ]
    return name.startswith(STAFF_PREFIXES) or any(name in rule for rule in rules)


def test_every_address_has_a_rule() -> None:
    assert [name for name in all_names() if not has_rule(name)] == []


def test_an_address_without_a_rule_is_noticed() -> None:
    assert isinstance(RoutePattern("new/"), RoutePattern)
    assert not has_rule("something_new")


@pytest.fixture
def done(owner: User) -> Job:
    """A finished job of the owner with media, peaks and an export."""

    def export(files: Files, *args: object) -> None:
        files.dump("peaks.json", {"version": 1, "peaks": []})
        files.dump("transcript.txt", "hello")

    recording = make_recording(owner, media_key=f"recordings/{uuid4()}/media", media_type="audio/wav")
    default_storage.save(recording.media_key, ContentFile(b"RIFFsound"))
    with recipe_of(diarize=export):
        job = make_job(owner, recording=recording)
        with queue.silenced():
            work.run_here(job.pk, worker="test")
    job.artifacts.filter(name="transcript.txt").update(step="export")
    job.refresh_from_db()
    return job


@pytest.fixture
def begun(owner: User) -> Upload:
    return upload.begin(owner=owner, original_name="a.wav", size_bytes=100)


def addresses(job: Job, begun: Upload) -> list[tuple[str, str]]:
    """(method, address) of everything that belongs to one person."""
    recording = [(method, reverse(name, args=[job.recording_id])) for name, method in OF_RECORDING.items()]
    of_job = [(method, reverse(name, args=[job.pk])) for name, method in OF_JOB.items()]
    named = [
        ("post", reverse("step_rerun", args=[job.pk, "diarize"])),
        ("get", reverse("export", args=[job.pk, "txt"])),
    ]
    of_transcript = [(method, reverse(name, args=[job.transcript.pk])) for name, method in OF_TRANSCRIPT.items()]
    of_transcript.append(("get", reverse("compare_versions", args=[job.transcript.pk, job.transcript.pk])))
    of_panel = [("get", reverse("panel", args=[job.recording_id, name])) for name in panels.CONTEXTS]
    of_upload = [(method, reverse(name, args=[begun.pk])) for name, method in OF_UPLOAD.items()]
    share = share_links.create(job.recording, expires_at=None, password="", has_audio=True)
    of_share = [(method, reverse(name, args=[share.pk])) for name, method in OF_SHARE.items()]
    return recording + of_job + named + of_transcript + of_panel + of_upload + of_share


def test_a_stranger_gets_404_for_everything_of_others(done: Job, begun: Upload, stranger: User) -> None:
    client = Client()
    client.force_login(stranger)

    answers = {address: getattr(client, method)(address).status_code for method, address in addresses(done, begun)}

    assert set(answers.values()) == {404}, answers
    assert Recording.objects.count() == 1


def test_staff_are_strangers_too_on_the_pages(done: Job, begun: Upload, stranger: User) -> None:
    User.objects.filter(pk=stranger.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(pk=stranger.pk))

    assert {getattr(client, method)(address).status_code for method, address in addresses(done, begun)} == {404}


def test_a_visitor_is_led_to_the_login_page(done: Job, begun: Upload) -> None:
    client = Client()
    own = [(method, reverse(name)) for name, method in OWN_PAGES.items()]

    for method, address in addresses(done, begun) + own:
        response = getattr(client, method)(address)
        assert response.status_code == 302, address
        assert response["Location"].startswith(reverse("account_login")), address


@pytest.fixture
def other(owner: User) -> Transcript:
    """Another text of the same owner, of which a link tells nothing."""
    made = make_transcript(owner, ["Something confidential.", "And more of it."], speakers="01")
    Recording.objects.filter(pk=made.recording_id).update(title="Salaries")
    return made


def everywhere(job: Job, other: Transcript, begun: Upload) -> Iterator[str]:
    """Each address of the URLconf but those of links, with whatever arguments there are for it."""
    ids = [job.recording_id, job.pk, job.transcript.pk, other.recording_id, other.job_id, other.pk, begun.pk]
    pairs = [[one, two] for one in ids for two in (*ids, "txt", "diarize", *panels.CONTEXTS)]
    for name in all_names():
        if name in OF_LINK or name in PUBLIC or "<" in name:
            continue
        for arguments in ([], *([one] for one in ids), *pairs):
            with contextlib.suppress(NoReverseMatch):
                yield reverse(name, args=arguments)


def test_who_has_a_link_gets_nothing_but_its_recording(done: Job, begun: Upload, other: Transcript) -> None:
    share = share_links.create(done.recording, expires_at=None, password="", has_audio=True)
    locked = share_links.create(other.recording, expires_at=None, password="open sesame", has_audio=True)
    client = Client()
    token, closed = share_links.token_of(share), share_links.token_of(locked)
    assert {client.get(reverse(name, args=[token, *more])).status_code for name, more in OF_LINK.items()} == {200}

    asked = set(everywhere(done, other, begun))
    answers = [getattr(client, method)(address) for address in asked for method in ("get", "post")]
    behind = [client.get(reverse(name, args=[closed, *more])) for name, more in OF_LINK.items()]

    assert len(asked) > 200
    for answer in answers:
        leads = answer.headers.get("Location", "")
        refused = answer.status_code in (403, 404, 405) or "/login/" in leads or leads == reverse("admin:index")
        assert refused, (answer.request["PATH_INFO"], answer.status_code, leads)
    assert [answer.status_code for answer in behind] == [200] + [404] * (len(OF_LINK) - 1)
    for answer in [*answers, *behind]:
        assert b"onfidential" not in answer.content and b"Salaries" not in answer.content
    assert Recording.objects.count() == 2


def test_a_link_shows_its_own_recording_whatever_else_is_asked_for(done: Job, other: Transcript) -> None:
    share = share_links.create(done.recording, expires_at=None, password="", has_audio=True)
    client, token = Client(), share_links.token_of(share)
    foreign = {"recording": other.recording_id, "transcript": other.pk, "pk": other.pk, "job": other.job_id}
    asked = foreign | {"q": "confidential", "stretch": "0", "tab": "history", "t": "0"}

    answers = [client.get(reverse(name, args=[token, *more]), asked) for name, more in OF_LINK.items()]

    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        said = body(answer)
        assert b"Something" not in said and b"Salaries" not in said
        assert not any(str(one).encode() in said for one in (other.recording_id, other.job_id))
    assert client.get(reverse("shared_find", args=[token]), asked).json()["total"] == 0


def test_the_owner_gets_all_of_it(done: Job, begun: Upload, browser: Client) -> None:
    for name in ("recording", "media", "peaks"):
        assert browser.get(reverse(name, args=[done.recording_id])).status_code == 200, name
    for name in ("job_snapshot", "job_preview"):
        assert browser.get(reverse(name, args=[done.pk])).status_code == 200, name
    assert browser.get(reverse("export", args=[done.pk, "txt"])).status_code == 200
    assert browser.get(reverse("transcript_history", args=[done.transcript.pk])).status_code == 200
    assert browser.get(reverse("transcript_matches", args=[done.transcript.pk]), {"q": "a"}).status_code == 200
    assert browser.head(reverse("upload_piece", args=[begun.pk])).status_code == 200
    assert browser.get(reverse("library")).status_code == 200
    assert browser.get(reverse("upload")).status_code == 200


def test_unsafe_requests_without_a_token_are_refused(done: Job, begun: Upload, owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)

    for method, address in addresses(done, begun):
        if method == "post":
            assert client.post(address).status_code == 403, address
    assert client.patch(reverse("upload_piece", args=[begun.pk])).status_code == 403


def test_the_admin_and_the_queue_pages_are_closed_to_ordinary_people(browser: Client) -> None:
    for name in ("admin:index", "admin:jobs_job_changelist", "django_rq:home"):
        assert browser.get(reverse(name)).status_code == 302, name


def test_staff_without_all_rights_cannot_see_the_queues(browser: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_staff=True)

    assert browser.get(reverse("django_rq:home")).status_code == 302
    assert browser.get(reverse("admin:jobs_job_changelist")).status_code == 403


def address_of(name: str) -> str:
    """An address behind the staff door, with whatever arguments it takes."""
    for arguments in ([], [1], [1, 1], [1, "a"], [1, "a", "b"], ["jobs"]):
        with contextlib.suppress(NoReverseMatch):
            return reverse(name, args=arguments)
    raise AssertionError(f"{name} takes other arguments")


def test_staff_without_rights_can_open_nothing_but_the_front_page(browser: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    named = {name for name in all_names() if name.startswith(STAFF_PREFIXES) and "<" not in name}
    closed = named - OF_ANY_STAFF

    opened = [name for name in closed if browser.get(address_of(name)).status_code == 200]

    assert len(closed) > 60
    assert opened == []


def test_a_superuser_sees_every_list_and_the_queues(browser: Client, owner: User, done: Job) -> None:
    User.objects.filter(pk=owner.pk).update(is_staff=True, is_superuser=True)
    models = (
        "job",
        "recording",
        "steprun",
        "artifact",
        "transcript",
        "segment",
        "speaker",
        "change",
        "share",
        "upload",
    )

    for model in models:
        assert browser.get(reverse(f"admin:jobs_{model}_changelist")).status_code == 200, model
    assert browser.get(reverse("admin:jobs_job_change", args=[done.pk])).status_code == 200
    queues = browser.get(reverse("django_rq:home"))
    assert queues.status_code == 200
    assert "'unsafe-inline'" in queues["Content-Security-Policy"]
    assert "'unsafe-inline'" not in browser.get(reverse("admin:index"))["Content-Security-Policy"]


@pytest.mark.django_db(transaction=True)
async def test_the_socket_is_closed_to_visitors_and_strangers(done: Job, owner: User, stranger: User) -> None:
    from asgiref.sync import sync_to_async

    from transcriber.asgi import application

    async def connects(user: User | None) -> bool:
        headers = [(b"origin", b"http://testserver"), (b"host", b"testserver")]
        if user is not None:
            client = Client()
            await sync_to_async(client.force_login)(user)
            cookie = client.cookies["sessionid"].value
            headers.append((b"cookie", f"sessionid={cookie}".encode()))
        communicator = WebsocketCommunicator(application, f"/ws/jobs/{done.pk}/", headers)
        accepted, _ = await communicator.connect()
        if accepted:
            assert (await communicator.receive_json_from())["status"] == "completed"
        await communicator.disconnect()
        return bool(accepted)

    assert not await connects(None)
    assert not await connects(stranger)
    assert await connects(owner)


def test_the_options_on_a_job_row_read_back_the_same(done: Job) -> None:
    from jobs import pipeline_gateway

    read = pipeline_gateway.options_of(done)

    assert msgspec.json.decode(msgspec.json.encode(read)) == done.options
