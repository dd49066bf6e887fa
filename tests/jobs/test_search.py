"""Search in titles and texts: what is found, by whom, and that what is found follows every edit at once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from jobs import search_index
from jobs.models import Recording, Segment, Transcript
from jobs.services import change_log, editing, search, versions
from jobs.services.edit_operations import Delete, Insert, Join, SetText
from jobs.services.search import Term
from tests.jobs.recipes import make_recording
from tests.jobs.transcripts import make_transcript
from tests.services import ROOT, postgresql, product_variables


def say(recording: Recording, *texts: str) -> Transcript:
    """A text of these sentences, ten seconds each, shown from now on."""
    transcript = Transcript.objects.create(recording=recording, language="en", engine="whisper", model="")
    for number, text in enumerate(texts):
        Segment.objects.create(transcript=transcript, start=number * 10, end=number * 10 + 9, text=text)
    return transcript


def hits(owner: User, query: str) -> list[tuple[str, list[float]]]:
    """(title, starts) of what is found, best first."""
    found = search.search(Recording.objects.filter(owner=owner), query).found
    titles = {one.pk: one.title for one in Recording.objects.all()}
    return [(titles[one.recording], [passage.start for passage in one.passages]) for one in found]


def starts(owner: User, query: str) -> list[float]:
    return [start for _title, passages in hits(owner, query) for start in passages]


# What was asked -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("one Two ", [Term(("one",)), Term(("two",))]),
        ("one Two", [Term(("one",)), Term(("two",), is_prefix=True)]),
        ('"One two" three ', [Term(("one", "two")), Term(("three",))]),
        ('three "One two"', [Term(("three",)), Term(("one", "two"))]),
        ("meet*", [Term(("meet",), is_prefix=True)]),
        ("well-known", [Term(("well", "known"), is_prefix=True)]),
        ("GPT4", [Term(("gpt", "4"))]),
        ("會議", [Term(("會", "議"))]),
        ("Ещё ", [Term(("еще",))]),
        ("e\u0301te\u0301 и\u0306ога ", [Term(("été",)), Term(("йога",))]),
        ("budget, ", [Term(("budget",))]),
        ("m", [Term(("m",))]),
        ("m*", [Term(("m",))]),
        ('"unfinished phrase', [Term(("unfinished", "phrase"))]),
        ("'; DROP -- & | ! ( <->", [Term(("drop",))]),
        ("drop;", [Term(("drop",), is_prefix=True)]),
        ('… "" *', []),
    ],
)
def test_a_query_becomes_terms(query: str, terms: list[Term]) -> None:
    assert search.parse(query) == terms


# What is found --------------------------------------------------------------------------------------------------------


def test_several_words_must_stand_in_one_sentence(owner: User) -> None:
    say(make_recording(owner), "The budget is red.", "The team met.", "The team read the budget.")

    assert starts(owner, "team budget") == [20]
    assert starts(owner, '"the team"') == [10, 20]
    assert starts(owner, '"team the"') == []
    assert starts(owner, "bud*") == [0, 20]
    assert starts(owner, "bud ") == starts(owner, '"bud"') == starts(owner, "bud red ") == []


def test_the_last_word_may_be_a_beginning_as_long_as_it_is_typed(owner: User) -> None:
    say(make_recording(owner), "The budget is red.", "The team met.", "A bud is red.")

    assert starts(owner, "team me") == [10]
    assert starts(owner, "bu") == starts(owner, "red bud") == [0, 20]
    assert starts(owner, "bud ") == [20]
    assert starts(owner, "b") == []


def test_a_word_that_is_whole_counts_more_than_one_that_only_begins_so(owner: User) -> None:
    say(make_recording(owner, title="Beginning"), "All about artists.")
    say(make_recording(owner, title="Whole"), "All about art now.")

    assert [title for title, _starts in hits(owner, "art")] == ["Whole", "Beginning"]


def test_a_whole_word_is_found_though_too_many_begin_so(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CANDIDATES", 3)
    say(make_recording(owner), "Art.", *["Artists."] * 5)

    results = search.search(Recording.objects.all(), "art")

    assert results.is_cut and results.found[0].count == 3
    assert results.found[0].passages[0].start == 0


def test_letters_in_pieces_are_found_by_letters_in_one_and_the_other_way_around(owner: User) -> None:
    say(make_recording(owner, title="и\u0306ога"), "Le cafe\u0301 et l’été.", "café")

    for query in ("café ", "cafe\u0301 "):
        assert starts(owner, query) == [0, 10]
    assert starts(owner, "cafe ") == []
    (found,) = search.search(Recording.objects.all(), "café").found
    assert [piece.text for piece in found.passages[0].pieces if piece.is_hit] == ["café"]
    assert hits(owner, "йога ") == hits(owner, "и\u0306ога ") == [("и\u0306ога", [])]


def test_texts_indexed_in_pieces_are_indexed_anew(owner: User) -> None:
    say(make_recording(owner), "Le cafe\u0301.", "Plain.")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_segment_search SET words = 'le cafe'")
    assert starts(owner, "café ") == []

    search_index.index_decomposed(connection)

    assert starts(owner, "café ") == [0]
    assert starts(owner, "cafe ") == [10]  # the others are left alone


def test_letters_are_compared_whatever_their_case_in_every_script(owner: User) -> None:
    say(make_recording(owner), "Ещё одна ВСТРЕЧА в Ёлкино.", "我们明天开会议。", "ΟΔΟΣ Σίσυφος", "Die Straße")

    assert starts(owner, "встреча елкино") == [0]
    assert starts(owner, "会议") == [10]
    assert starts(owner, "议会") == []
    assert starts(owner, "οδος") == [20]
    assert starts(owner, "STRASSE straße") == []
    assert starts(owner, "STRAßE") == [30]


def test_titles_are_found_by_beginnings_and_come_first(owner: User) -> None:
    make_recording(owner, title="Совещание о бюджете")
    say(make_recording(owner, title="Interview"), "Совещание было вчера.")

    assert hits(owner, "совещ ") == [("Совещание о бюджете", [])]
    assert hits(owner, "совещание") == [("Совещание о бюджете", []), ("Interview", [0])]


def test_only_what_a_person_owns_is_found(owner: User, stranger: User) -> None:
    say(make_recording(stranger, title="Secret budget"), "The secret budget.")

    assert hits(owner, "secret") == []
    assert starts(stranger, "secret") == [0]


def test_only_the_version_that_people_read_is_found(owner: User) -> None:
    recording = make_recording(owner)
    first, second = say(recording, "The old wording."), say(recording, "The new wording.")

    assert (starts(owner, "old"), starts(owner, "new")) == ([], [0])

    Transcript.objects.filter(pk=first.pk).update(shown_at=second.created_at)
    assert versions.shown_version(recording) is not None
    Segment.objects.filter(transcript=second).delete()
    second.delete()
    assert (starts(owner, "old"), starts(owner, "new")) == ([0], [])


def test_marks_stand_on_what_was_found_and_long_sentences_are_cut(owner: User) -> None:
    say(make_recording(owner), "word " * 100 + "the Budget-plan of June " + "word " * 100)

    (found,) = search.search(Recording.objects.all(), '"budget plan" june').found
    pieces = found.passages[0].pieces

    assert [piece.text for piece in pieces if piece.is_hit] == ["Budget-plan", "June"]
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("…word") and text.endswith("word…") and len(text) <= search.EXCERPT_CHARS + 2


def test_the_best_sentences_are_shown_in_their_order_and_the_rest_counted(owner: User) -> None:
    say(
        make_recording(owner),
        *["A long sentence that mentions a budget only once among many other words."] * 4,
        "Budget!",
    )

    (found,) = search.search(Recording.objects.all(), "budget", passages=2).found

    assert [passage.start for passage in found.passages] == [0, 40]
    assert (found.count, found.left) == (5, 3)


# What is found follows every edit -------------------------------------------------------------------------------------


def test_each_edit_is_found_at_once_and_so_is_what_is_undone(owner: User) -> None:
    transcript = make_transcript(owner, ["Alpha beta.", "Gamma delta.", "Last one."])
    first, second, last = transcript.segments.all()
    begin: Any = {"segment": first.pk, "revision": 0}

    editing.edit(transcript, owner, [SetText(text="Omega beta.", **begin)])
    assert (starts(owner, "alpha"), starts(owner, "omega beta")) == ([], [first.start])
    change_log.undo(transcript, owner)
    assert (starts(owner, "alpha"), starts(owner, "omega")) == ([first.start], [])
    change_log.redo(transcript, owner)
    assert starts(owner, "omega") == [first.start]
    editing.edit(transcript, owner, [Join(segment=second.pk, revision=0, following=last.pk, following_revision=0)])
    assert starts(owner, "gamma one") == [second.start]
    editing.edit(transcript, owner, [Insert(start=last.end + 1, end=last.end + 2, text="Inserted later.")])
    assert starts(owner, "inserted") == [last.end + 1]
    editing.edit(transcript, owner, [Delete(segment=second.pk, revision=1)])
    assert starts(owner, "gamma") == []
    Recording.objects.all().delete()
    assert starts(owner, "omega") == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM jobs_segment_search")
        assert cursor.fetchone() == (0,)


def test_a_renamed_title_is_found_at_once(owner: User) -> None:
    recording = make_recording(owner, title="Before")

    Recording.objects.filter(pk=recording.pk).update(title="Afterwards")

    assert (hits(owner, "before"), hits(owner, "after")) == ([], [("Afterwards", [])])


def test_an_index_lost_when_a_table_was_made_anew_is_made_again(owner: User) -> None:
    say(make_recording(owner), "Alpha.")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER segment_search_update")
    Segment.objects.update(text="Beta.")
    assert starts(owner, "beta") == []

    search_index.keep_in_step()

    assert (starts(owner, "alpha"), starts(owner, "beta")) == ([], [0])
    Segment.objects.update(text="Gamma.")
    assert starts(owner, "gamma") == [0]


# Both databases -------------------------------------------------------------------------------------------------------

# As people expect them; both databases have to put them so.
TITLES = [
    *(
        "_under",
        "-dash",
        "!bang",
        "“quote”",
        "(paren",
        "#hash",
        "+x",
        "$x",
        "1st",
        "9",
        "10",
        "2024-05-01",
        "2024-05-11",
    ),
    *("a b", "a-b", "a.b", "ab", "abc", "Abc", "ABC", "Apfel", "äpfel", "Apfelz", "Eclair", "éclair", "File", "file 2"),
    *("File 9", "file 10", "Lodz", "Łódź", "Lz", "nu", "ñu", "nz", "Ørsted", "Oz", "ss", "ßa", "st", "Zebra", "αβγ"),
    *(
        "Г",
        "Ґ",
        "Д",
        "Елка",
        "Ёлка",
        "Ель",
        "Жук",
        "Иога",
        "Итого",
        "І",
        "Ї",
        "Йога",
        "У",
        "Ў",
        "שלום",
        "مرحبا",
        "会议",
    ),
]

# Runs in a process of its own, on the database it is given. The last line it prints is what was found.
SAME = """
import json, random, sys, unicodedata
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
call_command("migrate", verbosity=0)
TITLES = json.loads(sys.argv[1])
from jobs.models import Recording, Segment, Transcript
from jobs.services import search

