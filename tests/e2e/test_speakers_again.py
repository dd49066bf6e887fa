"""Speakers that were not found at first, and are found by a press of a button later."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import EMAIL, PASSWORD, upload, wait_for_transcript
from tests.services import running_product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MEETING = [
    Line("slt", "Good morning. We will discuss the budget and the schedule for the next meeting.", 0.6),
    Line("rms", "The report is ready and the customer has it.", 0.7),
    Line("slt", "Please send the contract to the manager before Friday.", 0.6),
    Line("rms", "I will write the invoice and call Anna this afternoon.", 0.7),
]

Site = Callable[[str], AbstractContextManager[Page]]


@pytest.fixture
def site(tmp_path: Path, chromium: Browser) -> Site:
    """Runs the product on one data folder with the given engine for speakers, and opens a page in it."""

    @contextmanager
    def run(engine: str) -> Iterator[Page]:
        with running_product(tmp_path, DIARIZATION_ENGINE=engine) as product:
            context = chromium.new_context(base_url=product.url)
            yield context.new_page()
            context.close()

    return run


def sign_up(page: Page) -> None:
    page.goto("/")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/upload/")


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)


def find_speakers(page: Page, count: int) -> None:
    page.locator(".note-warn, .voices").get_by_role("button", name="Find speakers").first.click()
    dialog = page.locator("dialog[open]")
    assert "The words stay as they are" in dialog.inner_text()
    dialog.get_by_label("Exact number").check()
    dialog.get_by_label("Number of speakers").fill(str(count))
    dialog.get_by_role("button", name="Find speakers").click()


def test_a_search_that_fails_costs_no_text_and_is_done_again(site: Site) -> None:
    meeting = render(MEETING)
    with site("pyannote") as page:  # its weights are not there, so it fails
        sign_up(page)
        upload(page, meeting.path)
        text = wait_for_transcript(page)
        note = page.locator(".note-warn").inner_text()
        assert "Telling speakers apart did not work" in note
        assert page.locator(".badge-failed, .ended, .turn-speaker").count() == 0
        page.locator(".note-warn").get_by_role("button", name="Find speakers").wait_for()

        find_speakers(page, 2)
        page.locator(".note-warn", has_text="the text stays as it was").wait_for(timeout=60_000)
        assert wait_for_transcript(page) == text
        address = page.url.partition("/recordings/")[2]

    with site("embedded") as page:
        sign_in(page)
        page.goto(f"/recordings/{address}")
        find_speakers(page, 2)
        page.wait_for_selector("[data-live], .turn-speaker")
        assert page.locator("[data-transcript]").is_visible()  # one can go on reading
        page.wait_for_selector(".turn-speaker", timeout=60_000)

        assert set(page.locator(".turn-speaker").all_inner_texts()) == {"Speaker 1", "Speaker 2"}
        assert page.locator(".note-warn").count() == 0
        assert len(wait_for_transcript(page).split()) == len(text.split())
