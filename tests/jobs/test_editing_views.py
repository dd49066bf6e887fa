"""The way in from outside: shapes, refusals, and many people at once."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from jobs.models import Transcript
from jobs.services import editing
from jobs.services.edit_operations import Insert, SetText
from tests.jobs.transcripts import make_transcript, texts_of
from tests.services import ROOT, postgresql

TEXTS = ["We met in may.", "Who was there?", "The May team."]


@pytest.fixture
def transcript(owner: User) -> Transcript:
    return make_transcript(owner, TEXTS, speakers="010", duration=60.0)


def post(browser: Client, transcript: Transcript, name: str, body: Any) -> HttpResponse:
    address = reverse(f"transcript_{name}", args=[transcript.pk])
    text = body if isinstance(body, str) else json.dumps(body)
    return browser.post(address, text, content_type="application/json")  # type: ignore[return-value]


def change(browser: Client, transcript: Transcript, **operation: Any) -> HttpResponse:
    return post(browser, transcript, "changes", {"operations": [operation]})


def first_id(transcript: Transcript) -> int:
    return transcript.segments.values_list("pk", flat=True)[0]


def told(response: HttpResponse, status: int = 200) -> Any:
    assert response.status_code == status, response.content
    return json.loads(response.content)


def test_an_edit_answers_with_what_changed(browser: Client, transcript: Transcript) -> None:
    pk = first_id(transcript)

    answer = told(change(browser, transcript, kind="text", segment=pk, revision=0, text="We met in June."))

    speaker = answer["speakers"][0]
    assert answer["segments"] == [
        {
            "id": pk,
            "revision": 1,
            "times": [[0, 0.0, 1.0, 50], [3, 1.0, 2.0, 50], [7, 2.0, 3.0, 50], [10, 3.0, 4.0]],
            "start": 0.0,
            "end": 4.0,
            "text": "We met in June.",
            "words": [
                ["We", 0.0, 1.0, 0.5],
                ["met", 1.0, 2.0, 0.5],
                ["in", 2.0, 3.0, 0.5],
                ["June.", 3.0, 4.0, 1.0, ["confirmed"]],
            ],
            "confidence": 0.625,
            "marks": [],
            "is_edited": True,
            "is_speaker_chosen": False,
            "speaker": speaker["id"],
        }
    ]
    assert speaker == {"id": speaker["id"], "label": "SPEAKER_00", "name": "", "display_name": "Speaker 1"}
    assert (answer["revision"], answer["changes"], answer["removed"], answer["reload"]) == (1, [1], [], False)
    assert answer["undo"] == {"number": 1, "kind": "text", "title": "Text corrected"}
    assert answer["redo"] is None


def test_undo_and_redo_work_in_another_browser(browser: Client, transcript: Transcript, owner: User) -> None:
    change(browser, transcript, kind="text", segment=first_id(transcript), revision=0, text="Corrected.")
    other = Client()
    other.force_login(owner)

    undone = told(post(other, transcript, "undo", {}))
    after_undo = texts_of(transcript)
    redone = told(post(other, transcript, "redo", {}))

    assert (after_undo[0], texts_of(transcript)[0]) == (TEXTS[0], "Corrected.")
    assert (undone["undo"], undone["redo"]["number"]) == (None, 1)
    assert (redone["undo"]["number"], redone["redo"]) == (1, None)
    assert told(post(other, transcript, "redo", {}), 422)["error"] == "There is nothing to do again."


def test_a_conflict_has_both_texts_and_what_they_started_from(
    browser: Client, transcript: Transcript, owner: User
) -> None:
    pk = first_id(transcript)
    change(browser, transcript, kind="text", segment=pk, revision=0, text="Theirs.")

    answer = told(change(browser, transcript, kind="text", segment=pk, revision=0, text="Mine."), 409)

    (conflict,) = answer["conflicts"]
    assert answer["error"] == "Somebody else has changed this passage meanwhile."
    assert (conflict["segment"], conflict["revision"], conflict["who"]) == (pk, 1, owner.username)
    assert [conflict[name]["text"] for name in ("base", "theirs", "yours")] == [TEXTS[0], "Theirs.", "Mine."]
    again = change(browser, transcript, kind="text", segment=pk, revision=conflict["revision"], text="Both.")
    assert told(again)["segments"][0]["text"] == "Both."


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "\xff",
        {"operations": []},
        {"operations": [{"kind": "text"}]},
        {"operations": [{"kind": "shout", "segment": 1, "revision": 0}]},
        {"operations": [{"kind": "text", "segment": "1", "revision": 0, "text": "a"}]},
        {"operations": [{"kind": "text", "segment": 1, "revision": -1, "text": "a"}]},
        {"operations": [{"kind": "text", "segment": 10**30, "revision": 0, "text": "a"}]},
        {"operations": [{"kind": "text", "segment": 1, "revision": 0, "text": "a" * 20_001}]},
        {"operations": [{"kind": "text", "segment": 1, "revision": 0, "text": "a", "owner": 1}]},
        {"operations": [{"kind": "delete", "segment": 1, "revision": 0}] * 101},
        {"operations": [{"kind": "delete", "segment": 1, "revision": 0}], "request": "a" * 41},
        {"operations": [{"kind": "delete", "segment": 1, "revision": 0}], "request": 1},
        '{"operations": [{"kind": "insert", "start": NaN, "end": 1, "text": "a"}]}',
        '{"operations": [{"kind": "insert", "start": 0, "end": 1e400, "text": "a"}]}',
    ],
)
def test_what_cannot_be_understood_is_said_so(
    browser: Client, transcript: Transcript, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = told(post(browser, transcript, "changes", body), 400)

    assert answer == {"error": "The page and the server do not understand each other. Load the page again."}
    assert "jobs.views.editing" in {record.name for record in caplog.records}  # it says why
    assert texts_of(transcript) == TEXTS


@pytest.mark.parametrize("text", ["", " \n", "\x00"])
def test_an_empty_text_is_refused_with_advice(browser: Client, transcript: Transcript, text: str) -> None:
    answer = told(change(browser, transcript, kind="text", segment=first_id(transcript), revision=0, text=text), 422)

    assert answer["error"] == "A passage cannot be empty. Delete it instead."


def test_a_segment_of_another_transcript_is_not_there(browser: Client, transcript: Transcript, owner: User) -> None:
    other = make_transcript(owner, ["Elsewhere."])

    answer = told(change(browser, transcript, kind="delete", segment=first_id(other), revision=0), 409)

    assert answer["conflicts"][0]["base"] is None
    assert texts_of(other) == ["Elsewhere."]


def test_a_speaker_of_another_transcript_is_not_there(browser: Client, transcript: Transcript, owner: User) -> None:
    speaker = make_transcript(owner, ["Elsewhere."], speakers="0").speakers.get()

    told(
        change(browser, transcript, kind="speaker", segment=first_id(transcript), revision=0, speaker=speaker.pk),
        409,
    )


# An answer that got lost --------------------------------------------------------------------------------------------


def test_a_request_that_comes_again_does_nothing_and_tells_what_it_did(browser: Client, transcript: Transcript) -> None:
    first, second = transcript.segments.values_list("pk", flat=True)[:2]
    body = {
        "request": "a1",
        "operations": [
            {"kind": "insert", "start": 30.0, "end": 31.0, "text": "Once."},
            {"kind": "split", "segment": first, "revision": 0, "offset": 6},
            {"kind": "delete", "segment": second, "revision": 0},
        ],
    }

    lost = told(post(browser, transcript, "changes", body))
    again = told(post(browser, transcript, "changes", body))

    assert again == lost
    assert (again["changes"], again["removed"], again["revision"]) == ([1, 2, 3], [second], 3)
    assert texts_of(transcript) == ["We met", "in may.", TEXTS[2], "Once."]
    assert list(transcript.changes.values_list("request", flat=True)) == ["a1"] * 3


def test_what_a_request_did_is_told_as_it_stands_now(browser: Client, transcript: Transcript) -> None:
    pk = first_id(transcript)
    body = {"request": "a1", "operations": [{"kind": "text", "segment": pk, "revision": 0, "text": "Mine."}]}
    told(post(browser, transcript, "changes", body))
    told(change(browser, transcript, kind="text", segment=pk, revision=1, text="And theirs."))

    again = told(post(browser, transcript, "changes", body))

    assert [(each["text"], each["revision"]) for each in again["segments"]] == [("And theirs.", 2)]
    assert (again["changes"], again["revision"]) == ([1], 2)


@pytest.mark.parametrize("name", ["undo", "redo"])
def test_a_way_back_or_forth_that_is_asked_for_again_is_gone_once(
    browser: Client, transcript: Transcript, name: str
) -> None:
    for text in ("One.", "Two."):
        revision = Transcript.objects.get(pk=transcript.pk).revision
        told(change(browser, transcript, kind="text", segment=first_id(transcript), revision=revision, text=text))
    if name == "redo":
        for _ in range(2):
            told(post(browser, transcript, "undo", {}))

    lost = told(post(browser, transcript, name, {"request": "b"}))
    again = told(post(browser, transcript, name, {"request": "b"}))

    assert again == lost
    assert texts_of(transcript)[0] == "One."


def test_an_undo_that_is_refused_says_what_stands_against_it_and_what_is_next(
    browser: Client, transcript: Transcript, stranger: User
) -> None:
    first, second = transcript.segments.values_list("pk", flat=True)[:2]
    told(change(browser, transcript, kind="text", segment=second, revision=0, text="Before."))
    told(change(browser, transcript, kind="text", segment=first, revision=0, text="Mine."))
    editing.edit(transcript, stranger, [SetText(segment=first, revision=1, text="Theirs.")])

    answer = told(post(browser, transcript, "undo", {"request": "e"}), 409)
    again = told(post(browser, transcript, "undo", {"request": "e"}), 409)

    assert again == answer
    assert [each["theirs"]["text"] for each in answer["conflicts"]] == ["Theirs."]
    assert (answer["undo"]["number"], answer["redo"]) == (1, None)
    assert told(post(browser, transcript, "undo", {"request": "f"}))["undo"] is None
    assert texts_of(transcript)[:2] == ["Theirs.", TEXTS[1]]


def test_a_restoring_that_is_asked_for_again_is_done_once(browser: Client, transcript: Transcript) -> None:
    told(change(browser, transcript, kind="delete", segment=first_id(transcript), revision=0))
    body = {"number": 0, "revision": 1, "request": "c"}

    lost = told(post(browser, transcript, "restore", body))
    again = told(post(browser, transcript, "restore", body))

    assert again == lost
    assert (texts_of(transcript), transcript.changes.count()) == (TEXTS, 2)


def test_a_version_is_restored_once_however_often_it_is_asked_for(browser: Client, transcript: Transcript) -> None:
    before = transcript.created_at - timedelta(hours=1)
    old = Transcript.objects.create(
        recording=transcript.recording, language="en", engine="vosk", model="", created_at=before, shown_at=before
    )
    old.segments.create(start=0.0, end=1.0, text="Older.")
    body = {"version": old.pk, "revision": 0, "request": "d"}

    lost = told(post(browser, transcript, "restore", body))
    again = told(post(browser, transcript, "restore", body))

    assert (again["changes"], again["segments"]) == (lost["changes"], lost["segments"])
    assert sorted(again["removed"]) == sorted(lost["removed"])
    assert (texts_of(transcript), transcript.changes.count()) == (["Older."], 1)


def test_the_same_name_in_another_transcript_or_of_another_person_is_another_request(
    browser: Client, transcript: Transcript, owner: User, stranger: User
) -> None:
    other = make_transcript(owner, TEXTS, duration=60.0)
    operation = {"kind": "insert", "start": 30.0, "end": 31.0, "text": "Once."}
    body = {"request": "a1", "operations": [operation]}

    for each in (transcript, other):
        told(post(browser, each, "changes", body))
    editing.edit(transcript, stranger, [Insert(start=40.0, end=41.0, text="Theirs.")], "a1")

    assert (len(texts_of(transcript)), len(texts_of(other))) == (5, 4)


def test_requests_without_a_name_are_each_a_new_one(browser: Client, transcript: Transcript) -> None:
    for _ in range(2):
        told(change(browser, transcript, kind="insert", start=30.0, end=31.0, text="Once."))

    assert len(texts_of(transcript)) == 5


def test_a_text_that_stands_already_tells_the_revision_it_has(browser: Client, transcript: Transcript) -> None:
    pk = first_id(transcript)
    told(change(browser, transcript, kind="text", segment=pk, revision=0, text="Corrected."))

    again = told(change(browser, transcript, kind="text", segment=pk, revision=0, text="Corrected."))
    known = told(change(browser, transcript, kind="text", segment=pk, revision=1, text="Corrected."))

    assert [(each["id"], each["revision"]) for each in again["segments"]] == [(pk, 1)]
    assert (again["changes"], known["segments"], known["changes"]) == ([], [], [])


# What was done --------------------------------------------------------------------------------------------------------


def test_the_history_tells_who_did_what(browser: Client, transcript: Transcript, owner: User) -> None:
    pk = first_id(transcript)
    change(browser, transcript, kind="text", segment=pk, revision=0, text="Corrected.")
    change(browser, transcript, kind="replace", revision=1, find="May", replacement="June", match_case=True)
    post(browser, transcript, "undo", {})
    address = reverse("transcript_history", args=[transcript.pk])

    everything = told(browser.get(address))  # type: ignore[arg-type]
    of_one = told(browser.get(address, {"segment": pk}))  # type: ignore[arg-type]
    older = told(browser.get(address, {"below": 2}))  # type: ignore[arg-type]

    assert [(each["number"], each["kind"], each["standing"], each["target"]) for each in everything["entries"]] == [
        (3, "undo", "done", 2),
        (2, "replace", "undone", None),
        (1, "text", "done", None),
    ]
    assert [each["number"] for each in of_one["entries"]] == [each["number"] for each in older["entries"]] == [1]
    (entry,) = of_one["entries"]
    assert (entry["who"], entry["segments"], entry["shown"]["segment"]) == (owner.username, 1, pk)
    assert (entry["shown"]["before"]["text"], entry["shown"]["after"]["text"]) == (TEXTS[0], "Corrected.")


def test_a_point_of_the_history_is_restored(browser: Client, transcript: Transcript) -> None:
    change(browser, transcript, kind="delete", segment=first_id(transcript), revision=0)

    answer = told(post(browser, transcript, "restore", {"number": 0, "revision": 1}))

    assert texts_of(transcript) == TEXTS
    assert answer["undo"]["kind"] == "restore"
    assert answer["segments"][0]["revision"] == 2


def test_another_version_is_told_of_and_restored(browser: Client, transcript: Transcript) -> None:
    before = transcript.created_at - timedelta(hours=1)
    old = Transcript.objects.create(
        recording=transcript.recording, language="en", engine="vosk", model="", created_at=before, shown_at=before
    )
    old.segments.create(start=0.0, end=1.0, text="Older.")

    told_of = told(browser.get(reverse("transcript_history", args=[transcript.pk])))["versions"]  # type: ignore[arg-type]
    told(post(browser, transcript, "restore", {"version": old.pk, "revision": 0}))

    assert [(each["id"], each["engine"], each["is_shown"]) for each in told_of] == [
        (transcript.pk, "whisper", True),
        (old.pk, "vosk", False),
    ]
    assert texts_of(transcript) == ["Older."]


def test_places_are_counted_and_shown(browser: Client, transcript: Transcript) -> None:
    address = reverse("transcript_matches", args=[transcript.pk])

    answer = told(browser.get(address, {"q": "MAY"}))  # type: ignore[arg-type]

    assert (answer["count"], answer["revision"]) == (2, 0)
    assert answer["matches"][0] == {
        "segment": first_id(transcript),
        "start": 0.0,
        "offset": 10,
        "length": 3,
        "before": "We met in ",
        "text": "may",
        "after": ".",
    }
    assert told(browser.get(address, {"q": "MAY", "case": "1"}))["count"] == 0  # type: ignore[arg-type]
    assert told(browser.get(address, {"q": "ma", "word": "1"}))["count"] == 0  # type: ignore[arg-type]
    assert "error" in told(browser.get(address), 400)  # type: ignore[arg-type]


def test_a_change_of_very_much_is_to_be_loaded_again(browser: Client, owner: User) -> None:
    long = make_transcript(owner, ["so many words"] * 300)

    answer = told(change(browser, long, kind="replace", revision=0, find="many", replacement="few"))

    assert (answer["reload"], answer["segments"]) == (True, [])
    assert texts_of(long) == ["so few words"] * 300


def test_a_download_has_the_corrected_text_and_the_names_at_once(browser: Client, transcript: Transcript) -> None:
    speaker = transcript.speakers.first()
    assert speaker is not None
    change(browser, transcript, kind="text", segment=first_id(transcript), revision=0, text="We met in June.")
    change(browser, transcript, kind="rename", speaker=speaker.pk, was="", name="Ann")

    files = {
        name: browser.get(reverse("export", args=[transcript.job_id, name])) for name in ("txt", "srt", "vtt", "json")
    }

    assert all(b"June" in file.content and b"Ann" in file.content for file in files.values())
    assert files["txt"]["Content-Disposition"].startswith("attachment")
    assert files["txt"]["Cache-Control"] == "private, no-store"
    assert json.loads(files["json"].content)["segments"][0]["words"][3]["confidence"] == 1.0


# Runs in a process of its own with a server of many threads, on the database of its environment.
MANY_AT_ONCE = """
import json, threading
import django
django.setup()
from concurrent.futures import ThreadPoolExecutor
import requests
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import Client
from jobs import queue
from jobs.models import SegmentChange, Transcript
from tests.jobs.transcripts import make_transcript, texts_of

