import base64
import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.http import parse_http_date

from jobs.forms import OptionsForm
from jobs.models import Job, Recording, Upload
from jobs.services import sample, upload, work
from jobs.services.upload import UploadBusy, UploadGone
from media_pipeline.errors import InputError
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from tests.conftest import body
from tests.speech import Line, render
from transcriber.env import Env

PIECE = "application/offset+octet-stream"


def begin(client: Client, name: str, size: int) -> str:
    encoded = base64.b64encode(name.encode()).decode()
    response = client.post(
        reverse("upload_create"), headers={"Upload-Length": str(size), "Upload-Metadata": f"filename {encoded}"}
    )
    assert response.status_code == 201, response.content
    return str(response["Location"])


def send(client: Client, address: str, offset: int, data: bytes) -> int:
    return client.patch(address, data, content_type=PIECE, headers={"Upload-Offset": str(offset)}).status_code


def send_all(client: Client, name: str, data: bytes) -> str:
    address = begin(client, name, len(data))
    for offset in range(0, len(data), 100_000):
        assert send(client, address, offset, data[offset : offset + 100_000]) == 204
    return address


def options(**changed: str) -> dict[str, str]:
    return {"engine": "auto", "speakers": "none", "language": "", **changed}


@pytest.fixture
def speech() -> bytes:
    return render([Line("slt", "We will discuss the budget today.", 0.3)]).path.read_bytes()


def test_a_file_sent_in_pieces_becomes_a_recording_with_a_queued_job(browser: Client, speech: bytes) -> None:
    address = send_all(browser, "Meeting «Ω» 😀.wav", speech)

    response = browser.post(f"{address}submit/", options())

    recording = Recording.objects.get()
    assert response.status_code == 201
    assert response.json()["url"] == reverse("recording", args=[recording.pk])
    assert (recording.title, recording.original_name) == ("Meeting «Ω» 😀", "Meeting «Ω» 😀.wav")
    assert recording.duration == pytest.approx(2.5, abs=1.5)
    assert Job.objects.get().status == "queued"
    assert not Upload.objects.exists()
    assert body(browser.get(reverse("media", args=[recording.pk]))) == speech


def test_an_upload_goes_on_where_it_was_cut(browser: Client) -> None:
    address = begin(browser, "a.wav", 10)
    send(browser, address, 0, b"01234")

    head = browser.head(address)

    assert (head["Upload-Offset"], head["Upload-Length"]) == ("5", "10")
    assert send(browser, address, 5, b"56789") == 204


def test_a_piece_at_the_wrong_place_changes_nothing(browser: Client) -> None:
    address = begin(browser, "a.wav", 10)
    send(browser, address, 0, b"01234")

    assert send(browser, address, 3, b"xxx") == 409
    assert browser.head(address)["Upload-Offset"] == "5"


def test_more_bytes_than_announced_are_refused(browser: Client) -> None:
    address = begin(browser, "a.wav", 4)

    assert send(browser, address, 0, b"01234") == 413
    assert browser.head(address)["Upload-Offset"] == "0"


