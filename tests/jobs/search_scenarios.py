"""What a search must hold to on both databases, done on the one at hand."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import queue
from jobs.models import Job, Recording, Segment, Transcript
from jobs.services import change_log, editing, library, lifecycle, search, versions, work
from jobs.services.edit_operations import Delete, Insert, Join, ReplaceAll, SetText, Split
from tests.jobs.recipes import make_job, recipe_of
from tests.jobs.transcripts import make_transcript

# (what was done, the queries that find something from then on)
Told = list[tuple[str, list[str]]]
QUERIES = (
    '"alpha"',
    '"omega"',
    '"beta"',
    '"theta"',
    '"gamma delta"',
    '"last"',
    '"heard"',
    '"added"',
    '"part"',
    '"renamed"',
)
COMMON, RARE, MANY = "common", "rare", 20_000


@dataclass(frozen=True)
class Looked:
    """How a database looked among `MANY` sentences, all of which have one word and one of which has another."""

    plan: str
    limits: list[str]
    is_cut: bool
    shown: int


def follow_edits(owner: User) -> Told:
    """Do all that changes what people read, and look after each."""
    told: Told = []
    text = make_transcript(owner, ["Alpha beta.", "Gamma delta.", "Last one."])
    recording = text.recording

    def look(done: str) -> None:
        own = library.own(owner)
        told.append((done, [query for query in QUERIES if search.search(own, query).found]))

    def edit(done: str, *operations: Any) -> None:
        editing.edit(text, owner, operations)
        look(done)

    def row(number: int) -> dict[str, Any]:
        segment = text.segments.all()[number]
        return {"segment": segment.pk, "revision": segment.revision}

    def joined(number: int, following: int) -> Join:
        other = row(following)
        return Join(**row(number), following=other["segment"], following_revision=other["revision"])

    look("begin")
    edit("edit", SetText(**row(0), text="Omega beta."))
    change_log.undo(text, owner)
    look("undo")
    change_log.redo(text, owner)
    look("redo")
    edit("split", Split(**row(1), offset=6))
    edit("join", joined(1, 2))
    text.refresh_from_db()
    edit("replace", ReplaceAll(revision=text.revision, find="beta", replacement="theta"))
    edit("passage heard again", SetText(**row(0), text="Omega heard."), SetText(**row(1), text="Gamma delta heard."))
    edit("insert", Insert(start=100, end=101, text="Added."))
    edit("delete", Delete(**row(3)))
    library.rename(recording, "Renamed")
    look("title")
    with recipe_of(), queue.silenced():
        job = make_job(owner, recording=recording)
        work.run_here(job.pk, worker="test")
    look("run again")
    versions.show(Transcript.objects.get(pk=text.pk))
    look("other version shown")
    text.refresh_from_db()
    version = Job.objects.get(pk=job.pk).transcript.pk
    versions.restore_version(text, owner, version=version, revision=text.revision)
    look("other version taken over")
    lifecycle.to_trash(recording)
    look("trash")
    lifecycle.from_trash(recording)
    look("put back")
    lifecycle.delete_recording(recording)
    look("deleted for good")
    return told


def look_among_many(owner: User) -> Looked:
    recording = Recording.objects.create(owner=owner, title="Many", size_bytes=1)
    text = Transcript.objects.create(recording=recording, language="en", engine="e", model="m")
    said = (f"{COMMON} word{number} {RARE if number == MANY // 2 else ''}" for number in range(MANY))
    Segment.objects.bulk_create(
        (Segment(transcript=text, start=at, end=at + 1, text=words) for at, words in enumerate(said)), batch_size=1000
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    own = Recording.objects.filter(owner=owner)
    with CaptureQueriesContext(connection) as common:
        results = search.search(own, f'"{COMMON}"')
    with CaptureQueriesContext(connection) as rare:
        assert search.search(own, f'"{RARE}"').found
    asked = [query["sql"] for query in common.captured_queries if "jobs_segment" in query["sql"]]
    explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    plan = []
    with connection.cursor() as cursor:
        for query in rare.captured_queries:
            if "jobs_segment" in query["sql"]:
                cursor.execute(explain + query["sql"])
                plan += [str(row[-1]) for row in cursor.fetchall()]
    limits = [sql.rpartition("LIMIT ")[2] for sql in asked]
    return Looked("\n".join(plan), limits, results.is_cut, sum(one.count for one in results.found))


def tell() -> None:
    """Do both in an empty database, and print what was seen."""
    call_command("migrate", verbosity=0)
    owner = User.objects.create(username="a")
    sys.stdout.write(json.dumps({"edits": follow_edits(owner), "many": asdict(look_among_many(owner))}))