class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass

call_command("migrate", verbosity=0)
owner = User.objects.create_user("owner@example.org", "owner@example.org", "pass-of-owner")
with queue.silenced():
    transcript = make_transcript(owner, ["begin"] * 5)
browser = Client()
browser.force_login(owner)
cookies = {"sessionid": browser.cookies["sessionid"].value, "csrftoken": "a" * 32}
ThreadedWSGIServer.request_queue_size = 100  # all may knock at once
server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
server.set_app(get_wsgi_application())
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/transcripts/{transcript.pk}/changes/"
segments = list(transcript.segments.values_list("pk", flat=True))
together = threading.Barrier(50)

def edit(number):
    # As a person does: what was changed meanwhile is looked at, and one's own word is put behind it.
    text, revision, refused = "begin", 0, 0
    together.wait()
    while True:
        said = {"text": f"{text} w{number}.", "revision": revision}
        body = {"operations": [{"kind": "text", "segment": segments[number % 5], **said}]}
        headers = {"X-CSRFToken": cookies["csrftoken"], "Content-Type": "application/json"}
        answer = requests.post(address, json.dumps(body), cookies=cookies, headers=headers, timeout=60)
        if answer.status_code == 200:
            return refused
        assert answer.status_code == 409, (answer.status_code, answer.text[:500])
        (conflict,) = answer.json()["conflicts"]
        assert conflict["yours"]["text"].endswith(f"w{number}.")
        text, revision, refused = conflict["theirs"]["text"], conflict["revision"], refused + 1

