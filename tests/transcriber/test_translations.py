"""The translations: complete, fitting their sentences, up to date with the code, and all there is on the pages."""

import re
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from babel.messages import Catalog, Message
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from jobs.models import Artifact, Change, ChangeKind, Job, Segment, SegmentChange, StepRun, Transcript
from jobs.services.recovery import CHILD_DIED
from jobs.views import panels
from media_pipeline.recipes import RECIPES
from scripts import messages
from tests.jobs.recipes import make_job, make_recording

PLACE = re.compile(r"%\(\w+\)[sdf]|%%|\{\w+\}|</?\w+>")


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    messages.compile_stale()


# The catalog ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def russian() -> Catalog:
    return messages.read(messages.LOCALE / "ru" / "LC_MESSAGES" / "django.po")


def told(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def texts(string: str | tuple[str, ...] | list[str]) -> list[str]:
    return [string] if isinstance(string, str) else list(string)


def key(message: Message) -> tuple[str | None, str]:
    return message.context, texts(message.id)[0]


def test_the_catalog_has_what_the_code_and_the_templates_say_and_nothing_else(russian: Catalog) -> None:
    """When this fails: `python -m scripts.messages update`, and translate what it names."""
    said, known = ({key(message) for message in told(catalog)} for catalog in (messages.extract(), russian))

    assert said - known == set()
    assert known - said == set()


def test_every_message_is_translated(russian: Catalog) -> None:
    missing = [message.id for message in told(russian) if not messages.is_translated(message.string)]

    assert missing == []
    assert [message.id for message in russian if message.fuzzy and message.id] == []


def test_a_translation_has_the_places_of_its_sentence(russian: Catalog) -> None:
    odd = [
        message.id
        for message in told(russian)
        for string in texts(message.string)
        if sorted(PLACE.findall(string)) != sorted(PLACE.findall(texts(message.id)[-1]))
    ]

    assert odd == []


def test_what_counts_has_all_three_forms(russian: Catalog) -> None:
    plural = [message for message in told(russian) if message.pluralizable]

    assert russian.num_plurals == 3
    assert plural
    assert [message.id for message in plural if len(texts(message.string)) != 3] == []


def test_sentences_end_alike(russian: Catalog) -> None:
    """A full stop, colon or ellipsis tells where a sentence is used."""
    odd = [
        (message.id, string)
        for message in told(russian)
        for string in texts(message.string)
        if string and string[-1] != texts(message.id)[0][-1] and {string[-1], texts(message.id)[0][-1]} & set(".:…?!")
    ]

    assert odd == []


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 говорящий"), (2, "2 говорящих"), (5, "5 говорящих"), (21, "21 говорящий")]
)
def test_counts_are_said_as_the_language_wants(count: int, said: str) -> None:
    with translation.override("ru"):
        assert translation.ngettext("%(count)s speaker", "%(count)s speakers", count) % {"count": count} == said


def test_every_language_of_the_site_has_a_catalog() -> None:
    others = {code for code, _name in settings.LANGUAGES} - {settings.LANGUAGE_CODE}

    assert others == {path.parent.parent.name for path in messages.catalogs()}


# The pages ------------------------------------------------------------------------------------------------------------

# Names, formats and keys, which are the same in every language; and people's addresses.
NAMES = frozenset(
    """
    Transcriber JavaScript Whisper PocketSphinx faster whisper pyannote audio Silero VAD FFmpeg GPU CUDA HF TOKEN token
    PDF ZIP JSON SRT WebVTT TXT VTT txt srt vtt json MP MB GB WAV OGG OGA OPUS FLAC AAC AMR
    Space Enter Escape Esc Tab Shift Ctrl Alt Backspace Delete Home End PageUp PageDown ArrowUp ArrowDown ArrowLeft
    ArrowRight Aa ab cookie pip install requirements manage py download models base engine owner example org
    WHISPER MODEL en us
    Markdown TTML IMSC ASS CSV TSV RTTM HTML Audacity Excel OpenAI Obsidian LibreOffice Google Docs Word
    verbose Netflix BBC
    """.split()  # noqa: SIM905
)
# Places for scripts to fill, ids, and endings of files.
FILLED = re.compile(r"\{\w+\}|[0-9a-f]{8}-[0-9a-f-]{27}|^\.[a-z.]+$")
LATIN = re.compile(r"[A-Za-z]{2,}")
CODES = {"data-when"}
SPOKEN = {"aria-label", "title", "placeholder", "alt", "content"}
# A sentence for a script: words with a space between them, or one word that begins with a capital.
SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,}|^[A-Z][a-z]+\.?$")


