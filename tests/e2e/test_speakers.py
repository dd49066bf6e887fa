"""Who speaks, in a real browser: named, chosen, merged, heard and counted."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, StorageState, expect

from tests.e2e.conftest import wait_until
from tests.e2e.keyboard import tab_to
from tests.e2e.seeds import write_talk
from tests.e2e.test_accessibility import look
from tests.services import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tone") / "talk.wav"
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=f=400:r=8000:d=180", str(path)]
    subprocess.run(argv, check=True)
    return path


@pytest.fixture
def opened(
    page: Page, product: Product, first_run: StorageState, tone: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Page:
    """The page of a talk of two: sentences by turns of two each."""
    copy = tmp_path / tone.name
    copy.write_bytes(tone.read_bytes())
    page.goto(write_talk(product, copy, request.node.name))
    wait_until(page, "document.querySelector('[data-editing]')?.hidden === false")
    return page


def heading(page: Page, index: int) -> Locator:
    return page.locator("[data-speaker-turn]").nth(index)


def headings(page: Page, count: int = 4) -> list[str]:
    return page.locator("[data-speaker-turn]").all_inner_texts()[:count]


def listed(page: Page) -> Locator:
    return page.locator("[data-voice-list] .pill-name")


def menu(page: Page) -> Locator:
    return page.locator("#speaker-menu[open]")


def wait_for_headings(page: Page, *names: str) -> None:
    for index, name in enumerate(names):
        expect(heading(page, index)).to_have_text(name)


# Names ----------------------------------------------------------------------------------------------------------------


def test_a_speaker_is_renamed_everywhere_with_the_keyboard_alone(opened: Page) -> None:
    tab_to(opened, "Speaker 1")
    opened.keyboard.press("Enter")
    expect(opened.get_by_label("Name", exact=True)).to_be_focused()
    opened.keyboard.type("Anna")
    opened.keyboard.press("Enter")

    wait_for_headings(opened, "Anna", "Speaker 2", "Anna", "Speaker 2")
    expect(listed(opened)).to_have_text(["Anna", "Speaker 2"])
    expect(menu(opened)).to_have_count(0)
    expect(heading(opened, 0)).to_be_focused()

    opened.reload()
    wait_for_headings(opened, "Anna", "Speaker 2")
    wait_until(opened, "document.querySelector('[data-undo-button]')?.disabled === false")
    opened.keyboard.press("Control+z")
    wait_for_headings(opened, "Speaker 1", "Speaker 2")
    expect(listed(opened)).to_have_text(["Speaker 1", "Speaker 2"])


def test_a_name_is_given_to_one_turn_only(opened: Page) -> None:
    heading(opened, 1).click()
    menu(opened).get_by_label("Name", exact=True).wait_for()
    opened.keyboard.press("Shift+Tab")  # the choice of where
    opened.keyboard.press("ArrowRight")
    expect(menu(opened).get_by_role("radio", name="Only this turn")).to_be_checked()
    opened.keyboard.press("Tab")
    opened.keyboard.type("Zoë")
    opened.keyboard.press("Enter")

    wait_for_headings(opened, "Speaker 1", "Zoë", "Speaker 1", "Speaker 2")
    expect(listed(opened)).to_have_text(["Speaker 1", "Speaker 2", "Zoë"])


def test_names_of_other_recordings_are_suggested(opened: Page, product: Product, tone: Path, tmp_path: Path) -> None:
    heading(opened, 0).click()
    menu(opened).get_by_label("Name", exact=True).fill("Wilhelmina")
    opened.keyboard.press("Enter")
    wait_for_headings(opened, "Wilhelmina")

    copy = tmp_path / "other.wav"
    copy.write_bytes(tone.read_bytes())
    opened.goto(write_talk(product, copy, "another talk"))
    heading(opened, 1).click()
    menu(opened).get_by_role("button", name="Wilhelmina").click()
    opened.keyboard.press("Enter")

    wait_for_headings(opened, "Speaker 1", "Wilhelmina")


# Somebody else --------------------------------------------------------------------------------------------------------


def test_a_digit_says_who_speaks_a_sentence(opened: Page) -> None:
    opened.locator("[data-segment] [data-seek-link]").first.focus()

    opened.keyboard.press("2")

    wait_for_headings(opened, "Speaker 2", "Speaker 1", "Speaker 2")
    opened.keyboard.press("9")  # there is none of that number
    opened.keyboard.press("1")
    wait_for_headings(opened, "Speaker 1", "Speaker 2", "Speaker 1")
    expect(opened.locator("[data-segment] [data-seek-link]").first).to_be_focused()


def test_a_digit_on_the_heading_of_a_turn_is_about_all_of_it(opened: Page) -> None:
    heading(opened, 1).focus()

    opened.keyboard.press("1")

    expect(opened.locator("[data-turn]").first.locator("[data-segment]")).to_have_count(6)
    expect(heading(opened, 0)).to_be_focused()
    opened.keyboard.press("s")
    expect(menu(opened).get_by_role("radio", name="Only this turn")).to_be_visible()


def test_a_sentence_is_given_to_nobody_from_its_menu(opened: Page) -> None:
    opened.locator("[data-segment] [data-seek-link]").nth(1).focus()
    opened.keyboard.press("s")
    menu(opened).wait_for()
    opened.evaluate("document.querySelector('#speaker-menu [data-other=\"\"]').focus()")

    opened.keyboard.press("Enter")

    wait_for_headings(opened, "Speaker 1", "Unknown speaker", "Speaker 2")


# One who was taken for two --------------------------------------------------------------------------------------------


def drag(page: Page, source: Locator, target: Locator) -> None:
    begun, ended = source.bounding_box(), target.bounding_box()
    assert begun and ended
    page.mouse.move(begun["x"] + 12, begun["y"] + 8)
    page.mouse.down()
    page.mouse.move(begun["x"] + 30, begun["y"] + 12, steps=3)
    page.mouse.move(ended["x"] + 40, ended["y"] + ended["height"] / 2, steps=5)


def test_dragging_one_speaker_onto_another_merges_them_until_it_is_undone(opened: Page) -> None:
    rows = opened.locator(".voice-row")

    drag(opened, rows.nth(1).locator(".pill"), rows.nth(0))
    assert rows.nth(0).evaluate("(row) => row.classList.contains('is-target')")
    expect(opened.locator(".merge-ghost")).to_contain_text("Merge into Speaker 1")
    opened.mouse.up()

    expect(opened.locator("[data-toast]")).to_contain_text("Speaker 2 was merged into Speaker 1")
    wait_until(opened, "document.querySelectorAll('[data-speaker-turn]').length === 1")
    expect(listed(opened)).to_have_text(["Speaker 1"])
    expect(opened.locator("[data-speaker-count]")).to_have_text("1 speaker")

    opened.locator("[data-toast]").get_by_role("button", name="Undo").click()
    wait_for_headings(opened, "Speaker 1", "Speaker 2", "Speaker 1")
    expect(listed(opened)).to_have_text(["Speaker 1", "Speaker 2"])


def test_a_drag_that_is_given_up_changes_nothing(opened: Page) -> None:
    rows = opened.locator(".voice-row")
    drag(opened, rows.nth(1).locator(".pill"), rows.nth(0))

    opened.keyboard.press("Escape")
    opened.mouse.up()

    expect(opened.locator(".merge-ghost")).to_have_count(0)
    assert headings(opened, 2) == ["Speaker 1", "Speaker 2"]


def test_merging_needs_no_mouse(opened: Page) -> None:
    tab_to(opened, "Rename or merge Speaker 2", presses=300)
    opened.keyboard.press("Enter")
    menu(opened).wait_for()
    tab_to(opened, "Speaker 1", presses=12)
    opened.keyboard.press("Enter")

    wait_until(opened, "document.querySelectorAll('[data-speaker-turn]').length === 1")
    wait_for_headings(opened, "Speaker 1")


def test_a_name_that_somebody_has_leads_to_a_merge(opened: Page, problems: list[str]) -> None:
    heading(opened, 1).click()
    menu(opened).get_by_label("Name", exact=True).fill("speaker 1")
    opened.keyboard.press("Enter")
    expect(menu(opened).get_by_role("alert")).to_contain_text("There is a speaker called Speaker 1 already")

    opened.keyboard.press("Enter")  # the button has the focus

    wait_until(opened, "document.querySelectorAll('[data-speaker-turn]').length === 1")
    assert all("422" in problem for problem in problems)
    problems.clear()


# The voice ------------------------------------------------------------------------------------------------------------


def test_ten_seconds_of_a_voice_are_heard_apart_from_the_player(opened: Page) -> None:
    button = opened.get_by_role("button", name="Hear Speaker 2")

    with opened.expect_response(re.compile("/sample/")) as told:
        button.click()

    assert told.value.status == 200
    assert told.value.headers["content-type"] == "audio/mpeg"
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")

    opened.get_by_role("button", name="Hear Speaker 1").click()
    expect(opened.get_by_role("button", name="Hear Speaker 1")).to_have_attribute("aria-pressed", "true")
    opened.locator("[data-act=toggle]").click()  # the player takes over
    expect(opened.get_by_role("button", name="Hear Speaker 1")).to_have_attribute("aria-pressed", "false")


# The figures ----------------------------------------------------------------------------------------------------------


def test_the_tab_tells_who_spoke_how_much_and_follows_changes(opened: Page) -> None:
    opened.get_by_role("tab", name="Speakers").click()
    table = opened.locator(".figures-table")
    expect(table.locator("tbody tr")).to_have_count(2)
    expect(opened.get_by_role("img", name="Shares of all speech")).to_be_visible()

    table.locator("[data-speaker-menu]").first.click()
    menu(opened).get_by_label("Name", exact=True).fill("Anna")
    opened.keyboard.press("Enter")
    expect(table.locator("tbody th").first).to_contain_text("Anna")

    table.locator("[data-seek-link]").nth(1).click()
    expect(opened.get_by_role("tab", name="Transcript")).to_have_attribute("aria-selected", "true")
    wait_until(opened, "document.querySelector('[data-media]').currentTime > 0")


def test_a_press_on_the_line_of_a_speaker_goes_to_that_time(opened: Page) -> None:
    opened.get_by_role("tab", name="Speakers").click()
    strip = opened.locator(".strip").first
    box = strip.bounding_box()
    assert box

    opened.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)

    wait_until(opened, "Math.abs(document.querySelector('[data-media]').currentTime - 90) < 3")
    expect(opened.get_by_role("tab", name="Transcript")).to_have_attribute("aria-selected", "true")


def test_the_tab_and_the_menu_are_for_everybody(opened: Page) -> None:
    opened.get_by_role("tab", name="Speakers").click()
    opened.locator(".figures-table").wait_for()
    assert look(opened) == []

    opened.get_by_role("tab", name="Transcript").click()
    opened.locator("[data-segment] [data-seek-link]").nth(1).focus()
    opened.keyboard.press("s")
    menu(opened).wait_for()
    assert look(opened) == []
