"""A passage of a transcript of ten hours whose media nobody can play: its address alone leads there."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, ViewportSize

from tests.e2e.conftest import wait_until
from tests.e2e.seeds import write_talk
from tests.services import Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EACH, COUNT = 30.0, 1200  # seconds a sentence, sentences
# Whether a sentence, and no other, is marked and stands where one reads.
OPENED = """(index) => {
  const marked = [...document.querySelectorAll(".segment.is-current")];
  if (marked.length !== 1 || Number(marked[0].dataset.start) !== index * 30) return false;
  const box = marked[0].getBoundingClientRect();
  return box.top > 60 && box.bottom < innerHeight - 20;
}"""
WITHOUT_MEDIA = """
import json
from jobs.models import Recording
from jobs.services import lifecycle, share_links, versions
recording = Recording.objects.get(title="Ten hours")
made = share_links.create(recording, expires_at=None, password="", has_audio=False)
lifecycle.delete_media(recording)
print(json.dumps(f"/s/{share_links.token_of(made)}/"))
"""


@pytest.fixture(scope="module")
def addresses(product: Product, first_run: StorageState, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Where its owner finds it, and the link for everybody."""
    media = Path(tmp_path_factory.mktemp("long") / "ten-hours.wav")
    media.write_bytes(render([Line("slt", "Good morning.")]).path.read_bytes())
    talk = [(number // 5 % 2, f"Sentence {number} is about the budget.") for number in range(COUNT)]
    own = write_talk(product, media, "Ten hours", talk, each=EACH)
    outcome = product.manage("shell", "-c", WITHOUT_MEDIA)
    assert outcome.returncode == 0, outcome.stderr
    return own, str(json.loads(outcome.stdout.strip().splitlines()[-1]))


def wait_for_sentence(page: Page, index: int) -> None:
    wait_until(page, f"({OPENED})({index})")


def test_a_passage_opens_at_its_moment_and_so_do_others_on_the_same_page(
    page: Page, addresses: tuple[str, str]
) -> None:
    page.goto(f"{addresses[0]}?t=30000.00#t=30000.00")
    wait_for_sentence(page, 1000)
    page.evaluate("location.hash = '#t=600.00'")
    wait_for_sentence(page, 20)

    page.evaluate("location.hash = '#t=35900.00'")
    wait_for_sentence(page, 1196)
    page.go_back()

    wait_for_sentence(page, 20)
    page.goto(addresses[0])
    assert page.locator(".segment.is-current").count() == 0


def test_a_time_of_a_row_marks_its_sentence(page: Page, addresses: tuple[str, str]) -> None:
    page.goto(addresses[0])
    page.locator("[data-seek-link]").nth(3).press("Enter")

    wait_for_sentence(page, 3)
    assert page.evaluate("document.activeElement.hash") == "#t=90.00"


def test_a_passage_of_a_link_without_the_audio_opens_at_its_moment(
    product: Product, chromium: Browser, addresses: tuple[str, str]
) -> None:
    size: ViewportSize = {"width": 390, "height": 844}
    context = chromium.new_context(base_url=product.url, viewport=size)
    visitor = context.new_page()
    visitor.goto(f"{addresses[1]}?t=18000.00#t=18000.00")

    wait_for_sentence(visitor, 600)
    assert visitor.locator("audio, video, [data-player]").count() == 0
    context.close()
