"""What was changed, how a sentence read before, and two versions side by side: in a real browser, by keyboard."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, StorageState

from tests.e2e.conftest import wait_until
from tests.e2e.seeds import write_talk
from tests.services import ROOT, Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SPOKEN = [
    Line("slt", "Good morning. Is the budget ready?"),
    Line("rms", "The report is ready and the customer has it."),
    Line("slt", "Please send the invoice to Thomas tomorrow."),
]
# As an engine of before understood it.
TALK = [
    (0, "Good morning is the budget red."),
    (1, "The report is ready and the customer hates it."),
    (0, "Please send the invoice to Thomas to morrow."),
]


@pytest.fixture
def address(product: Product, first_run: StorageState, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    media = tmp_path / "talk.wav"
    media.write_bytes(render(SPOKEN).path.read_bytes())
    return write_talk(product, media, request.node.name, TALK)


@pytest.fixture
def opened(page: Page, address: str) -> Page:
    page.goto(address)
    wait_until(page, "document.querySelector('[data-editing]')?.hidden === false")
    return page


def texts(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("[data-transcript] [data-text]").all_inner_texts()]


def correct(page: Page, index: int, text: str) -> None:
    """With the pencil, as people do."""
    row = page.locator("[data-segment]").nth(index)
    row.locator("[data-text]").dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")
    wait_until(page, "document.querySelector('[data-save-state]').textContent === 'Saved'")


def open_history(page: Page) -> None:
    page.get_by_role("tab", name="History").click()
    page.wait_for_selector("[data-past]")


def test_a_corrected_word_is_in_the_history_and_the_beginning_can_be_restored_and_that_undone(opened: Page) -> None:
    correct(opened, 0, "Good morning is the budget ready?")
    open_history(opened)

    entry = opened.locator("[data-change]")
    assert entry.locator("del").inner_text().endswith("red.")
    assert entry.locator("ins").inner_text().endswith("ready?")
    opened.get_by_role("button", name="Restore to the beginning").click()
    assert "1 change is taken back" in opened.locator("#confirm-text").inner_text()
    opened.locator("[data-confirm-yes]").click()
    wait_until(opened, "document.querySelectorAll('[data-change]').length === 2")

    opened.get_by_role("tab", name="Transcript").click()
    assert texts(opened) == [said for _, said in TALK]
    opened.keyboard.press("Control+Z")
    wait_until(opened, "document.querySelector('[data-text]').textContent.includes('ready?')")
    open_history(opened)
    wait_until(opened, "document.querySelectorAll('[data-change]').length === 3")
    assert opened.locator(".change-undone").count() == 1


def test_an_untouched_text_says_what_will_stand_here(opened: Page) -> None:
    open_history(opened)

    assert opened.get_by_text("Nothing was changed yet.").is_visible()
    assert opened.locator(".version").count() == 1


def test_an_earlier_wording_of_a_sentence_comes_back_by_keyboard(opened: Page) -> None:
    for text in ("Wording one.", "Wording two."):
        correct(opened, 1, text)

    opened.locator("[data-segment] [data-seek-link]").nth(1).focus()
    opened.keyboard.press("h")
    opened.wait_for_selector("#segment-history [data-change]")
    assert opened.locator("#segment-history [data-change]").count() == 2
    for _ in range(10):
        opened.keyboard.press("Tab")
        if opened.evaluate("document.activeElement.dataset.restore") == "1":
            break
    opened.keyboard.press("Enter")
    wait_until(opened, "document.querySelectorAll('[data-text]')[1].textContent.includes('Wording one.')")

    assert not opened.locator("#segment-history").is_visible()
    opened.keyboard.press("Control+Z")
    wait_until(opened, "document.querySelectorAll('[data-text]')[1].textContent.includes('Wording two.')")


def test_another_run_is_compared_a_place_taken_over_and_the_old_version_restored(opened: Page, address: str) -> None:
    correct(opened, 2, "Please send the invoice to Thomas on Monday.")
    before = texts(opened)
    open_history(opened)
    opened.get_by_role("link", name="Transcribe again…").click()
    opened.wait_for_selector("#again-dialog[open]")
    opened.locator("#again-dialog select[name=engine]").select_option("pocketsphinx")
    opened.get_by_role("button", name="Transcribe again").click()
    opened.wait_for_url(f"**{urlsplit(address).path}")
    assert texts(opened) == before
    opened.wait_for_selector("[data-live]", state="detached", timeout=90_000)
    opened.wait_for_load_state()

    after = texts(opened)
    assert after != before and before[2] in after
    open_history(opened)
    assert opened.locator(".version").count() == 2
    opened.get_by_role("link", name="Compare version 1").click()
    opened.wait_for_selector("[data-places-list] .place")
    assert "differ" in opened.locator(".comparison-sum").inner_text()
    assert violations(opened) == []
    count = opened.locator("[data-take-over]").count()
    opened.locator("[data-take-over]").first.focus()
    opened.keyboard.press("Enter")
    wait_until(opened, f"document.querySelectorAll('[data-take-over]').length < {count}")
    wait_until(opened, "document.activeElement.closest('[data-comparison]') !== null")

    opened.locator(".comparison [data-restore-version]").click()
    opened.locator("[data-confirm-yes]").click()
    wait_until(opened, "document.querySelectorAll('.place').length === 0")
    assert opened.get_by_text("No word differs").is_visible()
    opened.get_by_role("tab", name="Transcript").click()
    wait_until(opened, f"document.querySelectorAll('[data-text]').length === {len(before)}")
    assert texts(opened) == before
    for _ in range(2):
        opened.keyboard.press("Control+Z")
        opened.wait_for_timeout(400)
    wait_until(opened, f"document.querySelectorAll('[data-text]').length === {len(after)}")
    assert texts(opened) == after


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_in_the_history(opened: Page, scheme: str, width: int) -> None:
    opened.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    correct(opened, 0, "Good morning is the budget ready?")
    opened.set_viewport_size({"width": width, "height": 900})
    open_history(opened)

    assert violations(opened) == []
    opened.locator("[data-transcribe-again]").click()
    opened.wait_for_selector("#again-dialog[open]")
    assert violations(opened) == []
    opened.keyboard.press("Escape")
    opened.get_by_role("tab", name="Transcript").click()
    opened.locator("[data-segment] [data-seek-link]").first.focus()
    opened.keyboard.press("h")
    opened.wait_for_selector("#segment-history [data-change]")
    assert violations(opened) == []


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document)")["violations"]
    return [json.dumps({each["id"]: [node["html"][:200] for node in each["nodes"]]}) for each in found]
