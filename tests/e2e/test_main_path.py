"""The main job in a real browser: a recording in, words out."""

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pysubs2
import pytest
import webvtt
from playwright.sync_api import Browser, Page, StorageState

from tests.e2e.conftest import upload, wait_for_transcript, wait_until
from tests.measures import word_error_rate
from tests.services import Product
from tests.speech import Line, Speech, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MEETING = [
    Line("slt", "Good morning. We will discuss the budget and the schedule for the next meeting.", 0.6),
    Line("rms", "The report is ready and the customer has it.", 0.7),
    Line("slt", "Please send the contract to the manager before Friday.", 0.6),
    Line("rms", "I will write the invoice and call Anna this afternoon.", 0.7),
    Line("slt", "The meeting starts at nine o'clock in the library.", 0.6),
    Line("rms", "We need three new computers for the office next week.", 0.7),
]
FORMATS = {
    "mp3": ["-c:a", "libmp3lame", "-b:a", "64k"],
    "m4a": ["-c:a", "aac"],
    "ogg": ["-c:a", "libvorbis"],
    "webm": ["-c:a", "libopus"],
    "mp4": ["-c:a", "aac"],
}


@pytest.fixture(scope="module")
def meeting() -> Speech:
    return render(MEETING)


def encode(speech: Speech, target: Path) -> Path:
    """The same sound in another container; mp4 with a moving picture."""
    name = target.suffix.removeprefix(".")
    picture = ["-f", "lavfi", "-i", f"testsrc=size=320x180:rate=5:duration={speech.duration}"] if name == "mp4" else []
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"] if picture else ["-vn"]
    argv = ["ffmpeg", "-v", "error", "-y", "-i", str(speech.path), *picture, *video, *FORMATS[name], str(target)]
    subprocess.run(argv, check=True)
    return target


def test_from_upload_over_the_live_page_to_the_words(page: Page, meeting: Speech) -> None:
    upload(page, meeting.path)
    text = wait_for_transcript(page)

    percents = json.loads(page.evaluate("sessionStorage.getItem('percents')"))
    assert len(percents) >= 8, percents
    assert [int(value) for value in percents] == sorted(int(value) for value in percents)
    assert int(page.evaluate("sessionStorage.getItem('words-before-end')")) > 0
    assert word_error_rate(meeting.text, text) <= 0.15
    assert page.locator(".turn-speaker").count() >= 2


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_same_sound_in_other_containers(page: Page, meeting: Speech, tmp_path: Path, name: str) -> None:
    upload(page, encode(meeting, tmp_path / f"meeting.{name}"))

    assert word_error_rate(meeting.text, wait_for_transcript(page)) <= 0.15
    assert page.locator("video").count() == (name == "mp4")


@pytest.fixture(scope="module")
def transcript_address(product: Product, chromium: Browser, first_run: StorageState, meeting: Speech) -> str:
    """A finished transcript to look at."""
    context = chromium.new_context(storage_state=first_run, base_url=product.url)
    page = context.new_page()
    upload(page, meeting.path)
    wait_for_transcript(page)
    address = page.url
    context.close()
    return address


def test_a_click_on_a_word_seeks_to_it(page: Page, transcript_address: str) -> None:
    page.goto(transcript_address)
    segment = page.locator("[data-segment]").nth(2)
    times = json.loads(segment.get_attribute("data-times") or "[]")
    offset, start, end, *_ = times[3]
    box = segment.locator("[data-text]").evaluate(
        """(element, offset) => {
          const range = document.createRange();
          range.setStart(element.firstChild, offset); range.setEnd(element.firstChild, offset + 2);
          const box = range.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }""",
        offset,
    )

    page.mouse.click(*box)
    wait_until(page, "document.querySelector('audio, video').currentTime > 0")

    time = page.evaluate("document.querySelector('audio, video').currentTime")
    assert start - 0.1 <= time <= end + 1.5


def test_the_player_plays_by_key_and_the_word_is_marked(page: Page, transcript_address: str) -> None:
    page.goto(transcript_address)
    wait_until(page, "document.querySelector('audio, video').readyState >= 2")
    page.locator("body").press("k")

    wait_until(page, "document.querySelector('audio, video').currentTime > 1.5")
    marked = page.evaluate("[...CSS.highlights.values()].reduce((count, each) => count + each.size, 0)")
    page.locator("body").press("k")

    assert marked > 0
    assert page.evaluate("document.querySelector('audio, video').paused")


def test_the_downloads_are_what_they_say(page: Page, transcript_address: str, tmp_path: Path, meeting: Speech) -> None:
    page.goto(transcript_address)
    saved = {}
    for name in ("txt", "srt", "vtt", "json"):
        address = page.locator(f"a[href$='/export/{name}/']").first.get_attribute("href")
        response = page.request.get(str(address))
        assert response.ok and "attachment" in response.headers["content-disposition"]
        saved[name] = tmp_path / f"file.{name}"
        saved[name].write_bytes(response.body())

    assert word_error_rate(meeting.text, " ".join(line.text for line in webvtt.read(str(saved["vtt"])))) <= 0.2
    # SRT has no place for names but the text, so its cues may be cut elsewhere.
    read = " ".join(event.plaintext for event in pysubs2.load(str(saved["srt"])))
    assert word_error_rate(meeting.text, re.sub(r"Speaker \d+:", "", read)) <= 0.2
    assert json.loads(saved["json"].read_text())["segments"]
    assert "Speaker" in saved["txt"].read_text()


def test_it_can_be_found_deleted_and_is_gone(page: Page, meeting: Speech) -> None:
    upload(page, meeting.path)
    wait_for_transcript(page)
    address = page.url
    page.goto("/")
    assert page.locator(f"a[href='{urlsplit(address).path}']").first.is_visible()

    page.goto(address)
    page.get_by_role("button", name="Delete").first.click()
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    page.wait_for_url(lambda url: "/recordings/" not in url)

    assert page.request.get(address).status == 404


def test_a_job_can_be_cancelled_and_continued(page: Page, meeting: Speech) -> None:
    upload(page, meeting.path)
    page.get_by_role("button", name="Cancel").click()
    page.locator("dialog[open]").get_by_role("button", name="Stop").click()
    page.wait_for_selector("text=This transcription was cancelled")

    page.get_by_role("button", name="Continue").click()

    assert wait_for_transcript(page)


def test_two_pages_and_a_reload_see_the_same(page: Page, meeting: Speech) -> None:
    upload(page, meeting.path)
    other = page.context.new_page()
    other.goto(page.url)
    page.reload()

    assert wait_for_transcript(page) == wait_for_transcript(other)