class Visible(HTMLParser):
    """Collects what a page says: its text, and attributes that are read out or that scripts take sentences from."""

    SILENT = ("script", "style", "svg", "noscript")
    VOID = ("input", "img", "meta", "link", "br", "hr", "source", "track", "use")

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        is_silent = tag in self.SILENT or values.get("lang", "ru") != "ru" or "data-engine" in values
        is_silent = is_silent or (bool(self._open) and self._open[-1][1])
        if not is_silent:
            self.said += [value for name, value in values.items() if name in SPOKEN and tag != "meta"]
            self.said += [
                v for name, v in values.items() if name.startswith("data-") and name not in CODES and SENTENCE.search(v)
            ]
        if tag not in self.VOID:
            self._open.append((tag, is_silent))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not (self._open and self._open[-1][1]):
            self.said.append(data.strip())


def english(html: str) -> list[str]:
    """What a page says that has words of Latin letters beside the known names."""
    page = Visible()
    page.feed(html)
    return [text for text in page.said if set(LATIN.findall(FILLED.sub("", text))) - NAMES]


@pytest.fixture
def reader(owner: User) -> Client:
    client = Client(headers={"Accept-Language": "ru"})
    client.force_login(owner)
    return client


@pytest.fixture
def recording(owner: User) -> dict[str, Job]:
    """A recording in each state, with everything that can be said of it."""
    jobs = {name: _job(owner, name) for name in ("completed", "running", "queued", "failed", "cancelled", "silent")}
    _write(jobs["completed"])
    Transcript.objects.create(
        recording=jobs["silent"].recording, job=jobs["silent"], language="ru", engine="whisper", model="base"
    )
    return jobs


def _job(owner: User, name: str) -> Job:
    recording = make_recording(owner, title="Встреча", media_key=f"recordings/{uuid4()}/media", media_type="audio/wav")
    job = make_job(owner, recording=recording, mixed_languages=True, carry_context=True, vocabulary="Анна, Пётр")
    warning = "No words were found from 0:12 to 0:31, although somebody seems to speak there."
    Job.objects.filter(pk=job.pk).update(
        status="completed" if name == "silent" else name,
        stage="transcribe" if name == "running" else "",
        percent=40.0,
        error_message=CHILD_DIED.message if name == "failed" else "",
        warnings=["The recording is silent." if name == "silent" else warning],
    )
    StepRun.objects.filter(job=job).update(status={"failed": "failed", "running": "running"}.get(name, "done"))
    job.refresh_from_db()
    return job


def _write(job: Job) -> None:
    """Text of two speakers, with marks, a history and a version before."""
    for old in (True, False):
        made = Transcript.objects.create(
            recording=job.recording, job=None if old else job, language="ru", engine="whisper", model="base", revision=3
        )
        voices = [made.speakers.create(label=f"SPEAKER_0{number}") for number in range(2)]
        for number in range(6):
            words = [["слово", 2.0 * number, 2.0 * number + 1.5, 0.4]]
            segment = Segment.objects.create(
                transcript=made, start=2.0 * number, end=2.0 * number + 1.5, text="слово", words=words, confidence=0.4,
                speaker=voices[number % 2] if number < 5 else None, marks=["overlap", "repeated", "doubtful"],
            )  # fmt: skip
        person = job.recording.owner
        for number, kind in enumerate(ChangeKind, start=1):
            change = Change.objects.create(transcript=made, number=number, person=person, kind=kind)
            SegmentChange.objects.create(
                change=change, segment=segment.pk, revision=number, before={"text": "слава"}, after={"text": "слово"}
            )
    Artifact.objects.create(job=job, step="normalize", name="peaks.json", key=str(uuid4()), size_bytes=1, sha256="0")


ENTRANCE = [
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ENTRANCE)
def test_pages_before_signing_in_are_russian_throughout(owner: User, name: str) -> None:
    answer = Client(headers={"Accept-Language": "ru"}).get(reverse(name))

    assert '<html lang="ru">' in answer.content.decode()
    assert english(answer.content.decode()) == []


