"""Correcting a transcript of three minutes in a real browser."""

import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.e2e.conftest import wait_until
from tests.e2e.seeds import TALK, write_talk
from tests.services import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAVED = "document.querySelector('[data-save-state]').textContent === 'Saved'"


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * 180))
    return path


@pytest.fixture
def address(product: Product, first_run: StorageState, silence: Path, request: pytest.FixtureRequest) -> str:
    return write_talk(product, silence, request.node.name)


@pytest.fixture
def opened(page: Page, address: str) -> Page:
    return ready(page, address)


@pytest.fixture
def another(product: Product, chromium: Browser, first_run: StorageState, address: str) -> Iterator[Page]:
    """The same page in another browser."""
    context = chromium.new_context(storage_state=first_run, base_url=product.url)
    page = context.new_page()
    yield ready(page, address)
    context.close()


def ready(page: Page, address: str) -> Page:
    page.goto(address)
    wait_until(page, "document.querySelector('[data-editing]')?.hidden === false")
    return page


def row(page: Page, index: int) -> Locator:
    return page.locator("[data-segment]").nth(index)


def text(page: Page, index: int) -> str:
    return row(page, index).locator("[data-text]").inner_text().strip()


def texts(page: Page, count: int = 4) -> list[str]:
    return [text(page, index) for index in range(count)]


def saved(page: Page, act: Callable[[], object]) -> None:
    """Do something that changes the transcript and wait until it is saved."""
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        act()
    assert answered.value.ok, answered.value.text()
    wait_until(page, SAVED)


def edit(page: Page, index: int) -> None:
    """Begin to correct a sentence by keyboard, with the caret at its end."""
    row(page, index).locator("[data-seek-link]").focus()
    page.keyboard.press("e")
    wait_until(page, "document.activeElement.isContentEditable")


def choose(page: Page, index: int, name: str) -> None:
    """What can be done with a sentence, by keyboard."""
    row(page, index).locator("[data-seek-link]").focus()
    page.keyboard.press("m")
    page.get_by_role("menuitem", name=name).press("Enter")


def test_a_corrected_word_is_saved_by_itself_survives_a_reload_and_is_undone_after_it(opened: Page) -> None:
    before = text(opened, 3)
    place = row(opened, 3).locator("[data-text]")
    place.dblclick(position={"x": 30, "y": 18})  # on the first word

    with opened.expect_response("**/changes/", timeout=2500) as answered:
        opened.keyboard.type("Remark")
    assert answered.value.ok
    wait_until(opened, SAVED)
    opened.reload()

    assert text(opened, 3) == before.replace("Sentence", "Remark")
    times = json.loads(row(opened, 3).get_attribute("data-times") or "")
    assert [begin for _, begin, *_ in times] == sorted(begin for _, begin, *_ in times)
    wait_until(opened, "!document.querySelector('[data-undo-button]').disabled")
    saved(opened, lambda: opened.keyboard.press("Control+z"))
    assert text(opened, 3) == before
    opened.reload()
    assert text(opened, 3) == before
    wait_until(opened, "!document.querySelector('[data-redo-button]').disabled")
    saved(opened, lambda: opened.keyboard.press("Control+Shift+z"))
    assert text(opened, 3).startswith("Remark")


def test_enter_splits_and_backspace_joins_again(opened: Page) -> None:
    before = text(opened, 1)
    edit(opened, 1)
    opened.keyboard.press("Home")
    for _ in "Sentence 1 ":
        opened.keyboard.press("ArrowRight")

    saved(opened, lambda: opened.keyboard.press("Enter"))

    wait_until(opened, "document.activeElement.textContent.startsWith('is about')")
    assert texts(opened)[1:3] == ["Sentence 1", before.removeprefix("Sentence 1 ")]
    saved(opened, lambda: opened.keyboard.press("Backspace"))
    assert text(opened, 1) == before
    opened.keyboard.press("!")  # where they were joined, so the caret is there
    wait_until(opened, "document.activeElement.textContent.startsWith('Sentence 1 !is')")


