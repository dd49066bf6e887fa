"""The library while something goes on: percents, ends of jobs, several at once, and messages, in a real browser."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.conftest import upload, wait_until
from tests.e2e.seeds import write_talk
from tests.e2e.test_library import choose
from tests.services import Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SPOKEN = [Line("slt", "Good morning. Is the budget ready for the meeting?"), Line("rms", "It is, since Monday.")]
# Remembers every status that each row of the library shows.
STATUSES = """
window.told = {};
setInterval(() => {
  for (const status of document.querySelectorAll("[data-row] .row-status"))
    (window.told[status.closest("[data-row]").dataset.row] ??= new Set()).add(status.innerText.trim());
}, 20);
"""
AT_WORK = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from jobs.models import Job, Recording, StepRun
row = Recording.objects.create(owner=User.objects.earliest("pk"), title=%(title)r, original_name="a.wav",
    media_key="", media_type="audio/wav", size_bytes=1, duration=60)
options = {"engine": "whisper", "requested_engine": "auto", "model": "base", "language": "en",
           "speakers": None, "vocabulary": ""}
job = Job.objects.create(recording=row, kind="transcribe", status="running", options=options, percent=42.0,
    stage="transcribe", started_at=timezone.now())
StepRun.objects.create(job=job, name="transcribe", lane="gpu", status="running", progress=0.4,
    lease_until=timezone.now() + timedelta(minutes=10))
"""
MORE = """
from jobs.models import Job
Job.objects.filter(recording__title=%(title)r).update(percent=64.0)
"""
AT_ITS_END = """
from jobs.models import Job, Segment, Transcript
job = Job.objects.get(recording__title=%(title)r)
made = Transcript.objects.create(recording=job.recording, job=job, language="en", engine="whisper", model="base")
Segment.objects.create(transcript=made, start=0, end=1, text="Now it is done.")
job.steps.update(status="done")
Job.objects.filter(pk=job.pk).update(status="completed", percent=100.0, stage="")
"""
# Words that no archive makes much smaller.
LONG = """
import random
from jobs.models import Segment, Transcript
text = Transcript.objects.get(recording__title=%(title)r)
drawn = random.Random(3)
letters = "abcdefghijklmnopqrstuvwxyz"
said = [" ".join("".join(drawn.choices(letters, k=9)) for _word in range(40)) for _row in range(900)]
said += ["The end of " + %(title)r + "."]
Segment.objects.bulk_create(
    Segment(transcript=text, start=10.0 * row, end=10.0 * row + 9, text=words) for row, words in enumerate(said, 1))
"""


def tell(product: Product, program: str, title: str) -> None:
    outcome = product.manage("shell", "-c", program % {"title": title})
    assert outcome.returncode == 0, outcome.stderr


def speech(folder: Path, name: str, times: int) -> Path:
    path = folder / name
    path.write_bytes(render(SPOKEN * times).path.read_bytes())
    return path


def test_two_at_work_tell_stage_and_percent_until_their_end(page: Page, product: Product, tmp_path: Path) -> None:
    ids = []
    for name in ("first-live.wav", "second-live.wav"):
        upload(page, speech(tmp_path, name, 4))
        ids.append(page.url.rstrip("/").rpartition("/")[2])
    page.add_init_script(STATUSES)
    page.goto("/?q=live")
    expect(page.locator(".row")).to_have_count(2)

    for each in ids:
        expect(page.locator(f"#row-{each} .row-status")).to_have_text("Done", timeout=120_000)
        expect(page.locator(f"#row-{each} progress")).to_have_count(0)

    told = {each: page.evaluate(f"[...window.told['{each}']]") for each in ids}
    percents = [status for each in ids for status in told[each] if "·" in status]
    assert percents and all(status.endswith("%") for status in percents), told
    assert all(told[each][-1] == "Done" for each in ids), told
    page.goto("/?status=done&q=live")
    expect(page.locator(".row")).to_have_count(2)