@pytest.mark.django_db
def test_the_first_page_of_all_is_russian_throughout() -> None:
    answer = Client(headers={"Accept-Language": "ru"}).get(reverse("welcome"))

    assert english(answer.content.decode()) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["library", "upload", "account_change_password", "account_logout", "account_reset_password"]
)
def test_pages_of_a_person_are_russian_throughout(reader: Client, name: str) -> None:
    assert english(reader.get(reverse(name)).content.decode()) == []


@pytest.mark.django_db
def test_a_full_library_is_russian_throughout(reader: Client, recording: dict[str, Job]) -> None:
    for query in ("", "?q=зебра", "?sort=title"):
        assert english(reader.get(reverse("library") + query).content.decode()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["completed", "running", "queued", "failed", "cancelled", "silent"])
def test_a_recording_is_russian_throughout(reader: Client, recording: dict[str, Job], state: str) -> None:
    answer = reader.get(reverse("recording", args=[recording[state].recording_id]))

    assert english(answer.content.decode()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", list(panels.CONTEXTS))
def test_a_tab_is_russian_throughout(reader: Client, recording: dict[str, Job], name: str) -> None:
    answer = reader.get(reverse("panel", args=[recording["completed"].recording_id, name]))

    assert answer.status_code == 200
    assert english(answer.content.decode()) == []


@pytest.mark.django_db
def test_what_is_not_found_is_told_in_russian(reader: Client) -> None:
    assert english(reader.get(f"/recordings/{uuid4()}/").content.decode()) == []


@pytest.mark.django_db
def test_every_step_engine_and_format_has_a_russian_name(reader: Client, recording: dict[str, Job]) -> None:
    titles = {step.title for recipe in RECIPES.values() for step in recipe.steps}
    with translation.override("ru"):
        from jobs.wording import translated

        assert [title for title in titles if translated(title) == title] == []


def test_the_search_for_english_finds_it() -> None:
    html = '<html lang="ru"><p>Слово <b>Said</b> TXT</p><i data-word="two words" data-name="ready" title="Play">0</i>'

    assert english(html) == ["Said", "Play", "two words"]


# Choosing -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_choice_is_kept_and_counts_more_than_the_browser(browser: Client) -> None:
    answer = browser.post(reverse("set_language"), {"language": "ru", "next": reverse("upload")})
    page = browser.get(reverse("upload"), headers={"Accept-Language": "en"}).content.decode()

    assert (answer.status_code, answer["Location"]) == (302, reverse("upload"))
    assert browser.cookies["django_language"]["max-age"] == settings.LANGUAGE_COOKIE_AGE
    assert '<html lang="ru">' in page
    assert re.search(r'value="ru" lang="ru" aria-pressed="true">Русский<', page)


@pytest.mark.django_db
def test_the_browser_decides_until_somebody_chooses(owner: User) -> None:
    page = {
        asked: Client(headers={"Accept-Language": asked}).get(reverse("account_login"))
        for asked in ("ru-RU,ru;q=0.9,en;q=0.5", "fr,ru;q=0.5", "fr", "en-GB,ru;q=0.1")
    }

    langs = [re.search(r'<html lang="(\w+)">', answer.content.decode()) for answer in page.values()]
    assert [found and found[1] for found in langs] == ["ru", "ru", "en", "en"]
    assert all("Accept-Language" in answer["Vary"] and "Cookie" in answer["Vary"] for answer in page.values())


@pytest.mark.django_db
def test_the_language_can_be_chosen_before_there_is_any_account() -> None:
    client = Client()
    client.post(reverse("set_language"), {"language": "ru", "next": "/welcome/"})

    assert '<html lang="ru">' in client.get("/welcome/").content.decode()


@pytest.mark.django_db
def test_nobody_is_led_away_by_a_choice(browser: Client) -> None:
    answer = browser.post(reverse("set_language"), {"language": "ru", "next": "https://elsewhere.example/"})

    assert answer["Location"] == "/"


@pytest.mark.django_db
def test_numbers_for_scripts_and_styles_are_the_same_in_every_language(
    reader: Client, recording: dict[str, Job]
) -> None:
    address = reverse("recording", args=[recording["completed"].recording_id])

    pages = [reader.get(address, headers={"Accept-Language": code}).content.decode() for code in ("en", "ru")]

    attribute = re.compile(r'\b(data-[\w-]+|value|max|min|href|datetime|cx|cy|x|width)="(-?[\d.,:T+ ]+)"')
    assert attribute.findall(pages[0]) == attribute.findall(pages[1])