with ThreadPoolExecutor(50) as pool:
    refused = sum(pool.map(edit, range(50)))
numbers = list(transcript.changes.order_by("number").values_list("number", flat=True))
added = [row["text"].split()[-1] for row in
         SegmentChange.objects.values_list("after", flat=True)]
print(json.dumps({
    "words": sorted(" ".join(texts_of(transcript)).split()),
    "numbers": numbers,
    "added": sorted(added),
    "revision": Transcript.objects.get().revision,
    "refused": refused,
}))
"""


def fifty_at_once(database: str, folder: Path) -> None:
    variables = os.environ | {
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "transcriber.settings",
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder),
    }
    ran = subprocess.run(
        [sys.executable, "-c", MANY_AT_ONCE], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    ours = sorted(f"w{number}." for number in range(50))
    assert found["words"] == sorted([*ours, *["begin"] * 5])
    assert found["added"] == ours
    assert (found["numbers"], found["revision"]) == (list(range(1, 51)), 50)
    assert found["refused"] >= 5


def test_fifty_edits_at_once_are_all_kept_by_sqlite(tmp_path: Path) -> None:
    fifty_at_once(f"sqlite:///{tmp_path / 'site.sqlite3'}", tmp_path)


@pytest.mark.postgres
def test_fifty_edits_at_once_are_all_kept_by_postgresql(tmp_path: Path) -> None:
    with postgresql() as address:
        fifty_at_once(address, tmp_path)


def test_captions_are_the_words_as_they_stand_and_come_from_this_site(browser: Client, transcript: Transcript) -> None:
    address = reverse("captions", args=[transcript.pk])
    before = browser.get(address)
    change(browser, transcript, kind="text", segment=first_id(transcript), revision=0, text="We met in June.")

    after = browser.get(address)

    assert (before.status_code, before["Content-Type"].split(";")[0]) == (200, "text/vtt")
    assert TEXTS[0] in before.content.decode() and "We met in June." in after.content.decode()
