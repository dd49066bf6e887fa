"""C12: search over 1,000,000 sentences of one person in PostgreSQL.

Ours is the whole service that the library's page calls: the texts that people read, titles, candidates, ranking and
passages with marks. The peers ask the same database and index for the same word and rank all that match, as Django's
documentation shows it: with the stored vector, and with a vector made of each text on the fly. Words are drawn as
people draw them, few of them often; the common ones are in a fifth of all sentences or more, the rare ones in about
a hundred.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks.measuring import conclude, describe, say, site, timed
from tests.services import postgresql

RECORDINGS, SEGMENTS_EACH = 4000, 250
COMMON = ("b", "c", "d", "e")
BEGINNINGS = ("ba", "cd", "bcd", "jab", "bcde", "zz")  # as a word is typed: from a tenth of all sentences to none
RARE_QUERIES, COMMON_QUERIES, PEER_QUERIES = 100, 40, 5

# A word is the letters for the digits of a number k, drawn with a probability of about 1/k.
SEED = """
    INSERT INTO jobs_segment
        (transcript_id, start, "end", text, words, marks, is_edited, is_speaker_chosen, revision, confidence)
    SELECT transcript.id, number * 4, number * 4 + 3, said.text, %s, '[]', false, false, 0, 0.9
    FROM jobs_transcript AS transcript, generate_series(1, %s) AS number, LATERAL (
        SELECT string_agg(
            translate(floor(power(20000, random()))::int::text, '0123456789', 'abcdefghij'), ' '
        ) AS text
        FROM generate_series(1, 12) WHERE number > 0 AND transcript.id > 0
    ) AS said
"""
RANK_ALL = """
    SELECT segment.id, ts_rank(segment.search_vector, query) AS rank
    FROM jobs_segment AS segment
    JOIN jobs_transcript AS transcript ON transcript.id = transcript_id
    JOIN jobs_recording AS recording ON recording.id = recording_id,
    to_tsquery('simple', %s) AS query
    WHERE segment.search_vector @@ query AND owner_id = %s ORDER BY rank DESC LIMIT 20
"""


def run() -> None:
    print(f"search: {RECORDINGS * SEGMENTS_EACH:,} sentences of one person in PostgreSQL")
    with postgresql() as address:
        os.environ["DATABASE_URL"] = address
        with site():
            owner = seed()
            rare = rare_words()
            ours_rare = asked("ours, rare word", ours(owner), rare, RARE_QUERIES)
            ours_common = asked("ours, common word", ours(owner), COMMON, COMMON_QUERIES)
            asked("ours, beginnings of words", ours(owner), BEGINNINGS, COMMON_QUERIES)
            asked("ranking all that match, rare", rank_all(owner), rare, RARE_QUERIES)
            all_common = asked("ranking all that match, common", rank_all(owner), COMMON, PEER_QUERIES)
            fly = asked("Django's vector on the fly, rare", on_the_fly(owner), rare, 1)
            edited = edit_until_found(owner)
    say(f"from an edit to its being found    {1000 * edited:.0f} ms")
    conclude("C12/rare", late(ours_rare), late(fly), "ms", "ours<=50ms")
    conclude("C12/common", late(ours_common), late(all_common), "ms", "ours<=150ms")
    conclude("C12/ranking", late(ours_common), late(all_common), "ms", ">=5")
    conclude("C12/edit", 1000 * edited, late(fly), "ms", "ours<=1000ms")


def late(seconds: Sequence[float]) -> float:
    """The 95th percentile, in ms."""
    return 1000 * sorted(seconds)[round(0.95 * (len(seconds) - 1))]


def asked(what: str, search: Callable[[str], object], words: Sequence[str], times: int) -> list[float]:
    """Seconds of each question, after two that warm up where there are more."""
    for word in words[: 2 if times > 1 else 0]:
        search(word)
    seconds = [timed(partial(search, words[number % len(words)])) for number in range(times)]
    say(f"{what:<34} {describe(seconds)}")
    return seconds


def seed() -> Any:
    from django.contrib.auth.models import User
    from django.db import connection

    from jobs.models import Recording, Transcript

    started = time.perf_counter()
    owner = User.objects.create_user("owner@example.org", "owner@example.org", "pass-of-owner")
    titles = (f"Recording {number}" for number in range(RECORDINGS))
    recordings = Recording.objects.bulk_create(Recording(owner=owner, title=title, size_bytes=1) for title in titles)
    Transcript.objects.bulk_create(
        Transcript(recording=recording, language="en", engine="whisper", model="") for recording in recordings
    )
    words = str([["word", 10.25, 10.75, 0.912] for _word in range(12)]).replace("'", '"')
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef('segment_search'::regclass)")
        (index,) = cursor.fetchone()
        cursor.execute("DROP INDEX segment_search")
        cursor.execute(SEED, [words, SEGMENTS_EACH])
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(index)
        cursor.execute("ANALYZE")
        cursor.execute("SELECT pg_size_pretty(pg_total_relation_size('jobs_segment'))")
        (size,) = cursor.fetchone()
    say(f"seeded in {time.perf_counter() - started:.0f} s, {size}")
    return owner


def rare_words() -> list[str]:
    """Words that are there, about once in ten thousand sentences."""
    drawn = random.Random(12)
    numbers = (str(drawn.randrange(9_000, 19_000)) for _word in range(RARE_QUERIES))
    return [number.translate(str.maketrans("0123456789", "abcdefghij")) for number in numbers]


def ours(owner: Any) -> Callable[[str], object]:
    from jobs.models import Recording
    from jobs.services.search import search

    return lambda word: search(Recording.objects.kept().filter(owner=owner), word)


def rank_all(owner: Any) -> Callable[[str], object]:
    from django.db import connection

    def ask(word: str) -> object:
        with connection.cursor() as cursor:
            cursor.execute(RANK_ALL, [word, owner.pk])
            return cursor.fetchall()

    return ask


def on_the_fly(owner: Any) -> Callable[[str], object]:
    from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector

    from jobs.models import Segment

    def ask(word: str) -> object:
        vector, query = SearchVector("text", config="simple"), SearchQuery(word, config="simple")
        mine = Segment.objects.filter(transcript__recording__owner=owner).annotate(vector=vector)
        found = mine.filter(vector=query).annotate(rank=SearchRank(vector, query)).order_by("-rank")
        return list(found.values_list("pk", "rank")[:20])

    return ask


def edit_until_found(owner: Any) -> float:
    """Seconds from a changed sentence to its being found."""
    from jobs.models import Recording, Segment
    from jobs.services.search import search

    segment = Segment.objects.order_by("-pk")[500]

    def edit() -> None:
        Segment.objects.filter(pk=segment.pk).update(text="Something quite unheard of")
        assert search(Recording.objects.kept().filter(owner=owner), "unheard").found

    return timed(edit)
