"""Finding a phrase and putting another in its place, in a real browser, without a mouse."""

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.e2e.conftest import wait_until
from tests.e2e.keyboard import tab_to
from tests.e2e.meeting import seed_meeting
from tests.e2e.test_accessibility import look
from tests.services import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SENTENCES = [
    "We met in May.",
    "Maybe the mayor may come.",
    "May I? In may or May?",
    "İstanbul is not istanbul, said İpek.",
    "हि हिन्दी.",
    "Nothing here.",
]
COUNT = "document.querySelector('[data-find-count]').textContent"
FOUND = "[...(CSS.highlights.get('found') ?? [])].map(String)"
HERE = (
    "[...(CSS.highlights.get('found-now') ?? [])].map((one) => one.startContainer.data.slice(0, one.endOffset)).join()"
)


@pytest.fixture
def address(product: Product, first_run: StorageState, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A new recording for each test, for they change it."""
    return seed_meeting(product, tmp_path_factory.mktemp("replace"), SENTENCES)


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.wait_for_selector("[data-find]")
    return page


def look_for(page: Page, phrase: str) -> None:
    page.locator("body").press("Control+h")
    page.wait_for_selector("[data-replace]:not([hidden])")
    page.fill("[data-find-input]", phrase)
    page.locator("[data-find-input]").press("Enter")


def wait_for_count(page: Page, text: str) -> None:
    wait_until(page, f"{COUNT} === '{text}'")


def texts(page: Page) -> list[str]:
    found: list[str] = page.evaluate("[...document.querySelectorAll('[data-text]')].map((one) => one.textContent)")
    return found


def press_option(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).press("Enter")


def test_case_and_whole_words_are_asked_for_and_remembered(page: Page, address: str) -> None:
    opened(page, address)
    look_for(page, "may")
    wait_for_count(page, "1 of 7")

    press_option(page, "Whole words only")
    wait_for_count(page, "1 of 5")
    press_option(page, "Match case")
    wait_for_count(page, "1 of 2")
    assert page.evaluate(FOUND) == ["may", "may"]
    page.reload()
    look_for(page, "May")

    wait_for_count(page, "1 of 3")


@pytest.mark.parametrize(
    ("phrase", "is_whole", "marked"),
    [
        ("istanbul", False, ["İstanbul", "istanbul"]),
        ("İ", False, ["i", "I", "I", "İ", "i", "i", "i", "İ", "i"]),
        ("हि", True, ["हि"]),
        ("?", False, ["?", "?"]),
    ],
)
def test_what_is_marked_is_what_the_server_counts(
    page: Page, address: str, phrase: str, is_whole: bool, marked: list[str]
) -> None:
    opened(page, address)
    look_for(page, phrase)
    if is_whole:
        press_option(page, "Whole words only")

    wait_for_count(page, f"1 of {len(marked)}")
    assert page.evaluate(FOUND) == marked


def test_one_hit_after_the_other_is_replaced(page: Page, address: str) -> None:
    opened(page, address)
    look_for(page, "May")
    press_option(page, "Match case")
    wait_for_count(page, "1 of 4")

    field = page.locator("[data-replace-with]")
    field.fill("June")
    field.press("Enter")
    wait_for_count(page, "1 of 3")
    assert page.evaluate(HERE) == "May"  # of "Maybe"
    field.press("Enter")
    wait_for_count(page, "1 of 2")

    assert texts(page)[:3] == ["We met in June.", "Junebe the mayor may come.", "May I? In may or May?"]


def test_a_replacement_that_has_the_phrase_is_passed_over(page: Page, address: str) -> None:
    opened(page, address)
    look_for(page, "May")
    press_option(page, "Match case")
    wait_for_count(page, "1 of 4")

    field = page.locator("[data-replace-with]")
    field.fill("May May")
    field.press("Enter")

    wait_for_count(page, "3 of 5")
    assert texts(page)[0] == "We met in May May."
    assert page.evaluate(HERE) == "May"


def test_all_are_replaced_after_a_preview_and_put_back(page: Page, address: str) -> None:
    before = texts(opened(page, address))
    look_for(page, "may")
    press_option(page, "Whole words only")
    wait_for_count(page, "1 of 5")
    page.locator("[data-replace-with]").fill("June")

    page.get_by_role("button", name="Replace all…").press("Enter")
    page.wait_for_selector("[data-replace-dialog][open]")
    lines = page.locator("[data-replace-list] li")
    assert lines.count() == 5
    assert lines.nth(0).inner_text().split() == ["0:00", "We", "met", "in", "MayJune."]
    assert lines.nth(0).locator("del").inner_text() == "May"
    page.keyboard.press("Enter")  # the button has the focus

    page.wait_for_selector("text=5 replaced")
    wait_until(page, f"{COUNT} === 'Not found'")
    after = texts(page)
    assert after[:3] == ["We met in June.", "Maybe the mayor June come.", "June I? In June or June?"]
    tab_to(page, "Undo", presses=120)
    page.keyboard.press("Enter")
    wait_for_count(page, "1 of 5")
    assert texts(page) == before
    page.reload()
    assert texts(page) == before


def test_a_place_of_the_preview_is_gone_to(page: Page, address: str) -> None:
    opened(page, address)
    look_for(page, "nothing")
    wait_for_count(page, "1 of 1")
    page.locator("[data-replace-with]").fill("Something")
    page.get_by_role("button", name="Replace all…").press("Enter")
    page.wait_for_selector("[data-replace-dialog][open]")

    page.locator("[data-replace-list] [data-place]").press("Enter")

    page.wait_for_selector("[data-replace-dialog]:not([open])", state="attached")
    wait_until(page, "document.activeElement.closest('[data-segment]')?.textContent.includes('Nothing here')")
    assert "Nothing here." in texts(page)


def test_nothing_is_replaced_that_somebody_changed_meanwhile(
    page: Page, product: Product, chromium: Browser, first_run: StorageState, address: str, problems: list[str]
) -> None:
    opened(page, address)
    look_for(page, "may")
    wait_for_count(page, "1 of 7")
    page.locator("[data-replace-with]").fill("June")
    page.get_by_role("button", name="Replace all…").press("Enter")
    page.wait_for_selector("[data-replace-dialog][open]")
    other = chromium.new_context(storage_state=first_run, base_url=product.url)
    opened(other.new_page(), address)
    look_for(other.pages[0], "We met in May")
    wait_for_count(other.pages[0], "1 of 1")
    other.pages[0].locator("[data-replace-with]").fill("We met in spring")
    other.pages[0].locator("[data-replace-with]").press("Enter")
    wait_for_count(other.pages[0], "Not found")
    other.close()

    page.locator("[data-replace-all]").press("Enter")

    page.wait_for_selector("text=Look again at what would be replaced.")
    assert page.locator("[data-replace-list] li").count() == 6
    problems.clear()  # the browser's note of the refusal
    page.locator("[data-replace-all]").press("Enter")
    page.wait_for_selector("text=6 replaced")
    assert texts(page)[:2] == ["We met in spring.", "Junebe the Juneor June come."]


def test_the_key_works_in_the_field_and_escape_leads_back(page: Page, address: str) -> None:
    opened(page, address)
    page.locator("body").press("/")
    page.keyboard.type("may")
    wait_for_count(page, "1 of 7")

    page.keyboard.press("Control+h")
    assert page.evaluate("document.activeElement.matches('[data-replace-with]')")
    page.keyboard.press("Escape")

    assert page.evaluate("document.activeElement.matches('[data-find-input]')")
    assert not page.locator("[data-replace]").is_visible()


def test_replacing_has_no_violation_in_any_look(page: Page, address: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    opened(page, address)
    look_for(page, "may")
    wait_for_count(page, "1 of 7")
    found = look(page)
    page.locator("[data-replace-with]").fill("June")
    page.get_by_role("button", name="Replace all…").press("Enter")
    page.wait_for_selector("[data-replace-dialog][open]")

    assert found + look(page) == []
