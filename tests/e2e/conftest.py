"""A real browser before the whole running product."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, sync_playwright

from tests.services import Product, running_product

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
EMAIL, PASSWORD = "owner@example.org", "a-good-long-one"

# Remembers, over reloads, every percent shown and how many words were on the page while it still ran.
WATCHER = """
setInterval(() => {
  const percent = document.querySelector("[data-percent]");
  if (!percent) return;
  const seen = JSON.parse(sessionStorage.getItem("percents") || "[]");
  if (!seen.includes(percent.textContent)) seen.push(percent.textContent);
  sessionStorage.setItem("percents", JSON.stringify(seen));
  const words = (document.querySelector("[data-preview]")?.textContent || "").trim().split(/\\s+/).filter(Boolean);
  if (words.length) sessionStorage.setItem("words-before-end", words.length);
}, 20);
"""


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all browser tests, with its first account made through the first-run page."""
    with running_product(tmp_path_factory.mktemp("product")) as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    # Playwright's loop would make Django refuse database access in this thread; these tests only use the browser.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def first_run(product: Product, chromium: Browser) -> StorageState:
    """Go through the first-run page once. Returns the cookies of the owner's session."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(product.url)
    page.wait_for_url("**/welcome/")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/upload/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def problems() -> list[str]:
    """What the browser complained of during the test; checked to be empty by `page`."""
    return []


@pytest.fixture
def page(product: Product, chromium: Browser, first_run: StorageState, problems: list[str]) -> Iterator[Page]:
    """A page of the owner. A script error, a blocked script or style, or a failed request of ours fails the test."""
    size: ViewportSize = {"width": 1440, "height": 900}
    context = chromium.new_context(storage_state=first_run, base_url=product.url, viewport=size)
    context.add_init_script(WATCHER)
    opened = context.new_page()
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert problems == []


def upload(page: Page, path: Path) -> None:
    """Upload a file with the options as they stand and wait for its live page."""
    page.goto("/upload/")
    page.set_input_files("input[type=file]", str(path))
    page.locator(".file:is([data-state=uploaded], [data-state=same])").wait_for(timeout=60_000)
    is_known = page.locator("[data-state=same]").count() > 0  # tests upload the same sound again and again
    page.locator("[data-anyway]" if is_known else "[data-start]").click()
    page.wait_for_url("**/recordings/**", timeout=60_000)


def wait_for_transcript(page: Page, seconds: float = 120) -> str:
    """The text of the finished transcript."""
    page.wait_for_selector("[data-transcript]", timeout=seconds * 1000)
    return " ".join(element.inner_text() for element in page.query_selector_all("[data-transcript] [data-text]"))


def wait_until(page: Page, expression: str, seconds: float = 15) -> None:
    """Wait for an expression to become true, without the eval of Playwright's own wait, which our policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(50)
