"""What is no recording is refused in a sentence, nothing of it is kept, and the workers live on."""

import sqlite3
import subprocess
import wave
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import upload
from tests.services import Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def silent_video(path: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=5:duration=2"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-pix_fmt", "yuv420p", str(path)], check=True)


def cut_mp4(path: Path) -> None:
    speech = render([Line("slt", "We will discuss the budget today.")])
    whole = path.with_name("whole.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(speech.path), "-c:a", "aac", str(whole)], check=True)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def playlist(path: Path) -> None:
    bait = path.with_name("bait.wav")
    bait.write_bytes(render([Line("slt", "Secret words.")]).path.read_bytes())
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{bait}\n#EXT-X-ENDLIST\n")


BAD = {
    "empty.mp3": lambda path: path.write_bytes(b""),
    "notes.mp3": lambda path: path.write_text("Only notes, renamed.\n" * 100),
    "silent-film.mp4": silent_video,
    "cut.mp4": cut_mp4,
    "playlist.mp3": playlist,
}


def rows(product: Product) -> list[int]:
    with sqlite3.connect(product.data_dir / "db.sqlite3") as database:
        tables = ("jobs_recording", "jobs_job", "jobs_steprun", "jobs_upload", "jobs_artifact")
        return [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


def files(product: Product) -> list[Path]:
    folders = (product.data_dir / "storage", product.data_dir / "uploads", product.data_dir / "scratch")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", list(BAD))
def test_it_is_refused_in_a_sentence_and_nothing_is_left(
    page: Page, product: Product, tmp_path: Path, name: str, problems: list[str]
) -> None:
    BAD[name](tmp_path / name)
    before = rows(product), files(product)
    page.goto("/upload/")
    page.set_input_files("input[type=file]", str(tmp_path / name))
    start = page.get_by_role("button", name="Transcribe")
    if start.is_visible() and start.is_enabled():
        start.click()
    refused = page.locator("[data-state=refused], [data-state=failed]").first
    refused.wait_for(timeout=30_000)

    sentence = refused.locator("[data-message]").inner_text()
    assert sentence.strip().endswith(".") and len(sentence) > 20, sentence
    assert "Traceback" not in sentence
    assert (rows(product), files(product)) == before
    problems.clear()  # the browser logs the refusal itself


def test_a_name_with_everything_in_it_is_only_a_name(page: Page, tmp_path: Path) -> None:
    name = "it's “quoted” <b>😀 .. Иван.wav"
    path = tmp_path / name
    path.write_bytes(render([Line("slt", "We will discuss the budget today.")]).path.read_bytes())

    upload(page, path)
    page.wait_for_selector("[data-transcript]", timeout=60_000)

    assert page.locator("h1").inner_text() == name.removesuffix(".wav")


def test_silence_completes_with_no_speech_found(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(bytes(16000 * 2 * 5))

    upload(page, path)

    page.wait_for_selector("text=No speech found", timeout=60_000)
    assert page.locator("text=This transcription stopped").count() == 0


def test_after_all_that_the_workers_still_work(page: Page, product: Product, tmp_path: Path) -> None:
    path = tmp_path / "fine.wav"
    path.write_bytes(render([Line("rms", "The report is ready and the customer has it.")]).path.read_bytes())

    upload(page, path)
    page.wait_for_selector("[data-transcript]", timeout=60_000)

    assert "Traceback" not in product.log(), product.log()
