"""The words that search goes by, kept by the database itself: whatever changes a text, it is found from then on.

PostgreSQL makes them in a generated column with a GIN index; SQLite has an FTS5 table that triggers keep in step. Both
take words as `words_of` does: in small letters, composed (`é` of `e` and an accent is one letter), digits apart from
letters, and each sign of its own in scripts that put no spaces between words.
"""

import re
import sqlite3
import unicodedata
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from jobs import title_order

# Han, kana, Thai, Lao, Burmese and Khmer.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[0-9]+|[{_UNSPACED}\U00020000-\U0003ffff]|[^\W0-9_{_UNSPACED}\U00020000-\U0003ffff]+")
# What people write either way, and what grows longer in small letters.
_SAME, _AS = "ЁёİΣς", "ееiσσ"

# One to one what `words_of` does; the collation makes it the same whatever the server's locale is.
POSTGRESQL_WORDS = rf"""
    CREATE OR REPLACE FUNCTION search_words(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT regexp_replace(
            regexp_replace(
                lower(translate(normalize($1, NFC), '{_SAME}', '{_AS}') COLLATE "und-x-icu"),
                '([0-9]+|[{_UNSPACED}\U00020000-\U0003ffff])', ' \1 ', 'g'
            ),
            '[^[:alnum:]]+', ' ', 'g'
        )
    $$
"""
POSTGRESQL = (
    POSTGRESQL_WORDS,
    """
    ALTER TABLE jobs_segment ADD COLUMN search_vector tsvector
        GENERATED ALWAYS AS (to_tsvector('pg_catalog.simple'::regconfig, search_words(text))) STORED
    """,
    # Without a list of pending entries, which every search would have to read through.
    "CREATE INDEX segment_search ON jobs_segment USING gin (search_vector) WITH (fastupdate = off)",
    """
    ALTER TABLE jobs_recording ADD COLUMN search_vector tsvector
        GENERATED ALWAYS AS (to_tsvector('pg_catalog.simple'::regconfig, search_words(title))) STORED
    """,
    "CREATE INDEX recording_search ON jobs_recording USING gin (search_vector) WITH (fastupdate = off)",
)
POSTGRESQL_BACK = (
    "ALTER TABLE jobs_recording DROP COLUMN search_vector",
    "ALTER TABLE jobs_segment DROP COLUMN search_vector",
    "DROP FUNCTION search_words(text)",
)

_SQLITE_TABLE = """
    CREATE VIRTUAL TABLE IF NOT EXISTS jobs_segment_search
    USING fts5(words, tokenize = 'unicode61 remove_diacritics 0')
"""
_SQLITE_TRIGGERS = {
    "segment_search_insert": """
        AFTER INSERT ON jobs_segment BEGIN
            INSERT INTO jobs_segment_search (rowid, words) VALUES (new.id, search_words(new.text));
        END
    """,
    "segment_search_update": """
        AFTER UPDATE OF text ON jobs_segment WHEN new.text IS NOT old.text BEGIN
            UPDATE jobs_segment_search SET words = search_words(new.text) WHERE rowid = new.id;
        END
    """,
    "segment_search_delete": """
        AFTER DELETE ON jobs_segment BEGIN
            DELETE FROM jobs_segment_search WHERE rowid = old.id;
        END
    """,
}
BATCH = 10_000


class _Letters(dict[int, str]):
    """For `str.translate`: each letter and digit as a small letter or itself, anything else as a blank."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        small = letter.lower() if letter.isalpha() or letter.isdecimal() else " "
        self[code] = dict(zip(_SAME, _AS, strict=True)).get(letter, small)
        return self[code]


_LETTERS = _Letters()


def composed(text: str) -> str:
    """With each letter in one piece, its accents included, where there is such a character."""
    return unicodedata.normalize("NFC", text)


def words_of(text: str) -> list[tuple[int, int, str]]:
    """(begin, end, word as it is compared) of each word of a composed text; begin and end count its characters."""
    return [(*match.span(), match[0]) for match in _WORD.finditer(text.translate(_LETTERS))]


def search_words(text: str) -> str:
    """The words of a text, as they are compared, with a blank between them."""
    return " ".join(_WORD.findall(composed(text).translate(_LETTERS)))


def teach(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Make our functions known to a connection, whose triggers call them. For the signal `connection_created`."""
    raw = connection.connection
    if isinstance(raw, sqlite3.Connection):
        raw.create_function("search_words", 1, search_words, deterministic=True)
        raw.create_function("is_decomposed", 1, lambda text: composed(text) != text, deterministic=True)
        raw.create_function("title_key", 1, title_order.title_key, deterministic=True)


def keep_in_step(using: str = DEFAULT_DB_ALIAS, **_signal: Any) -> None:
    """Make the index of SQLite where it is missing. For the signal `post_migrate`.

    A migration that changes a table of SQLite makes it anew, and its triggers are gone then.
    """
    connection = connections[using]
    if connection.vendor != "sqlite" or not _has(connection, "table", "jobs_segment"):
        return
    if not all(_has(connection, "trigger", name) for name in _SQLITE_TRIGGERS):
        with transaction.atomic(using=using):
            make_sqlite(connection)


def make_sqlite(connection: BaseDatabaseWrapper) -> None:
    """Make table and triggers, and index what there is, some rows at a time."""
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE_TABLE)
        cursor.execute("DELETE FROM jobs_segment_search")
        for name, body in _SQLITE_TRIGGERS.items():
            cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")
        last = 0
        while last is not None:
            cursor.execute(
                "SELECT max(id) FROM (SELECT id FROM jobs_segment WHERE id > %s ORDER BY id LIMIT %s)", [last, BATCH]
            )
            (until,) = cursor.fetchone()
            if until is not None:
                cursor.execute(
                    "INSERT INTO jobs_segment_search (rowid, words)"
                    " SELECT id, search_words(text) FROM jobs_segment WHERE id > %s AND id <= %s",
                    [last, until],
                )
            last = until


def index_decomposed(connection: BaseDatabaseWrapper) -> None:
    """Index anew the texts whose letters are not in one piece; the words of all others are what they were."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(POSTGRESQL_WORDS)
            for table, text in (("jobs_segment", "text"), ("jobs_recording", "title")):
                # Whoever writes the text makes its column of words anew.
                cursor.execute(f"UPDATE {table} SET {text} = {text} WHERE {text} IS NOT NFC NORMALIZED")  # noqa: S608
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_segment_search SET words = (SELECT search_words(text) FROM jobs_segment WHERE id = rowid)"
            " WHERE rowid IN (SELECT id FROM jobs_segment WHERE is_decomposed(text))"
        )


def drop_sqlite(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name in _SQLITE_TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        cursor.execute("DROP TABLE IF EXISTS jobs_segment_search")


def _has(connection: BaseDatabaseWrapper, kind: str, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE type = %s AND name = %s", [kind, name])
        return cursor.fetchone() is not None