def test_keys_that_come_while_a_sentence_is_split_stand_in_the_new_one(opened: Page) -> None:
    edit(opened, 0)
    opened.keyboard.press("Home")
    for _ in "Sentence ":
        opened.keyboard.press("ArrowRight")
    opened.route("**/changes/", lambda route: (opened.wait_for_timeout(300), route.continue_()))

    opened.keyboard.press("Enter")
    opened.keyboard.type("No. ")

    wait_until(opened, "document.activeElement.textContent.startsWith('No. 0')")
    assert text(opened, 0) == "Sentence"


def test_delete_insert_and_times_are_done_by_keyboard_and_undone(opened: Page) -> None:
    before = texts(opened)

    saved(opened, lambda: choose(opened, 1, "Delete"))
    assert texts(opened, 2) == [before[0], before[2]]
    saved(opened, lambda: opened.get_by_role("status").get_by_role("button", name="Undo").press("Enter"))
    assert texts(opened) == before

    choose(opened, 0, "Insert a sentence after this")
    opened.keyboard.type("Nobody heard this.")
    saved(opened, lambda: opened.keyboard.press("Control+Enter"))
    assert text(opened, 1) == "Nobody heard this."

    choose(opened, 0, "Times")
    opened.get_by_label("Ends at").fill("0:02.25")
    saved(opened, lambda: opened.keyboard.press("Enter"))
    assert float(row(opened, 0).get_attribute("data-end") or 0) == 2.25


def test_nonsense_times_are_explained_and_everything_behind_can_be_moved(opened: Page) -> None:
    choose(opened, 2, "Times")
    opened.get_by_label("Begins at").fill("later")
    opened.keyboard.press("Enter")
    assert "1:23.45" in opened.locator("[data-passage-error]").inner_text()

    opened.get_by_label("Begins at").fill("0:06.40")
    opened.get_by_label("Move everything behind it").press("Space")
    saved(opened, lambda: opened.get_by_role("button", name="Set times").press("Enter"))

    starts = [float(row(opened, index).get_attribute("data-start") or 0) for index in (1, 2, 3, 59)]
    assert starts == [3.0, 6.4, 9.4, 177.4]


def test_typing_keys_play_and_pause_with_a_step_back(opened: Page) -> None:
    now = "document.querySelector('[data-media]').currentTime"
    wait_until(opened, "document.querySelector('[data-media]').readyState >= 1")
    opened.evaluate("document.querySelector('[data-media]').currentTime = 10")
    edit(opened, 3)

    opened.keyboard.press("Tab")
    wait_until(opened, "!document.querySelector('[data-media]').paused")
    assert 8.3 <= opened.evaluate(now) < 9.9
    opened.keyboard.press("Escape")
    wait_until(opened, "document.querySelector('[data-media]').paused")
    assert opened.evaluate("document.activeElement.isContentEditable")
    opened.keyboard.press("Control+Enter")
    assert not opened.evaluate("document.activeElement.isContentEditable")


def test_keys_can_be_chosen_and_hold_after_a_reload(opened: Page) -> None:
    opened.keyboard.press("?")
    change = opened.get_by_role("button", name="Choose other keys: Correct this sentence")
    change.press("Enter")
    opened.keyboard.press("j")
    assert "taken" in opened.locator("[data-keys-notice]").inner_text()
    change.press("Enter")
    opened.keyboard.press("F4")
    opened.keyboard.press("Escape")
    opened.reload()

    row(opened, 2).locator("[data-seek-link]").focus()
    opened.keyboard.press("e")
    assert not opened.evaluate("document.activeElement.isContentEditable")
    opened.keyboard.press("F4")
    wait_until(opened, "document.activeElement.isContentEditable")


def test_a_key_means_the_same_on_a_cyrillic_keyboard(opened: Page) -> None:
    row(opened, 2).locator("[data-seek-link]").focus()

    opened.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'у', code: 'KeyE', bubbles: true}))"
    )

    wait_until(opened, "document.activeElement.isContentEditable")


@pytest.fixture
def conflict(opened: Page, problems: list[str]) -> Iterator[None]:
    """Chromium also tells its console of a save that is refused."""
    yield
    assert [problem for problem in problems if "409 (Conflict)" not in problem] == []
    problems.clear()


