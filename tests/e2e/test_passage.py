"""A passage is heard again by another engine, and one word of it taken over: by keyboard, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import EMAIL, PASSWORD, upload, wait_for_transcript, wait_until
from tests.e2e.test_accessibility import look
from tests.media_pipeline.spoken import CT2_CHECKPOINT
from tests.services import running_product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SPOKEN = (
    "The report is ready and the customer has it.",
    "Please send the contract to the manager before Friday.",
    "We will discuss the budget in the meeting.",
)
# Puts a text into the row with a number, as somebody else's correction would.
WRITE = """async ([number, text]) => {
  const row = document.querySelectorAll("[data-segment]")[number];
  const revision = Number(row.dataset.revision ?? 0);
  const body = { operations: [{ kind: "text", segment: Number(row.dataset.segment), revision, text }] };
  const answer = await fetch(document.querySelector("[data-editing]").dataset.changes, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
  });
  return answer.status;
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Page]:
    """A page with a finished transcript. PocketSphinx made it; a small Whisper can hear it again."""
    meeting = render([Line("slt", text, 1.2) for text in SPOKEN])
    settings = {"DEFAULT_ENGINE": "pocketsphinx", "WHISPER_MODEL": CT2_CHECKPOINT}
    with running_product(tmp_path_factory.mktemp("passages"), **settings) as product:
        context = chromium.new_context(base_url=product.url, reduced_motion="reduce")
        page = context.new_page()
        page.goto("/")
        for name, value in {"email": EMAIL, "password1": PASSWORD, "password2": PASSWORD}.items():
            page.fill(f"[name={name}]", value)
        page.keyboard.press("Enter")
        page.wait_for_url("**/upload/")
        upload(page, meeting.path)
        wait_for_transcript(page)
        yield page
        context.close()


@pytest.fixture
def page(site: Page) -> Iterator[Page]:
    """The transcript as it is known: what is spoken, but for one word. No complaint of the browser is let pass."""
    problems: list[str] = []

    def note(message: object) -> None:
        problems.append(str(message))

    site.on("pageerror", note)
    site.set_viewport_size({"width": 1440, "height": 900})
    site.goto(site.url)
    for number, text in enumerate([SPOKEN[0], SPOKEN[1].replace("manager", "banker"), SPOKEN[2]]):
        assert site.evaluate(WRITE, [number, text]) == 200
    site.reload()
    site.wait_for_selector("#row-menu", state="attached")
    yield site
    site.remove_listener("pageerror", note)
    assert problems == []


def text_of(page: Page, number: int) -> str:
    return page.locator("[data-segment] [data-text]").nth(number).inner_text()


def begin(page: Page, number: int = 1) -> None:
    """Open the dialog for a sentence with its key."""
    page.locator("[data-segment] [data-seek-link]").nth(number).focus()
    page.keyboard.press("Shift+R")
    page.locator("#passage select").first.wait_for()
    wait_until(page, "!document.querySelector('[data-hear-start]').disabled")


def hear(page: Page) -> None:
    page.locator("[data-hear-start]").focus()
    page.keyboard.press("Enter")
    page.locator("[data-difference]").wait_for(timeout=60_000)