drawn = random.Random(5)
scripts = ("etaoinshrdlu", "оеаинтсрвлкмё", "αβγδεσς", "議会我们天", "0123456789", "éüßñåЁÉÜ", "كتابعم", "हिन्दी")
letters = drawn.choices(scripts, (9, 9, 2, 2, 2, 2, 1, 1), k=600)
known = ["".join(drawn.choices(script, k=drawn.randint(2, 7))) for script in letters]
known += ["don't", "well-known", "example.com", "a_b", "3.14", "½", "GPT4", "1e5", "x²", "C++", "İzmir"]
known += ["o’clock", "a@b.org", "-->"]
known += [unicodedata.normalize("NFD", word) for word in known if unicodedata.normalize("NFD", word) != word]
weights = [1 / (rank + 3) for rank in range(len(known))]
owner = User.objects.create(username="a")
number = 0
for title in range(100):
    recording = Recording.objects.create(owner=owner, title=" ".join(drawn.choices(known, k=3)), size_bytes=1)
    transcript = Transcript.objects.create(recording=recording, language="en", engine="e", model="m")
    rows = []
    for start in range(100):
        number += 1
        words = [drawn.choice((str.lower, str.upper, str.title))(word) for word in drawn.choices(known, weights, k=8)]
        text = drawn.choice((" ", ", ", " — ", "\\n")).join(words) + "."
        rows.append(Segment(pk=number, transcript=transcript, start=start, end=start + 1, text=text))
    Segment.objects.bulk_create(rows)