@pytest.mark.usefixtures("conflict")
def test_a_stale_save_shows_both_texts_and_loses_none(opened: Page, another: Page) -> None:
    edit(another, 5)
    saved(another, lambda: another.keyboard.type(" Or later."))
    edit(opened, 5)
    opened.keyboard.press("Home")

    with opened.expect_response("**/changes/") as answered:
        opened.keyboard.type("Perhaps ")
    assert answered.value.status == 409

    panel = opened.locator(".conflict")
    panel.wait_for()
    assert panel.locator("[data-conflict-theirs]").inner_text().endswith("meeting. Or later.")
    assert panel.locator("[data-conflict-yours]").inner_text().startswith("Perhaps Sentence 5")
    assert panel.get_by_label("Both together").input_value() == f"Perhaps {TALK[5][1]} Or later."
    assert text(opened, 5).endswith("Or later.")
    saved(opened, lambda: panel.get_by_role("button", name="Use both together").press("Enter"))
    assert text(opened, 5) == f"Perhaps {TALK[5][1]} Or later."
    opened.reload()
    assert text(opened, 5) == f"Perhaps {TALK[5][1]} Or later."


@pytest.mark.usefixtures("conflict")
def test_a_correction_of_a_sentence_deleted_meanwhile_can_be_kept(opened: Page, another: Page) -> None:
    saved(another, lambda: choose(another, 5, "Delete"))
    edit(opened, 5)
    with opened.expect_response("**/changes/"):
        opened.keyboard.type(" Kept.")

    panel = opened.locator(".conflict")
    panel.wait_for()
    saved(opened, lambda: panel.get_by_role("button", name="Use mine").press("Enter"))
    opened.reload()

    assert text(opened, 5) == f"{TALK[5][1]} Kept."


def test_what_could_not_be_sent_is_kept_over_a_reload_and_saved_then(opened: Page, problems: list[str]) -> None:
    opened.route("**/changes/", lambda route: route.abort())
    edit(opened, 2)
    opened.keyboard.type(" Kept here.")
    wait_until(opened, "document.querySelector('[data-save-state]').textContent.startsWith('Not saved,')")
    assert "not reached" in opened.locator("[data-toasts]").inner_text()
    opened.on("dialog", lambda dialog: dialog.accept())
    opened.reload()
    opened.unroute("**/changes/")

    saved(opened, lambda: opened.get_by_role("button", name="Save them now").press("Enter"))

    assert text(opened, 2).endswith("Kept here.")
    opened.reload()
    assert text(opened, 2).endswith("Kept here.")
    assert opened.get_by_role("button", name="Save them now").count() == 0
    assert all("ERR_FAILED" in problem for problem in problems)
    problems.clear()


def test_an_emptied_sentence_is_left_as_it_was(opened: Page) -> None:
    edit(opened, 2)
    opened.keyboard.press("Control+a")
    opened.keyboard.press("Delete")
    opened.keyboard.press("Control+Enter")

    assert text(opened, 2) == TALK[2][1]
    assert "cannot be empty" in opened.locator("[data-toasts]").inner_text()


@pytest.mark.parametrize("name", ["exports", "run"])
def test_tabs_are_reached_by_arrow_keys_and_by_address(opened: Page, name: str) -> None:
    opened.get_by_role("tab", name="Transcript").focus()
    for _ in range(8):
        opened.keyboard.press("ArrowRight")
        if opened.evaluate("document.activeElement.dataset.tab") == name:
            break
    settled(opened, name)
    shown = opened.locator(f"#panel-{name}").inner_text()
    assert urlsplit(opened.url).query == f"tab={name}"

    opened.reload()

    settled(opened, name)
    assert opened.locator(f"#panel-{name}").inner_text() == shown


def settled(page: Page, tab: str) -> None:
    wait_until(page, f"document.querySelector('#panel-{tab}').childElementCount > 0")
    if tab == "exports":  # where a part comes by itself
        expect(page.locator("[data-check-summary]")).to_be_visible(timeout=15_000)


