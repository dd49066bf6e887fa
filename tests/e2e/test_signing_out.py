"""What a browser that keeps pages in memory shows of an account after signing out."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import ARGUMENTS, CHROMIUM, EMAIL, PASSWORD
from tests.e2e.seeds import write_talk
from tests.services import Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def remembering(product: Product, chromium: Browser, first_run: object) -> Iterator[Page]:
    """A page of a browser as people have it: Playwright's own forgets the pages one leaves."""
    browser = chromium.browser_type.launch(
        executable_path=CHROMIUM, args=ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser.new_context(base_url=product.url).new_page()
    browser.close()


def test_back_shows_nothing_of_an_account_after_signing_out(
    product: Product, remembering: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    media = tmp_path_factory.mktemp("secret") / "meeting.wav"
    shutil.copy(render([Line("slt", "Good morning. Is the budget ready for the meeting?")]).path, media)
    address = write_talk(product, media, "Secret meeting")
    page = remembering
    page.goto("/accounts/login/")
    page.fill("[name=login]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Secret meeting").wait_for()
    page.goto(address)
    page.get_by_text("Sentence 0").wait_for()
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url("**/accounts/login/")

    for _step in range(3):  # to the question whether to sign out, the recording, the library
        page.evaluate("document.documentElement.dataset.left = ''")
        page.evaluate("history.back()")
        page.locator("html:not([data-left]) [name=password]").wait_for()
        assert page.get_by_text("Sentence 0").or_(page.get_by_text("Secret meeting")).count() == 0