def test_two_clients_on_one_upload_never_mix_bytes(owner: User) -> None:
    begun = upload.begin(owner=owner, original_name="a.wav", size_bytes=10)

    class Nosy(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            with pytest.raises(UploadBusy):
                upload.append(begun, offset=0, body=BytesIO(b"yy"))
            return super().read(size)

    assert upload.append(begun, offset=0, body=Nosy(b"xx")) == 2
    assert upload.part_path(begun).read_bytes() == b"xx"


@pytest.mark.parametrize(
    ("name", "size", "status", "word"),
    [
        ("empty.wav", 0, 422, "empty"),
        ("huge.wav", 10**15, 413, "larger than"),
        ("notes.txt", 10, 422, "not a kind of file"),
        ("page.svg", 10, 422, "not a kind of file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_once(
    browser: Client, name: str, size: int, status: int, word: str
) -> None:
    encoded = base64.b64encode(name.encode()).decode()
    headers = {"Upload-Length": str(size), "Upload-Metadata": f"filename {encoded}"}

    response = browser.post(reverse("upload_create"), headers=headers)

    assert response.status_code == status
    assert word in response.json()["error"]
    assert not Upload.objects.exists()


def test_what_is_no_media_is_refused_in_a_sentence_and_leaves_nothing(browser: Client) -> None:
    address = send_all(browser, "notes.mp3", b"These are only notes, renamed.\n" * 50)

    response = browser.post(f"{address}submit/", options())

    assert response.status_code == 422
    assert response.json()["error"].endswith(".")
    assert not Recording.objects.exists() and not Upload.objects.exists() and not Job.objects.exists()
    assert not list((settings.DATA_DIR / "uploads").glob(f"{address.split('/')[2]}*"))


def test_wrong_options_are_explained_and_the_upload_is_kept(browser: Client, speech: bytes) -> None:
    address = send_all(browser, "a.wav", speech)

    wrong = browser.post(f"{address}submit/", options(speakers="exact"))
    spanish = browser.post(f"{address}submit/", options(engine="pocketsphinx", language="es"))
    right = browser.post(f"{address}submit/", options())

    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["speaker_count"])
    assert (spanish.status_code, list(spanish.json()["fields"])) == (400, ["language"])
    assert right.status_code == 201


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ({"speakers": "none"}, None),
        ({"speakers": "auto", "speaker_count": "7"}, SpeakerOptions()),
        ({"speakers": "exact", "speaker_count": "3"}, SpeakerOptions(exact=3)),
        ({"speakers": "range", "speaker_minimum": "2", "speaker_maximum": "4"}, SpeakerOptions(minimum=2, maximum=4)),
        ({"speakers": "range", "speaker_minimum": "2", "speaker_maximum": ""}, SpeakerOptions(minimum=2)),
        # A form sends the fields it does not show as well.
        (
            {"speakers": "range", "speaker_count": "2", "speaker_minimum": "3", "speaker_maximum": "3"},
            SpeakerOptions(exact=3),
        ),
    ],
)
def test_speakers_are_counted_given_or_between_two_numbers(
    db: None, asked: dict[str, str], taken: SpeakerOptions | None
) -> None:
    form = OptionsForm(options(**asked))

    assert form.is_valid(), form.errors
    assert form.options is not None
    assert form.options.speakers == taken


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"speakers": "exact", "speaker_count": "0"}, "speaker_count"),
        ({"speakers": "exact", "speaker_count": "21"}, "speaker_count"),
        ({"speakers": "range"}, "speaker_minimum"),
        ({"speakers": "range", "speaker_minimum": "4", "speaker_maximum": "2"}, "speaker_maximum"),
        ({"speakers": "many"}, "speakers"),
        ({"engine": "pocketsphinx", "carry_context": "on"}, "carry_context"),
        ({"engine": "pocketsphinx", "mixed_languages": "on"}, "mixed_languages"),
    ],
)
def test_a_wrong_choice_is_explained_at_its_field(db: None, asked: dict[str, str], field: str) -> None:
    form = OptionsForm(options(**asked))

    assert list(form.errors) == [field]


def test_what_an_engine_can_do_is_passed_on(db: None, settings: Any) -> None:
    checkpoint = Path(__file__).parents[1] / "checkpoints" / "tiny-test.pt"
    settings.ENV = Env(DATA_DIR=settings.DATA_DIR, DEVICE="cpu", WHISPER_MODEL=str(checkpoint))

    form = OptionsForm(options(engine="whisper", mixed_languages="on"))

    assert form.is_valid(), form.errors
    assert form.options is not None
    assert (form.options.mixed_languages, form.options.carry_context) == (True, False)


def test_an_unfinished_upload_cannot_be_submitted(browser: Client) -> None:
    address = begin(browser, "a.wav", 10)

    assert browser.post(f"{address}submit/", options()).status_code == 409


def test_an_upload_can_be_given_up(browser: Client) -> None:
    address = begin(browser, "a.wav", 10)

    assert browser.delete(address).status_code == 204
    assert browser.head(address).status_code == 404