@pytest.mark.usefixtures("conflict")
def test_a_second_sentence_is_not_overwritten_when_the_first_one_met_a_conflict(opened: Page, another: Page) -> None:
    for index in (2, 3):
        edit(another, index)
        saved(another, lambda: another.keyboard.type(" By another."))
    # The answer to the first comes while the second is being written.
    opened.route("**/changes/", lambda route: (opened.wait_for_timeout(500), route.continue_()), times=1)
    edit(opened, 2)
    opened.keyboard.type(" Mine.")
    opened.keyboard.press("ArrowDown")  # the first one is sent
    opened.keyboard.press("End")
    opened.keyboard.type(" Mine, too.")

    opened.locator(".conflict").nth(1).wait_for()

    assert texts(opened)[2:] == [f"{TALK[index][1]} By another." for index in (2, 3)]
    first, second = (opened.locator(".conflict").nth(index) for index in (0, 1))
    assert first.locator("[data-conflict-yours]").inner_text().strip().endswith("Mine.")
    assert second.locator("[data-conflict-yours]").inner_text().strip().endswith("Mine, too.")
    second.get_by_role("button", name="Keep what stands").press("Enter")
    saved(opened, lambda: first.get_by_role("button", name="Use mine").press("Enter"))
    opened.reload()
    assert texts(opened)[2:] == [f"{TALK[2][1]} Mine.", f"{TALK[3][1]} By another."]


def test_what_is_typed_while_an_undo_is_under_way_stays(opened: Page) -> None:
    edit(opened, 2)
    saved(opened, lambda: opened.keyboard.type(" First."))
    opened.route("**/undo/", lambda route: (opened.wait_for_timeout(500), route.continue_()))

    opened.keyboard.press("Control+z")
    opened.keyboard.type(" Typed.")
    wait_until(opened, f"document.activeElement.textContent === {json.dumps(TALK[2][1] + ' Typed.')}")
    wait_until(opened, SAVED)

    opened.reload()
    assert text(opened, 2) == f"{TALK[2][1]} Typed."


def test_a_correction_that_waits_for_the_server_is_not_wiped_by_another_answer(
    opened: Page, problems: list[str]
) -> None:
    opened.route("**/changes/", lambda route: route.abort())
    edit(opened, 2)
    opened.keyboard.type(" Waiting.")
    wait_until(opened, "document.querySelector('[data-save-state]').textContent.startsWith('Not saved,')")
    opened.unroute("**/changes/")
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("Backspace")  # joins with it
    wait_until(opened, SAVED)

    opened.reload()

    assert text(opened, 2) == f"{TALK[2][1]} Waiting. {TALK[3][1]}"
    assert all("ERR_FAILED" in problem for problem in problems)
    problems.clear()


def test_corrections_of_before_can_be_thrown_away(opened: Page, problems: list[str]) -> None:
    opened.route("**/changes/", lambda route: route.abort())
    edit(opened, 2)
    opened.keyboard.type(" Dropped.")
    wait_until(opened, "document.querySelector('[data-save-state]').textContent.startsWith('Not saved,')")
    opened.on("dialog", lambda dialog: dialog.accept())
    opened.reload()
    opened.unroute("**/changes/")

    opened.get_by_role("button", name="Throw them away").press("Enter")
    opened.reload()

    assert text(opened, 2) == TALK[2][1]
    assert opened.get_by_role("button", name="Throw them away").count() == 0
    problems.clear()


def test_lines_that_are_pasted_become_one(opened: Page) -> None:
    edit(opened, 2)
    paste = """() => {
      const data = new DataTransfer();
      data.setData("text/plain", " one\\n two");
      data.setData("text/html", "<b>one</b>");
      const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
      document.activeElement.dispatchEvent(event);
    }"""

    saved(opened, lambda: opened.evaluate(paste))

    assert text(opened, 2) == f"{TALK[2][1]} one two"


def test_a_sentence_is_split_where_the_player_is(opened: Page) -> None:
    wait_until(opened, "document.querySelector('[data-media]').readyState >= 1")
    opened.evaluate("document.querySelector('[data-media]').currentTime = 7.2")

    saved(opened, lambda: choose(opened, 2, "Split where the player is"))

    assert " ".join(texts(opened)[2:4]) == TALK[2][1]
