"""Taking a transcript away: options by keyboard, files that open, choices that stay."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pysubs2
import pytest
from docx import Document
from playwright.sync_api import BrowserContext, Page

from tests.e2e.conftest import wait_until
from tests.e2e.keyboard import tab_to
from tests.e2e.meeting import seed_meeting
from tests.services import Product

SENTENCES = [
    "Good morning everyone.",
    "Is the budget for next year ready?",
    "It is, although finance asked for two more days.",
    "Then let us meet again on Friday.",
]


@pytest.fixture(scope="module")
def address(product: Product, first_run: object, tmp_path_factory: pytest.TempPathFactory) -> str:
    return seed_meeting(product, tmp_path_factory.mktemp("exports"), SENTENCES, title="Budget: <b>talk</b>")


@pytest.fixture
def tab(page: Page, address: str) -> Iterator[Page]:
    """The tab as somebody finds it who has chosen nothing yet."""
    page.goto(f"{address}?tab=exports")
    yield page
    for name in ("names", "times", "by_turn"):
        page.locator(f"input[type=checkbox][name={name}]").set_checked(True)
    page.locator("select[name=preset]").select_option("default")
    page.wait_for_timeout(300)


def taken(page: Page, name: str) -> bytes:
    """What the focused button downloads when Enter is pressed."""
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == f"Budget_ _b_talk__b_.{name}"
    return Path(download.value.path()).read_bytes()


def test_a_large_file_is_whole(product: Product, first_run: object, page: Page, tmp_path: Path) -> None:
    sentences = [
        f"Sentence {number} is about the budget of the next year and the one behind it." for number in range(400)
    ]
    talk = seed_meeting(product, tmp_path, sentences, title="Long talk")

    page.goto(f"{talk}?tab=exports")
    with page.expect_download() as download:
        page.locator("button.export[formaction$='/json/']").click()
    content = Path(download.value.path()).read_bytes()

    assert len(content) > 300_000
    assert [segment["text"] for segment in json.loads(content)["segments"]] == sentences


def test_options_are_chosen_and_files_taken_by_keyboard_alone(tab: Page) -> None:
    tab.locator("body").focus()
    tab_to(tab, "export-times")
    tab.keyboard.press("Space")
    tab_to(tab, "Subtitles (SRT)")
    subtitles = pysubs2.SSAFile.from_string(taken(tab, "srt").decode())

    tab.locator("body").click(position={"x": 1, "y": 1})
    tab_to(tab, "Word document")
    document = Document(io.BytesIO(taken(tab, "docx")))

    assert "Good morning everyone." in subtitles[0].text
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[0] == "Budget: <b>talk</b>"
    assert "Speaker 1" in texts  # without a time
    assert any("Friday" in text for text in texts)


def test_choices_stay_after_a_reload(tab: Page) -> None:
    with tab.expect_response("**/export-options/"):
        tab.get_by_label("Names of speakers").uncheck()
    with tab.expect_response("**/export-options/"):
        tab.get_by_label("Preset").select_option("vertical")

    tab.reload()

    assert not tab.get_by_label("Names of speakers").is_checked()
    assert tab.get_by_label("Preset").input_value() == "vertical"
    quick = tab.locator("a[href$='/export/srt/']").first.get_attribute("href")
    assert "Speaker" not in tab.request.get(str(quick)).text()


def test_a_part_can_be_taken_from_where_the_player_is(tab: Page) -> None:
    wait_until(tab, "document.querySelector('audio, video').readyState >= 1")
    tab.evaluate("document.querySelector('audio, video').currentTime = 4.0; true")
    wait_until(tab, "document.querySelector('audio, video').currentTime >= 4")
    tab.get_by_label("From where the player is").click()
    assert tab.evaluate("document.activeElement.id") == "export-start"

    tab.get_by_role("button", name="Plain text").focus()
    text = taken(tab, "txt").decode()

    assert "Good morning" not in text
    assert "Friday" in text


def test_a_preset_shows_its_limits(tab: Page) -> None:
    tab.get_by_text("Limits of your own").click()
    assert tab.get_by_label("Characters a line").get_attribute("placeholder") == "42"

    tab.get_by_label("Preset").select_option("vertical")

    assert tab.get_by_label("Characters a line").get_attribute("placeholder") == "20"


def test_it_works_without_scripts(page: Page, address: str, context_without_scripts: BrowserContext) -> None:
    plain = context_without_scripts.new_page()
    plain.goto(f"{address}?tab=exports")
    plain.get_by_label("Names of speakers").uncheck()
    plain.get_by_role("button", name="Markdown").focus()

    text = taken(plain, "md").decode()

    assert "Speaker" not in text
    assert "Good morning everyone\\." in text or "Good morning everyone." in text
    plain.goto(f"{address}?tab=exports")
    assert not plain.get_by_label("Names of speakers").is_checked()
    plain.get_by_label("Names of speakers").check()
    plain.get_by_role("button", name="Markdown").focus()
    assert "Speaker" in taken(plain, "md").decode()


@pytest.fixture
def context_without_scripts(page: Page) -> Iterator[BrowserContext]:
    browser = page.context.browser
    assert browser
    base = page.context.storage_state()
    context = browser.new_context(java_script_enabled=False, storage_state=base, base_url=_base(page))
    yield context
    context.close()


def _base(page: Page) -> str:
    page.goto("/")
    return page.url
