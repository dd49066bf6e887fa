"""A link made by keyboard, and what a browser without an account does with it, until it is revoked."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import wait_until
from tests.e2e.keyboard import tab_to
from tests.e2e.seeds import TALK, write_talk
from tests.services import Product
from tests.services import wait_until as log_until
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SPOKEN = "document.querySelector('.segment.is-current [data-text]')?.textContent ?? ''"
Visit = Callable[[str], Page]


@pytest.fixture(scope="module")
def address(product: Product, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the owner finds a talk of three minutes, the first of which can be heard."""
    media = tmp_path_factory.mktemp("shared") / "meeting.wav"
    shutil.copy(render([Line("slt", "Good morning. Is the budget ready for the meeting?")] * 12).path, media)
    return write_talk(product, media, "Board meeting")


@pytest.fixture
def visit(chromium: Browser, problems: list[str]) -> Iterator[Visit]:
    """Opens an address in a browser of its own, which has no account. What it complains of fails the test."""
    contexts = []

    def open_page(link: str) -> Page:
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(link)
        return page

    yield open_page
    for context in contexts:
        context.close()


def open_dialog(page: Page, address: str) -> None:
    page.goto(address)
    tab_to(page, "Share")
    page.keyboard.press("Enter")
    page.wait_for_selector("#share[open] [data-share-form]")


def create(page: Page) -> str:
    """Create a link with the options as they stand. Returns its address."""
    before = page.locator(".share-link").count()
    tab_to(page, "Create link")
    page.keyboard.press("Enter")
    wait_until(page, f"document.querySelectorAll('.share-link').length === {before + 1}")
    return page.locator(".is-new [data-share-address]").input_value()


def test_a_link_is_made_read_played_searched_and_revoked(
    product: Product, page: Page, address: str, visit: Visit
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_dialog(page, address)
    assert page.evaluate("document.activeElement.value") == "30"
    page.keyboard.press("ArrowLeft")  # a week
    link = create(page)
    assert "Copy" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    wait_until(page, "document.activeElement.innerText.includes('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == link

    visitor = visit(link)
    assert visitor.locator("[data-text]").count() == len(TALK)
    visitor.wait_for_selector("body.can-play")
    visitor.locator("body").press("Space")
    wait_until(visitor, f"({SPOKEN}).includes('Sentence 0')")
    visitor.locator("body").press("Space")
    visitor.locator("[data-text]", has_text="Sentence 7 ").click()
    wait_until(visitor, f"({SPOKEN}).includes('Sentence 7')")
    visitor.locator("body").press("/")
    visitor.keyboard.type("website")
    wait_until(visitor, "document.querySelector('[data-find-count]').textContent.trim().endsWith('10')")
    assert "Opened by 1 visitor" in links(page, address)

    tab_to(page, "Revoke")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm[open]")
    tab_to(page, "Revoke", presses=3)
    page.keyboard.press("Enter")
    page.wait_for_selector(".share-link", state="detached")
    visitor.fill("[data-find-input]", "budget")
    visitor.get_by_text("This link no longer works.").wait_for()
    answer = visitor.reload()
    assert answer is not None and answer.status == 404
    assert visitor.get_by_role("heading", name="Page not found").is_visible()
    log_until(lambda: "Not Found: /s/…/" in product.log(), "a line in the log")
    assert link.rstrip("/").rpartition("/")[2] not in product.log()


def links(page: Page, address: str) -> str:
    open_dialog(page, address)
    return page.locator(".share-links").inner_text()


def test_a_visitor_can_change_nothing_and_go_nowhere(page: Page, address: str, visit: Visit) -> None:
    open_dialog(page, address)
    visitor = visit(create(page))

    visitor.locator("[data-text]").first.dblclick()
    visitor.locator("[data-seek-link]").first.focus()
    for key in ("e", "m", "s", "h", "n", "Control+h"):
        visitor.keyboard.press(key)

    assert visitor.locator("[contenteditable=true], dialog[open], #row-menu").count() == 0
    ways_out = visitor.evaluate("[...document.querySelectorAll('a[href]')].map((one) => one.getAttribute('href'))")
    path = visitor.evaluate("location.pathname")
    assert [one for one in ways_out if not one.startswith(("#", "?", path))] == []


def test_a_link_with_a_password_and_without_the_audio(page: Page, address: str, visit: Visit) -> None:
    open_dialog(page, address)
    page.get_by_label("Password").fill("short")
    tab_to(page, "Create link")
    page.keyboard.press("Enter")
    page.wait_for_selector("#share [aria-invalid=true]")
    assert page.evaluate("document.activeElement.name") == "password"
    page.keyboard.press("End")
    page.keyboard.type(" but longer")
    page.get_by_label("With the audio or video").uncheck()
    visitor = visit(create(page))

    assert "Board meeting" not in visitor.content()
    visitor.keyboard.type("not this")
    visitor.keyboard.press("Enter")
    visitor.get_by_text("This is not the password of this link.").wait_for()
    visitor.fill("[name=password]", "short but longer")
    visitor.keyboard.press("Enter")
    visitor.wait_for_selector("[data-transcript]")

    assert visitor.locator("audio, video, [data-player]").count() == 0
    visitor.locator("[data-find-input]").fill("website")
    wait_until(visitor, "document.querySelector('[data-find-count]').textContent.trim().endsWith('10')")


def test_links_are_made_and_revoked_without_scripts(
    product: Product, chromium: Browser, page: Page, address: str, visit: Visit
) -> None:
    context = chromium.new_context(
        java_script_enabled=False, base_url=product.url, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(address)
    plain.get_by_role("link", name="Share").click()
    plain.get_by_label("Without end").check()
    plain.get_by_role("button", name="Create link").click()
    link = plain.locator("[data-share-address]").first.input_value()
    read = context.new_page()
    read.goto(link)
    assert "Sentence 0" in read.content()

    plain.locator(".share-link").first.get_by_role("button", name="Revoke").click()

    assert read.request.get(link).status == 404
    context.close()


def test_the_page_tells_no_request_where_it_came_from(page: Page, address: str, visit: Visit) -> None:
    open_dialog(page, address)
    link = create(page)
    visitor = visit("about:blank")
    told: list[str] = []
    visitor.on("request", lambda request: told.append(request.headers.get("referer", "")))

    visitor.goto(link)
    visitor.wait_for_selector("body.can-play")

    token = link.rstrip("/").rpartition("/")[2]
    assert len(told) > 10
    assert [one for one in told if token in one] == []