queries = known[::3] + [f"{word} " for word in known[::3]] + known[-40:] + [f"{one[:2]}*" for one in known[::9]]
queries += [f'"{one} {two}"' for one, two in zip(known, known[1:40])]
queries += [f"{one} {two}" for one, two in zip(known[:30], known[5:])]
found, titles = {}, dict(Recording.objects.values_list("pk", "title"))
for query in queries:
    results = search.search(Recording.objects.filter(owner=owner), query, passages=10)
    groups = [[titles[one.recording], one.count, [p.segment for p in one.passages]] for one in results.found]
    found[query] = [results.is_cut, groups]
from jobs.title_order import TitleOrder
for title in TITLES:
    Recording.objects.create(owner=owner, title=title, size_bytes=2)
ordered = Recording.objects.filter(size_bytes=2).order_by(TitleOrder("title"), "pk")
found["in order"] = list(ordered.values_list("title", flat=True))
print(json.dumps([Segment.objects.count(), sum(1 for one in found.values() if len(one) > 1 and one[1]), found]))
"""


def found_in(folder: Path, **variables: str) -> list[Any]:
    (folder / "data").mkdir(exist_ok=True)
    ran = subprocess.run(
        [sys.executable, "-c", SAME, json.dumps(sorted(TITLES))],
        cwd=ROOT,
        env={**product_variables(folder, **variables), "DJANGO_SETTINGS_MODULE": "transcriber.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: list[Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.postgres
def test_both_databases_find_the_same_among_ten_thousand_sentences(tmp_path: Path) -> None:
    embedded = found_in(tmp_path)
    with postgresql() as address:
        server = found_in(tmp_path, DATABASE_URL=address)

    assert embedded[0] == 10_000
    assert embedded[1] > 250
    assert server[:2] == embedded[:2]
    different = {query: (server[2][query], told) for query, told in embedded[2].items() if server[2][query] != told}
    assert different == {}
    assert server[2]["in order"] == TITLES


@pytest.mark.parametrize("asked", ['"the budget"', "“the budget”", "„the budget“", "«the budget»"])
def test_a_phrase_may_stand_in_the_quotation_marks_of_any_language(asked: str) -> None:
    assert [term.words for term in search.parse(asked)] == [("the", "budget")]
