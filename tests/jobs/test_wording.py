"""What jobs and engines say reaches each reader in their own language, though it is kept in English."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from jobs import events
from jobs.models import Job
from jobs.services.conduct import SECOND_RUN_STOPPED
from jobs.wording import translated
from media_pipeline.errors import InputError
from media_pipeline.ffmpeg import too_long
from scripts import messages
from tests.jobs.recipes import make_job
from tests.jobs.transcripts import make_transcript


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    messages.compile_stale()


def in_russian(sentence: str) -> str:
    with translation.override("ru"):
        return translated(sentence)


def test_a_plain_sentence() -> None:
    assert in_russian("The recording is silent.") == "В записи тишина."


def test_a_filled_sentence_keeps_its_values() -> None:
    kept = "No words were found from 0:12 to 1:02:31, although somebody seems to speak there."

    assert in_russian(kept) == "С 0:12 по 1:02:31 слова не найдены, хотя там, похоже, говорят."


def test_a_sentence_inside_a_sentence_is_translated_too() -> None:
    kept = "Telling speakers apart did not work, so its result is missing: The disk filled up while decoding. Free some"
    kept += " space and try again."

    told = in_russian(kept)

    assert told.startswith("Этап «Различение говорящих» не удался, поэтому его результата нет: При декодировании")


def test_a_value_may_hold_anything() -> None:
    assert in_russian("“100 % {odd}\nname.wav” is empty. Choose the recording itself.") == (
        "Файл «100 % {odd}\nname.wav» пуст. Выберите саму запись."
    )


def test_what_an_error_was_filled_with_is_translated() -> None:
    error: InputError = too_long(36_000)

    assert error.message == "The recording is longer than 10 hours. Split it and upload the parts."
    assert in_russian(error.message).startswith("Запись длиннее 10 ч.")


def test_a_value_that_comes_twice_is_the_same_twice() -> None:
    sentence = "The weights of Whisper model “{}” are not here: run “manage.py download_models {}” once."

    assert in_russian(sentence.format("base", "base")).startswith("Весов модели Whisper «base» здесь нет")
    assert in_russian(sentence.format("base", "tiny")) == sentence.format("base", "tiny")


def test_an_unknown_sentence_stays_as_it_is() -> None:
    assert in_russian("A sentence of an older version.") == "A sentence of an older version."
    assert in_russian("") == ""


def test_in_english_all_stays_as_it_is() -> None:
    assert translated("The recording is silent.") == "The recording is silent."


# Live -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(owner: User) -> Job:
    job = make_job(owner)
    Job.objects.filter(pk=job.pk).update(status="running", stage="normalize", warnings=[SECOND_RUN_STOPPED])
    job.refresh_from_db()
    return job


@pytest.mark.django_db
def test_a_snapshot_is_told_in_the_language_of_who_asks(browser: Client, stopped: Job) -> None:
    address = reverse("job_snapshot", args=[stopped.pk])

    told = browser.get(address, headers={"Accept-Language": "ru"}).json()

    assert told["stage_title"] == "Подготовка звука"
    assert told["warnings"] == ["Повторная обработка остановлена; остаётся текст первой."]
    assert {step["title"] for step in told["steps"]} >= {"Распознавание речи", "Запись файлов"}
    assert browser.get(address).json()["stage_title"] == "Preparing the audio"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("header", "title"),
    [
        ((b"cookie", b"django_language=ru"), "Подготовка звука"),
        ((b"accept-language", b"ru,en;q=0.5"), "Подготовка звука"),
        ((b"accept-language", b"de"), "Preparing the audio"),
    ],
)
async def test_a_socket_speaks_the_language_of_its_page(
    owner: User, stopped: Job, header: tuple[bytes, bytes], title: str
) -> None:
    socket = await connected(owner, stopped, header)
    first = await socket.receive_json_from()
    with queue_told_by_somebody_in_russian():
        await sync_to_async(events.publish)(stopped.pk)
    then = await socket.receive_json_from()
    await socket.disconnect()

    assert first["stage_title"] == then["stage_title"] == title


async def connected(owner: User, job: Job, header: tuple[bytes, bytes]) -> WebsocketCommunicator:
    from transcriber.asgi import application

    client = Client()
    await sync_to_async(client.force_login)(owner)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    headers = [(b"origin", b"http://testserver"), (b"host", b"testserver")]
    headers += [(b"cookie", cookie + b"; " + header[1])] if header[0] == b"cookie" else [(b"cookie", cookie), header]
    socket = WebsocketCommunicator(application, f"/ws/jobs/{job.pk}/", headers)
    assert (await socket.connect())[0]
    return socket


def queue_told_by_somebody_in_russian() -> Any:
    """An event that comes of what a Russian reader did reaches others in their own language."""
    return translation.override("ru")


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_speaker_without_a_name_is_called_in_files_as_on_the_page(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["Доброе утро.", "Привет."], speakers="01", language="ru")
    made.speakers.filter(label="SPEAKER_01").update(name="Анна")
    address = reverse("export", args=[made.job_id, "txt"])

    english = browser.get(address).content.decode()
    russian = browser.get(address, headers={"Accept-Language": "ru"}).content.decode()

    assert "Speaker 1:" in english
    assert "Говорящий 1:" in russian
    assert "Анна:" in english
    assert "Анна:" in russian