def test_a_name_with_a_path_is_only_a_name(browser: Client, speech: bytes) -> None:
    address = send_all(browser, '../../etc/cron.d/evil".wav', speech)
    browser.post(f"{address}submit/", options())

    recording = Recording.objects.get()
    assert recording.title == 'evil"'
    assert recording.media_key == f"recordings/{recording.pk}/media"
    assert "attachment" not in browser.get(reverse("media", args=[recording.pk]))["Content-Disposition"]


def test_the_web_side_of_an_upload_takes_no_path_from_the_form(browser: Client, speech: bytes) -> None:
    address = send_all(browser, "a.wav", speech)

    response = browser.post(f"{address}submit/", options(engine="whisper", model="/etc/passwd"))

    assert (response.status_code, list(response.json()["fields"])) == (400, ["model"])


def test_an_empty_service_call_says_what_is_wrong(owner: User) -> None:
    with pytest.raises(InputError, match="empty"):
        upload.begin(owner=owner, original_name="a.wav", size_bytes=0)


def test_a_piece_larger_than_a_piece_is_refused(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    address = begin(browser, "a.wav", 100)
    monkeypatch.setattr(upload, "PIECE_BYTES", 10)

    refused = browser.patch(address, b"x" * 11, content_type=PIECE, headers={"Upload-Offset": "0"})
    assert (refused.status_code, refused["Tus-Resumable"]) == (413, "1.0.0")
    assert "pieces of at most 10 bytes" in refused.json()["error"]
    assert send(browser, address, 0, b"x" * 10) == 204


def test_submitting_twice_makes_one_recording(browser: Client, speech: bytes) -> None:
    address = send_all(browser, "a.wav", speech)
    started = Upload.objects.get()
    browser.post(f"{address}submit/", options())
    started.save(force_insert=True)  # as the second of two clicks found it before the first had ended

    assert browser.head(address).status_code == 404
    assert send(browser, address, 0, b"x") == 404
    assert browser.post(f"{address}submit/", options()).status_code == 404
    assert Recording.objects.count() == 1


def test_an_upload_is_given_up_once_the_piece_that_just_comes_is_there(browser: Client) -> None:
    address = begin(browser, "a.wav", 10)
    begun = Upload.objects.get()
    part = upload.part_path(begun).open("rb")
    fcntl.flock(part, fcntl.LOCK_EX)  # as a piece that is being written
    letting_go = Timer(0.3, part.close)
    letting_go.start()

    assert browser.delete(address).status_code == 204

    letting_go.join()
    assert browser.head(address).status_code == 404
    assert not upload.part_path(begun).exists()


def test_an_upload_given_up_right_after_a_piece_came_is_no_error_for_the_piece(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = begin(browser, "a.wav", 10)
    append = upload.append

    def given_up_after(begun: Upload, **piece: Any) -> int:
        received = append(begun, **piece)
        browser.delete(address)
        return received

    monkeypatch.setattr(upload, "append", given_up_after)

    assert send(browser, address, 0, b"01234") == 204
    assert send(browser, address, 5, b"56789") == 404


def test_a_piece_for_somebody_whose_account_goes_meanwhile_is_not_kept(browser: Client, owner: User) -> None:
    begun = upload.begin(owner=owner, original_name="a.wav", size_bytes=10)

    class Slow(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            Upload.objects.all().delete()
            return super().read(size)

    with pytest.raises(UploadGone):
        upload.append(begun, offset=0, body=Slow(b"xx"))
    assert not upload.part_path(begun).exists()


@pytest.mark.parametrize("action", ["delete", "submit", "same"])
def test_an_upload_that_is_being_handed_in_cannot_be_given_up_or_handed_in_again(
    browser: Client, speech: bytes, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    address = send_all(browser, "a.wav", speech)
    monkeypatch.setattr(upload, "PATIENCE_SECONDS", 0.1)
    begun = Upload.objects.get()
    asked = {
        "delete": lambda: browser.delete(address),
        "submit": lambda: browser.post(f"{address}submit/", options()),
        "same": lambda: browser.get(f"{address}same/"),
    }

    with upload._locked(begun):
        answer = asked[action]()

    assert (answer.status_code, answer["Tus-Resumable"]) == (409, "1.0.0")
    assert "Try again" in answer.json()["error"]
    assert browser.post(f"{address}submit/", options()).status_code == 201


def test_giving_up_what_was_handed_in_is_told_that_it_has_ended(browser: Client, speech: bytes) -> None:
    address = send_all(browser, "a.wav", speech)
    started = Upload.objects.get()
    browser.post(f"{address}submit/", options())
    started.save(force_insert=True)  # as whoever gave it up found it before it was handed in

    assert browser.delete(address).status_code == 404
    assert not Upload.objects.exists() and Recording.objects.count() == 1


def test_an_upload_is_handed_in_only_once_at_a_time(owner: User, speech: bytes) -> None:
    begun = upload.begin(owner=owner, original_name="a.wav", size_bytes=len(speech))
    upload.append(begun, offset=0, body=BytesIO(speech))

    with upload._locked(begun), pytest.raises(UploadBusy):
        upload.complete(begun, options=TranscribeOptions(engine="pocketsphinx", model="en-us"))


def test_control_characters_are_left_out_of_a_name(browser: Client) -> None:
    begin(browser, "a\0b\r\n.wav", 10)

    assert Upload.objects.get().original_name == "ab.wav"


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "", "ten"])
def test_a_number_that_is_none_is_refused(browser: Client, number: str) -> None:
    address = begin(browser, "a.wav", 10)

    assert browser.post(reverse("upload_create"), headers={"Upload-Length": number}).status_code == 400
    assert browser.patch(address, b"x", content_type=PIECE, headers={"Upload-Offset": number}).status_code == 400


@pytest.fixture
def tiny_disk(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A data folder on a disk of one megabyte."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    settings.DATA_DIR = tmp_path
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_file_the_disk_has_no_room_for_is_refused_at_once(browser: Client, tiny_disk: Path) -> None:
    headers = {"Upload-Length": "2000000", "Upload-Metadata": "filename YS53YXY="}

    response = browser.post(reverse("upload_create"), headers=headers)

    assert response.status_code == 507
    assert "room" in response.json()["error"]


def test_a_disk_that_fills_up_is_said_and_the_upload_goes_on_once_there_is_room(
    browser: Client, tiny_disk: Path
) -> None:
    address = begin(browser, "a.wav", 800_000)
    (tiny_disk / "other").write_bytes(bytes(900_000))

    response = browser.patch(address, bytes(800_000), content_type=PIECE, headers={"Upload-Offset": "0"})

    assert response.status_code == 507
    assert "room" in response.json()["error"]
    (tiny_disk / "other").unlink()
    received = int(browser.head(address)["Upload-Offset"])
    assert send(browser, address, received, bytes(800_000 - received)) == 204


def test_files_of_uploads_without_a_row_are_found(owner: User, tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    begun, fresh = (upload.begin(owner=owner, original_name="a.wav", size_bytes=10) for _ in range(2))
    fresh.delete()
    lost = tmp_path / "uploads" / "0b9c7f0e-0000-4000-8000-000000000000.part"
    lost.touch()
    for path in (lost, upload.part_path(begun)):
        os.utime(path, (0, 0))

    assert list(upload.orphans()) == [lost]


def test_a_copy_of_the_sample_lies_where_the_sweep_finds_it_after_a_kill(
    owner: User, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "sample.wav").write_bytes(b"sound")
    copies: list[Path] = []
    monkeypatch.setattr(sample, "submit", lambda path, **others: copies.append(path))

    sample.transcribe_sample(owner)

    assert copies[0].is_relative_to(work.scratch_dir())
    assert not copies[0].exists()


# The protocol ---------------------------------------------------------------------------------------------------------


def checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def test_the_site_says_what_of_the_protocol_it_speaks(browser: Client) -> None:
    response = browser.options(reverse("upload_create"))

    assert response.status_code == 204
    assert (response["Tus-Resumable"], response["Tus-Version"]) == ("1.0.0", "1.0.0")
    assert set(response["Tus-Extension"].split(",")) == {"creation", "expiration", "termination", "checksum"}
    assert response["Tus-Max-Size"] == str(settings.ENV.MAX_UPLOAD_BYTES)
    assert Client().options(reverse("upload_create")).status_code == 204  # also before anybody signed in
    assert set(response["Tus-Checksum-Algorithm"].split(",")) == {"sha1", "sha256"}


@pytest.mark.parametrize("method", ["post", "head", "patch", "delete"])
def test_another_version_of_the_protocol_is_refused(browser: Client, method: str) -> None:
    address = reverse("upload_create") if method == "post" else begin(browser, "a.wav", 10)

    response = getattr(browser, method)(address, headers={"Tus-Resumable": "0.2.2", "Upload-Length": "10"})

    assert (response.status_code, response["Tus-Version"]) == (412, "1.0.0")
    assert Upload.objects.count() == (method != "post")


def test_every_answer_names_the_version_and_where_the_upload_stands(browser: Client) -> None:
    address = begin(browser, "a.wav", 10)
    piece = browser.patch(address, b"01234", content_type=PIECE, headers={"Upload-Offset": "0"})
    wrong = browser.patch(address, b"xx", content_type=PIECE, headers={"Upload-Offset": "3"})
    no_piece = browser.patch(address, b"56789", content_type="text/plain", headers={"Upload-Offset": "5"})

    assert (piece.status_code, piece["Upload-Offset"]) == (204, "5")
    assert (wrong.status_code, no_piece.status_code) == (409, 415)
    assert {answer["Tus-Resumable"] for answer in (piece, wrong, no_piece)} == {"1.0.0"}
    assert browser.head(address)["Cache-Control"] == "no-store"


def test_what_a_client_says_of_a_file_is_told_back_as_it_was(browser: Client) -> None:
    said = "filename YS53YXY=,filetype YXVkaW8vd2F2,flag"
    response = browser.post(reverse("upload_create"), headers={"Upload-Length": "10", "Upload-Metadata": said})

    assert browser.head(response["Location"])["Upload-Metadata"] == said


def test_an_unfinished_upload_says_when_it_will_be_given_up(browser: Client) -> None:
    address = begin(browser, "a.wav", 10)
    cut = browser.patch(address, b"01234", content_type=PIECE, headers={"Upload-Offset": "0"})
    limit = Upload.objects.get().updated_at.timestamp() + settings.ENV.UPLOAD_EXPIRY_HOURS * 3600
    whole = browser.patch(address, b"56789", content_type=PIECE, headers={"Upload-Offset": "5"})

    assert parse_http_date(cut["Upload-Expires"]) == int(limit)
    assert "Upload-Expires" not in whole


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_that_was_changed_on_its_way_is_not_kept(browser: Client, algorithm: str) -> None:
    address = begin(browser, "a.wav", 10)
    headers = {"Upload-Offset": "0", "Upload-Checksum": checksum(algorithm, b"01234")}

    changed = browser.patch(address, b"0123x", content_type=PIECE, headers=headers)
    assert (changed.status_code, browser.head(address)["Upload-Offset"]) == (460, "0")

    assert browser.patch(address, b"01234", content_type=PIECE, headers=headers).status_code == 204


@pytest.mark.parametrize("given", ["md5 AAAA", "sha1 ?", "sha1", ""])
def test_a_checksum_that_cannot_be_taken_is_refused(browser: Client, given: str) -> None:
    address = begin(browser, "a.wav", 10)
    headers = {"Upload-Offset": "0", "Upload-Checksum": given}

    status = browser.patch(address, b"01234", content_type=PIECE, headers=headers).status_code

    assert status in {400, 460}
    assert browser.head(address)["Upload-Offset"] == "0"


def test_where_only_post_passes_the_method_stands_in_a_header(browser: Client) -> None:
    address = begin(browser, "a.wav", 5)
    headers = {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}

    assert browser.post(address, b"01234", content_type=PIECE, headers=headers).status_code == 204
    assert browser.post(address, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert browser.head(address).status_code == 404


# The same file again --------------------------------------------------------------------------------------------------


def test_a_file_that_is_here_already_is_found_by_what_is_in_it(browser: Client, speech: bytes) -> None:
    browser.post(f"{send_all(browser, 'meeting.wav', speech)}submit/", options())
    recording = Recording.objects.get()

    again = send_all(browser, "another name.wav", speech)
    other = send_all(browser, "meeting.wav", speech[:-2] + b"\1\1")

    assert recording.content_hash == hashlib.sha256(speech).hexdigest()
    (found,) = browser.get(f"{again}same/").json()["recordings"]
    assert (found["title"], found["url"]) == ("meeting", reverse("recording", args=[recording.pk]))
    assert found["since"]
    assert browser.get(f"{other}same/").json()["recordings"] == []
    assert browser.post(f"{again}submit/", options()).status_code == 201  # whoever wants it twice has it twice
    assert Recording.objects.filter(content_hash=recording.content_hash).count() == 2


def test_the_file_of_somebody_else_is_not_told_of(browser: Client, stranger: User, speech: bytes) -> None:
    theirs = Client()
    theirs.force_login(stranger)
    theirs.post(f"{send_all(theirs, 'secret.wav', speech)}submit/", options())

    mine = send_all(browser, "mine.wav", speech)

    assert browser.get(f"{mine}same/").json()["recordings"] == []


def test_a_recording_of_before_without_a_hash_is_simply_not_found(browser: Client, owner: User, speech: bytes) -> None:
    Recording.objects.create(owner=owner, title="Old", original_name="old.wav", size_bytes=len(speech))

    address = send_all(browser, "old.wav", speech)

    assert browser.get(f"{address}same/").json()["recordings"] == []


def test_a_recording_in_the_trash_is_not_shown_as_known(browser: Client, speech: bytes) -> None:
    browser.post(f"{send_all(browser, 'meeting.wav', speech)}submit/", options())
    Recording.objects.update(deleted_at=timezone.now())

    again = send_all(browser, "meeting.wav", speech)

    assert browser.get(f"{again}same/").json()["recordings"] == []


def test_a_file_that_has_not_arrived_is_not_compared(browser: Client) -> None:
    address = begin(browser, "a.wav", 10)
    send(browser, address, 0, b"01234")

    assert browser.get(f"{address}same/").status_code == 409


# What the page offers to go on with -----------------------------------------------------------------------------------


def begin_on_page(client: Client, name: str, size: int) -> str:
    pairs = {"filename": name, "filetype": "audio/wav", "modified": "1700000000000"}
    said = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
    headers = {"Upload-Length": str(size), "Upload-Metadata": said}
    return str(client.post(reverse("upload_create"), headers=headers)["Location"])


def offered(client: Client) -> list[tuple[str, int, bool]]:
    unfinished = client.get(reverse("upload")).context["unfinished"]
    return [(one.upload.original_name, one.percent, one.is_whole) for one in unfinished]


def test_the_page_offers_to_go_on_with_what_was_cut(browser: Client, stranger: User) -> None:
    send(browser, begin_on_page(browser, "interview.wav", 1000), 0, bytes(629))
    send(browser, begin_on_page(browser, "whole.wav", 5), 0, bytes(5))
    begin_on_page(browser, "nothing yet.wav", 10)
    send(browser, begin(browser, "of another client.wav", 10), 0, bytes(5))
    theirs = Client()
    theirs.force_login(stranger)

    assert offered(browser) == [("whole.wav", 100, True), ("interview.wav", 62, False)]
    assert offered(theirs) == []


def test_what_is_past_its_time_is_not_offered(browser: Client) -> None:
    send(browser, begin_on_page(browser, "interview.wav", 1000), 0, bytes(629))
    Upload.objects.update(updated_at=timezone.now() - timedelta(hours=settings.ENV.UPLOAD_EXPIRY_HOURS + 1))

    assert offered(browser) == []