def test_a_row_with_the_focus_shows_the_end_of_its_work_and_keeps_the_focus(
    page: Page, product: Product, first_run: StorageState
) -> None:
    title = "Held by the focus"
    tell(product, AT_WORK, title)
    page.goto("/?sort=title")
    row = page.locator(".row", has_text=title)
    expect(row.locator(".row-status")).to_contain_text("42")
    expect(row.locator("progress")).to_have_attribute("value", "42.00")
    row.get_by_role("button", name=f"Delete {title}").focus()
    tell(product, MORE, title)
    expect(row.locator(".row-status")).to_contain_text("64", timeout=15_000)
    wait_until(page, "document.activeElement.matches('.row-delete')")

    tell(product, AT_ITS_END, title)

    expect(row.locator(".row-words")).to_have_text("Now it is done.", timeout=15_000)
    expect(row.locator("progress")).to_have_count(0)
    expect(row.get_by_role("button", name=f"Delete {title}")).to_be_focused()


def test_several_are_transcribed_again_and_come_to_their_end(page: Page, product: Product, tmp_path: Path) -> None:
    titles = ["again-one", "again-two"]
    for title in titles:
        upload(page, speech(tmp_path, f"{title}.wav", 1))
        page.wait_for_selector("[data-transcript]", timeout=120_000)
    page.add_init_script(STATUSES)
    page.goto("/?q=again")
    for title in titles:
        choose(page, title)

    page.locator("[data-bulk]").get_by_role("button", name="Transcribe again").press("Enter")

    expect(page.locator("[data-toasts]")).to_contain_text("2 recordings are transcribed again.")
    wait_until(
        page, "[...document.querySelectorAll('.row-status')].every((one) => one.innerText.trim() === 'Done')", 120
    )
    assert page.evaluate("Object.values(window.told).some((said) => said.size > 1)")
    page.locator(".row-title").first.click()
    page.wait_for_selector("[data-transcript]")
    assert "budget" in page.locator("[data-transcript]").inner_text()


def test_several_are_taken_away_in_one_large_archive(
    page: Page, product: Product, first_run: StorageState, tmp_path: Path
) -> None:
    titles = ["large-one", "large-two"]
    for title in titles:
        media = tmp_path / f"{title}.wav"
        media.write_bytes(render(SPOKEN).path.read_bytes())
        write_talk(product, media, title, [(0, "Hello.")])
        tell(product, LONG, title)
    page.goto("/?q=large")
    for title in titles:
        choose(page, title)

    page.locator("[data-bulk]").get_by_role("button", name="Download").press("Enter")
    asked = page.get_by_role("dialog", name="Download")
    asked.get_by_role("button", name="All").press("Enter")
    with page.expect_download() as begun:
        asked.get_by_role("button", name="Download").press("Enter")

    made = begun.value.path().read_bytes()
    assert len(made) > 1_000_000
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        texts = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".md")]
    assert sorted(title for title in titles for text in texts if f"The end of {title}." in text) == titles


def test_the_offer_to_undo_stays_while_the_focus_or_the_pointer_is_in_it(
    page: Page, product: Product, first_run: StorageState
) -> None:
    title = "Offered back"
    tell(product, AT_WORK, title)
    page.clock.install()
    page.goto("/?sort=title")
    page.get_by_role("button", name=f"Delete {title}").press("Enter")
    toast = page.locator("[data-toast]")
    expect(toast).to_contain_text("was deleted")
    page.locator("#q").focus()
    toast.get_by_role("button", name="Undo").focus()

    page.clock.run_for(30_000)
    expect(toast).to_have_count(1)
    toast.get_by_role("button", name="Dismiss").press("Enter")
    expect(toast).to_have_count(0)
    expect(page.locator("#q")).to_be_focused()

    page.goto("/trash/")
    page.get_by_role("button", name=f"Put back {title}").press("Enter")
    expect(page.locator("[data-toasts]")).to_contain_text("Its transcription had been stopped.")
    toast.first.hover()
    page.clock.run_for(30_000)
    expect(toast).to_have_count(1)
    page.mouse.move(5, 5)
    page.clock.run_for(5_000)
    expect(toast).to_have_count(0)