def test_a_word_is_taken_over_survives_a_reload_and_is_undone(page: Page) -> None:
    begin(page)
    assert "1 sentence" in page.locator("[data-hear-times]").inner_text()
    assert "banker" in page.locator("[data-hear-text]").inner_text()
    options = page.locator("#passage select").first.locator("option").all_inner_texts()
    assert options == ["Embedded (PocketSphinx)", "faster-whisper · tiny-test-ct2"]
    hear(page)

    choice = page.locator("[data-choice]", has_text="banker")
    assert "manager" in choice.locator("ins").inner_text()
    wait_until(page, "Boolean(document.activeElement.closest('[data-choice]'))")
    for _ in range(20):  # by keyboard, whatever else was heard otherwise
        if page.evaluate("document.activeElement.closest('[data-choice]').textContent.includes('banker')"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("[data-choice]", has_text="banker").wait_for(state="detached")
    assert text_of(page, 1) == SPOKEN[1]
    page.keyboard.press("Escape")
    assert page.evaluate("Boolean(document.activeElement.closest('[data-segment]'))")

    page.reload()
    assert text_of(page, 1) == SPOKEN[1]
    wait_until(page, "!document.querySelector('[data-undo-button]').disabled")
    page.keyboard.press("Control+Z")
    wait_until(page, "document.querySelectorAll('[data-segment] [data-text]')[1].textContent.includes('banker')")
    page.reload()
    assert "banker" in text_of(page, 1)


def test_a_sentence_that_nobody_said_is_deleted(page: Page) -> None:
    gap = page.evaluate(
        """async () => {
      const [before, behind] = [...document.querySelectorAll("[data-segment]")].map(({ dataset }) => dataset);
      const [start, end] = [Number(before.end) + 0.2, Number(behind.start) - 0.2];
      const answer = await fetch(document.querySelector("[data-editing]").dataset.changes, {
        method: "POST",
        body: JSON.stringify({ operations: [{ kind: "insert", start, end, text: "Thank you." }] }),
        headers: { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
      });
      return answer.status;
    }"""
    )
    assert gap == 200
    page.reload()
    assert text_of(page, 1) == "Thank you."
    begin(page)
    hear(page)

    page.locator(".passage-none", has_text="No words were heard").wait_for()
    assert page.get_by_role("button", name="Accept all").count() == 0
    page.get_by_role("button", name="Accept that “Thank you.” is not said").click()

    page.locator("[data-choice]").wait_for(state="detached")
    page.keyboard.press("Escape")
    assert [text_of(page, number).split()[0] for number in range(3)] == ["The", "Please", "We"]


def test_all_is_accepted_at_once_and_taken_back_in_the_dialog(page: Page) -> None:
    begin(page, 0)
    page.get_by_role("button", name="End one sentence later").click()
    page.get_by_role("button", name="End one sentence later").click()
    assert "3 sentences" in page.locator("[data-hear-times]").inner_text()
    assert page.get_by_role("button", name="End one sentence later").get_attribute("aria-disabled") == "true"
    hear(page)

    page.get_by_role("button", name="Accept all").click()
    page.locator(".passage-same", has_text="No difference left").wait_for()
    assert SPOKEN[1] in text_of(page, 1)

    undo = page.locator("[data-hear-undo]")
    while undo.is_visible():
        undo.click()
        wait_until(page, "!document.querySelector('[data-hear-result]').hasAttribute('aria-busy')")
    assert "banker" in text_of(page, 1)


def test_a_selection_of_several_sentences_is_the_passage(page: Page) -> None:
    page.locator("[data-segment] [data-seek-link]").nth(1).focus()
    page.evaluate("""() => {
      const places = document.querySelectorAll("[data-segment] [data-text]");
      getSelection().setBaseAndExtent(places[1].firstChild, 3, places[2].firstChild, 6);
    }""")

    page.keyboard.press("Shift+R")

    page.locator("[data-hear-times]", has_text="2 sentences").wait_for()
    page.get_by_role("button", name="Begin one sentence later").click()
    page.locator("[data-hear-times]", has_text="1 sentence").wait_for()
    assert SPOKEN[2] in page.locator("[data-hear-text]").inner_text()
    page.keyboard.press("Escape")


def test_a_change_of_somebody_else_meanwhile_is_not_overwritten(page: Page) -> None:
    begin(page)
    hear(page)
    changed = SPOKEN[1].replace("manager", "banker").replace("Friday", "Monday")
    row = page.locator("[data-segment]").nth(1)
    assert page.evaluate(WRITE, [1, changed]) == 200

    page.locator("[data-choice]", has_text="banker").locator("[data-choice-accept]").click()

    page.locator("[data-hear-problem]", has_text="changed meanwhile").wait_for()
    assert page.locator("[data-choice]", has_text="Monday").count() == 1  # compared with what stands now
    page.locator("[data-choice]", has_text="banker").locator("[data-choice-accept]").click()
    page.locator("[data-choice]", has_text="banker").wait_for(state="detached")
    assert row.locator("[data-text]").inner_text() == changed.replace("banker", "manager")
    page.keyboard.press("Escape")


def test_what_cannot_be_done_is_said_in_a_sentence(page: Page) -> None:
    begin(page)
    page.get_by_label("Language", exact=True).select_option("ru")
    page.get_by_label("Engine and model").select_option(label="Embedded (PocketSphinx)")
    page.locator("[data-hear-start]").click()

    error = page.locator("[data-hear-fields] [data-error-for=language]")
    error.wait_for()
    assert "does not know this language" in error.inner_text()
    page.keyboard.press("Escape")


def test_closed_meanwhile_it_says_when_it_is_done(page: Page) -> None:
    begin(page)
    page.locator("[data-hear-start]").click()
    page.locator("[data-hear-run]").wait_for()
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Compare").click(timeout=60_000)

    page.locator("[data-choice]", has_text="banker").wait_for()
    page.keyboard.press("Escape")


def test_what_was_heard_meanwhile_is_shown_when_one_comes_back_to_the_passage(page: Page) -> None:
    begin(page)
    page.locator("[data-hear-start]").click()
    page.locator("[data-hear-run]").wait_for()
    page.keyboard.press("Escape")
    page.locator(".toast", has_text="was heard again").wait_for(timeout=60_000)

    page.keyboard.press("Shift+R")

    page.locator("[data-choice]", has_text="banker").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+R")
    page.locator("[data-hear-text]", has_text="banker").wait_for()  # seen: one chooses anew
    page.keyboard.press("Escape")


def test_every_state_is_for_everybody(page: Page) -> None:
    begin(page)
    assert look(page) == []
    hear(page)
    assert look(page) == []
    page.keyboard.press("Escape")


def test_a_running_passage_is_cancelled(page: Page) -> None:
    begin(page)
    page.route("**/snapshot/", lambda route: route.abort())  # so that its end is not heard of first
    page.locator("[data-hear-start]").click()
    page.locator("[data-hear-cancel]").click()

    page.locator("[data-hear-problem]:not(:empty)").wait_for()
    page.unroute("**/snapshot/")
    assert "banker" in text_of(page, 1)
    page.keyboard.press("Escape")
