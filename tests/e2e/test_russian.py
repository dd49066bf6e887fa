"""The site in Russian: chosen by keyboard, kept, fitting on a phone, and nothing axe-core objects to.

Looks at a product of its own with one recording in each state.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.e2e.conftest import EMAIL, PASSWORD
from tests.e2e.keyboard import focused, tab_to
from tests.e2e.test_accessibility import PHONE, WIDE, look, seed
from tests.services import Product, running_product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAMPLE = [Line("slt", "Good morning. Is the budget ready?")]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("russian")) as running:
        (running.data_dir / "sample").mkdir()
        (running.data_dir / "sample" / "sample.wav").write_bytes(render(SAMPLE).path.read_bytes())
        yield running


@pytest.fixture(scope="module")
def owner(product: Product, chromium: Browser) -> StorageState:
    """Made on the first page of all, by somebody whose browser asks for Russian."""
    context = chromium.new_context(base_url=product.url, locale="ru-RU")
    page = context.new_page()
    page.goto("/")
    assert page.get_by_role("heading", level=1).inner_text().startswith("Добро пожаловать")
    for name, value in {"email": EMAIL, "password1": PASSWORD, "password2": PASSWORD}.items():
        page.fill(f"[name={name}]", value)
    page.keyboard.press("Enter")
    page.wait_for_url("**/upload/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def addresses(product: Product, owner: StorageState) -> dict[str, str]:
    return seed(product, owner)[1]


@pytest.fixture
def visit(
    product: Product, owner: StorageState, addresses: dict[str, str], chromium: Browser
) -> Iterator[Callable[..., Page]]:
    """Opens a page as the owner, in a browser of some language."""
    contexts = []

    def open_page(address: str, locale: str = "ru-RU") -> Page:
        context = chromium.new_context(
            base_url=product.url, storage_state=owner, locale=locale, viewport=WIDE, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(addresses.get(address, address))
        return page

    yield open_page
    for context in contexts:
        context.close()


def language(page: Page) -> str | None:
    return page.locator("html").get_attribute("lang")


def test_a_language_is_chosen_by_keyboard_and_stays(visit: Callable[..., Page]) -> None:
    page = visit("/", "en-US")
    assert language(page) == "en"

    tab_to(page, "Your account")
    page.keyboard.press("Enter")
    tab_to(page, "Русский")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.reload()

    assert language(page) == "ru"
    assert page.get_by_role("heading", level=1).inner_text() == "Библиотека"
    page.goto("/upload/")
    assert page.locator("[data-start-label]").inner_text() == "Расшифровать"


def test_the_chosen_language_is_marked_for_those_who_cannot_see_it(visit: Callable[..., Page]) -> None:
    page = visit("/", "en-US")
    tab_to(page, "Your account")
    page.keyboard.press("Enter")

    group = page.get_by_role("group", name="Language of the pages")

    assert group.get_by_role("button", pressed=True).inner_text() == "English"
    tab_to(page, "Русский")
    assert focused(page) == "Русский"


def test_a_visitor_chooses_before_signing_in(product: Product, owner: StorageState, chromium: Browser) -> None:
    context = chromium.new_context(base_url=product.url, locale="en-US")
    page = context.new_page()
    page.goto("/accounts/login/")

    with page.expect_navigation():
        page.get_by_role("button", name="Русский").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Вход в Transcriber"
    context.close()


def test_numbers_and_sizes_are_written_as_the_page_is_and_not_as_the_browser(visit: Callable[..., Page]) -> None:
    page = visit("/", "en-US")
    page.context.add_cookies([{"name": "django_language", "value": "ru", "url": page.url}])
    page.goto("/upload/")

    page.set_input_files(
        "input[type=file]", {"name": "а.wav", "mimeType": "audio/wav", "buffer": b"RIFF" + bytes(2_500_000)}
    )

    assert page.locator("[data-size]").first.inner_text().replace("\xa0", " ") == "2,4 МБ"


@pytest.mark.parametrize(
    "state", ["/upload/", "/", "running", "done", "failed", "silent", "/accounts/password/change/"]
)
def test_a_page_in_russian_has_no_violation_and_fits(visit: Callable[..., Page], state: str) -> None:
    page = visit(state)
    assert language(page) == "ru"

    assert look(page) == []


@pytest.mark.parametrize("tab", ["speakers", "exports", "history", "run"])
def test_a_tab_fits_on_a_phone(visit: Callable[..., Page], tab: str) -> None:
    page = visit("done")
    page.goto(f"{page.url}?tab={tab}")

    page.set_viewport_size(PHONE)

    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_rail_beside_the_words_is_not_cut_off(visit: Callable[..., Page]) -> None:
    page = visit("done")

    inside = page.locator(".rail").evaluate("rail => rail.scrollWidth - rail.clientWidth")

    assert inside <= 0
