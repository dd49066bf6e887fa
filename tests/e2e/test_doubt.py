"""Checking the words an engine was not sure of, in a real browser, without a mouse."""

import pytest
from playwright.sync_api import Page, StorageState

from tests.e2e.conftest import wait_until
from tests.e2e.meeting import seed_meeting
from tests.e2e.test_accessibility import look
from tests.services import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SENTENCES = [
    "Good morning to you all.",
    "First we look at the budjet?0.31 again.",  # 2.95 .. 5.7 s; the doubtful word 4.95 .. 5.30 s
    "[repeated] Yes yes yes yes yes.",
    "[repeated] Yes yes yes.",
    "Nobody knows what Petar?0.55 will say?0.69 about the price.",
    *["There is nothing to be said about this sentence, and so it goes on for a while."] * 12,
    "[repeated] No no no no.",
    "The contrast?0.4 is signed at last.",
]
AUDIO = "document.querySelector('audio')"
NOW = "[...(CSS.highlights.get('doubt-now') ?? [])].map(String).join('|')"
TINTED = "[...(CSS.highlights.get('doubt') ?? [])].map(String).join('|')"
COUNT, WORD = "[data-doubt-count]", "[data-doubt-word]"


@pytest.fixture
def address(product: Product, first_run: StorageState, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A new recording for each test, for they change it."""
    warnings = ["No words were found from 0:20 to 0:31, although somebody seems to speak there.", "It is very quiet."]
    return seed_meeting(product, tmp_path_factory.mktemp("doubt"), SENTENCES, warnings=warnings)


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    wait_until(page, f"{AUDIO}.readyState >= 2")
    wait_for_count(page, "4 of 243 words")
    return page


def wait_for_count(page: Page, text: str) -> None:
    wait_until(page, f"document.querySelector('{COUNT}').textContent === '{text}'")


def press(page: Page, key: str) -> None:
    page.locator("body").press(key)


def wait_for_word(page: Page, word: str) -> None:
    wait_until(page, f"({NOW}) === '{word}'")


def in_sight(page: Page) -> bool:
    return bool(
        page.evaluate(
            "(() => { const box = [...CSS.highlights.get('doubt-now')][0].getBoundingClientRect();"
            " return box.top > 60 && box.bottom < innerHeight - 20; })()"
        )
    )


def test_the_next_doubtful_word_is_played_with_what_is_around_it(page: Page, address: str) -> None:
    opened(page, address)
    page.evaluate(f"{AUDIO}.addEventListener('play', () => {{ window.playedFrom = {AUDIO}.currentTime; }})")

    press(page, "n")
    wait_for_word(page, "budjet")
    wait_until(page, f"!{AUDIO}.paused")
    wait_until(page, f"{AUDIO}.paused")

    assert page.evaluate("window.playedFrom") == pytest.approx(4.95 - 1.5, abs=0.1)
    assert page.evaluate(f"{AUDIO}.currentTime") == pytest.approx(5.30 + 1.5, abs=0.2)
    assert page.locator(WORD).inner_text() == "“budjet” 31 %"
    assert page.locator(COUNT).inner_text() == "1 of 4"


def test_words_are_gone_through_forth_and_back_over_the_ends(page: Page, address: str) -> None:
    opened(page, address)

    for key, word in [("n", "budjet"), ("n", "Petar"), ("n", "say"), ("n", "contrast"), ("n", "budjet")]:
        press(page, key)
        wait_for_word(page, word)
    for word in ("contrast", "say"):
        press(page, "Shift+N")
        wait_for_word(page, word)
        wait_until(page, f"!{AUDIO}.paused")

    page.wait_for_timeout(700)
    assert in_sight(page)


def test_somebody_who_listens_goes_on_listening(page: Page, address: str) -> None:
    opened(page, address)
    press(page, "k")
    wait_until(page, f"{AUDIO}.currentTime > 0.3")

    press(page, "n")
    wait_for_word(page, "budjet")
    wait_until(page, f"{AUDIO}.currentTime > 7.2")

    assert page.evaluate(f"{AUDIO}.paused") is False


def test_the_next_word_is_sought_from_where_one_listens(page: Page, address: str) -> None:
    opened(page, address)
    press(page, "n")
    wait_for_word(page, "budjet")

    page.evaluate(f"{AUDIO}.currentTime = 60")
    page.wait_for_timeout(200)
    press(page, "n")

    wait_for_word(page, "contrast")


def test_a_confirmed_word_is_not_in_doubt_any_more(page: Page, address: str) -> None:
    opened(page, address)
    press(page, "n")
    wait_for_word(page, "budjet")

    press(page, "y")
    wait_for_word(page, "Petar")
    assert page.locator(COUNT).inner_text() == "1 of 3"
    page.reload()

    wait_for_count(page, "3 of 243 words")
    press(page, "n")
    wait_for_word(page, "Petar")
    press(page, "Control+z")
    wait_until(page, f"document.querySelector('{COUNT}').textContent.endsWith(' of 4')")


def test_a_doubtful_word_is_corrected_with_one_key(page: Page, address: str) -> None:
    opened(page, address)
    press(page, "n")
    wait_for_word(page, "budjet")

    press(page, "e")
    wait_until(page, "getSelection().toString() === 'budjet'")
    page.keyboard.type("budget")
    page.keyboard.press("Control+Enter")

    wait_until(page, f"document.querySelector('{COUNT}').textContent === '3 of 243 words'")
    press(page, "n")
    wait_for_word(page, "Petar")
    page.reload()
    assert page.get_by_text("First we look at the budget again.").is_visible()


def test_the_threshold_says_which_words_count_and_are_tinted(page: Page, address: str) -> None:
    opened(page, address)
    assert page.evaluate(TINTED) == ""

    page.get_by_label("Mark words the engine was unsure of").check()
    wait_until(page, f"({TINTED}) === 'budjet|Petar|say|contrast'")
    page.get_by_label("Sure by less than").select_option("50")
    wait_for_count(page, "2 of 243 words")
    wait_until(page, f"({TINTED}) === 'budjet|contrast'")
    page.reload()

    wait_for_count(page, "2 of 243 words")
    wait_until(page, f"({TINTED}) === 'budjet|contrast'")


def test_a_warning_leads_to_its_place(page: Page, address: str) -> None:
    opened(page, address)

    panel = page.get_by_role("region", name="Check")
    assert "It is very quiet." not in panel.inner_text()
    panel.get_by_role("link", name="0:20").press("Enter")

    wait_until(page, f"{AUDIO}.currentTime >= 20 && {AUDIO}.currentTime < 22")


def test_marked_passages_are_counted_and_stepped_through(page: Page, address: str) -> None:
    opened(page, address)
    button = page.get_by_role("button", name="repeats itself")
    assert button.inner_text().split() == ["repeats", "itself", "2"]
    assert page.get_by_role("button", name="perhaps not said").count() == 0

    starts = []
    for place in ("1 of 2", "2 of 2", "1 of 2"):
        button.press("Enter")
        wait_until(page, f"document.querySelector('[data-doubt-places]').closest('ul').innerText.includes('{place}')")
        page.wait_for_timeout(150)
        starts.append(round(page.evaluate(f"{AUDIO}.currentTime")))

    assert starts[0] == starts[2] != starts[1]
    assert page.evaluate(f"{AUDIO}.paused") is False


def test_on_a_phone_the_buttons_stay_above_the_player(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, address)

    page.get_by_role("button", name="Next doubtful word").click()
    wait_for_word(page, "budjet")
    for word in ("Petar", "say", "contrast"):
        page.get_by_role("button", name="Next doubtful word").click()
        wait_for_word(page, word)
    page.wait_for_timeout(700)

    assert in_sight(page)
    bar = page.locator(".doubt-steps").bounding_box()
    player = page.locator("[data-player]").bounding_box()
    assert bar and player and bar["y"] + bar["height"] <= player["y"]
    page.get_by_role("button", name="Stop checking words").click()
    wait_for_count(page, "4 of 243 words")
    assert page.evaluate(NOW) == ""


def test_checking_words_has_no_violation_in_any_look(page: Page, address: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    opened(page, address)
    page.get_by_label("Mark words the engine was unsure of").check()
    press(page, "n")
    wait_for_word(page, "budjet")

    assert look(page) == []
