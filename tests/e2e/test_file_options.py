"""A batch of files, each with the common options or its own."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request

from tests.e2e.keyboard import tab_to
from tests.services import Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def batch(page: Page, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Two files on the upload page, both received. Yields their titles."""
    speech = render([Line("slt", "We will discuss the budget today.", 0.3)]).path.read_bytes()
    titles = [f"{name} of {request.node.name}" for name in ("First", "Second")]
    for number, title in enumerate(titles):
        (tmp_path / f"{title}.wav").write_bytes(speech + bytes(2 * number) + title.encode())
    page.goto("/upload/")
    page.set_input_files("input[type=file]", [str(tmp_path / f"{title}.wav") for title in titles])
    page.locator("[data-state=uploaded]").nth(1).wait_for(timeout=30_000)
    yield titles


def row(page: Page, number: int) -> Locator:
    return page.locator(".file").nth(number)


def chosen(product: Product, title: str) -> dict[str, Any]:
    """The options of the job of the recording called `title`."""
    query = "SELECT j.options FROM jobs_job j JOIN jobs_recording r ON r.id = j.recording_id WHERE r.title = ?"
    with sqlite3.connect(product.data_dir / "db.sqlite3") as database:
        (found,) = database.execute(query, [title]).fetchall()
    options: dict[str, Any] = json.loads(found[0])
    return options


def test_one_file_of_two_has_options_of_its_own(page: Page, product: Product, batch: list[str]) -> None:
    common, own = page.locator("[data-common]"), row(page, 1)
    own.get_by_role("button", name="Options").click()
    own.get_by_label("Language", exact=True).select_option("en")
    own.get_by_label("Exact number").check()
    own.get_by_label("Number of speakers").fill("3")
    assert own.locator("[data-summary]").inner_text() == "English · 3 speakers"

    common.get_by_label("Range").check()  # the second file has a number of its own by now
    common.locator(".more > summary").click()
    common.get_by_label("Names and terms").fill("Anna")
    assert own.get_by_label("Names and terms").input_value() == "Anna"
    assert row(page, 0).locator("[data-summary]").inner_text() == "As for all files"
    page.get_by_role("button", name="Transcribe 2 files").click()
    page.locator("[data-state=done]").nth(1).wait_for(timeout=30_000)

    first, second = (chosen(product, title) for title in batch)
    assert (first["language"], second["language"]) == (None, "en")
    assert first["speakers"] == {"exact": None, "minimum": 2, "maximum": 4}
    assert second["speakers"]["exact"] == 3
    assert first["vocabulary"] == second["vocabulary"] == "Anna"


def test_a_file_goes_back_to_the_common_options(page: Page, batch: list[str]) -> None:
    own = row(page, 1)
    own.get_by_role("button", name="Options").click()
    own.get_by_label("Language", exact=True).select_option("fr")
    own.get_by_label("Off").check()
    assert own.locator("[data-summary]").inner_text() == "French · Speakers not told apart"

    own.get_by_role("button", name="Reset").click()

    assert own.locator("[data-summary]").inner_text() == "As for all files"
    assert own.get_by_label("Language", exact=True).input_value() == ""
    assert own.get_by_label("Automatic").is_checked()

    own.get_by_label("Language", exact=True).select_option("fr")
    own.get_by_label("Language", exact=True).select_option("")
    assert own.locator("[data-summary]").inner_text() == "As for all files"


def test_no_two_elements_of_the_page_have_one_name(page: Page, batch: list[str]) -> None:
    for number in range(2):
        row(page, number).get_by_role("button", name="Options").click()

    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    groups = page.evaluate(
        "[...document.querySelectorAll('[type=radio][name$=speakers]:checked')].map((one) => one.name)"
    )
    lost = page.evaluate("[...document.querySelectorAll('[for]')].filter((one) => !one.control).length")

    assert sorted(ids) == sorted(set(ids))
    assert len(groups) == len(set(groups)) == 3
    assert lost == 0


def test_options_the_server_refuses_are_mended_in_their_row_without_a_second_upload(
    page: Page, product: Product, batch: list[str], problems: list[str]
) -> None:
    begun: list[Request] = []
    page.on("request", lambda sent: begun.append(sent) if sent.url.endswith("/uploads/") else None)
    own = row(page, 1)
    own.get_by_role("button", name="Options").click()
    own.get_by_label("Language", exact=True).select_option("es")  # the engine at hand knows English
    own.get_by_label("Title").fill(f"{batch[1]}, named anew")
    page.get_by_role("button", name="Transcribe 2 files").click()
    page.locator("[data-state=done]").wait_for(timeout=30_000)
    page.locator("[data-state=failed]").wait_for(timeout=30_000)

    assert "does not know this language" in own.locator("[data-error-for=language]").inner_text()
    assert page.locator("[data-common] [data-error-for=language]").is_hidden()
    assert own.get_by_label("Language", exact=True).get_attribute("aria-invalid") == "true"
    own.get_by_label("Language", exact=True).select_option("en")
    page.get_by_role("button", name="Transcribe", exact=True).click()
    page.locator("[data-state=done]").nth(1).wait_for(timeout=30_000)

    assert chosen(product, f"{batch[1]}, named anew")["language"] == "en"
    assert begun == []
    problems.clear()  # the browser logs the refusal itself


def test_it_all_goes_by_keyboard(page: Page, product: Product, batch: list[str]) -> None:
    page.locator("body").click(position={"x": 1, "y": 1})
    tab_to(page, f"of {batch[1]}")
    page.keyboard.press("Enter")
    assert row(page, 1).get_by_role("button", name="Options").get_attribute("aria-expanded") == "true"
    tab_to(page, "English", presses=3)
    page.keyboard.type("Eng")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")  # from Automatic to Exact number
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    tab_to(page, "Transcribe 2 files")
    page.keyboard.press("Enter")
    page.locator("[data-state=done]").nth(1).wait_for(timeout=30_000)

    first, second = (chosen(product, title) for title in batch)
    assert (first["language"], first["speakers"]["exact"]) == (None, None)
    assert (second["language"], second["speakers"]["exact"]) == ("en", 3)
