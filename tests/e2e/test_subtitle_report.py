"""What of the subtitles does not hold its limits is seen before a download, follows every choice, and leads to its
place."""

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, StorageState, expect

from tests.e2e.conftest import wait_until
from tests.e2e.keyboard import tab_to
from tests.e2e.seeds import write_talk
from tests.e2e.test_accessibility import PHONE, look
from tests.services import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = "Although finance asked for two more days, the budget for the next year will be ready before Friday afternoon."
# A sentence each three seconds; every tenth is far too fast to be read.
TALK = [(index // 2 % 2, LONG if index % 10 == 5 else f"Number {index} is short.") for index in range(130)]
TIME = "document.querySelector('[data-media]').currentTime"
FOCUSED_START = "Number(document.activeElement.closest('[data-segment]')?.dataset.start)"
REPORT = "**/subtitles/?*"


@pytest.fixture(scope="module")
def address(product: Product, first_run: object, tmp_path_factory: pytest.TempPathFactory) -> str:
    media = tmp_path_factory.mktemp("report") / "talk.wav"
    silence = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "390", str(media)]
    subprocess.run(silence, check=True)
    return write_talk(product, media, "Talk with fast passages", TALK)


@pytest.fixture
def tab(page: Page, address: str) -> Iterator[Page]:
    """The tab as somebody finds it who has chosen nothing yet."""
    page.goto(f"{address}?tab=exports")
    expect(summary(page)).to_contain_text("subtitles")
    yield page
    page.unroute_all(behavior="ignoreErrors")
    page.goto(f"{address}?tab=exports")
    with page.expect_response("**/export-options/"):
        page.locator("[name=preset]").select_option("default")
    with page.expect_response("**/export-options/"):
        page.locator("[data-limits-reset]").evaluate("button => button.click()")


def summary(page: Page) -> Locator:
    return page.locator("[data-check-summary]")


def open_limits(page: Page) -> None:
    page.get_by_text("Limits of your own").click()
    expect(page.get_by_label("Characters a second")).to_be_visible()


def test_another_preset_gives_another_report(tab: Page) -> None:
    expect(summary(tab)).to_contain_text("not within the limits")
    before = summary(tab).inner_text()
    assert tab.locator("[data-check-places] [data-seek-link]").count() < 100
    expect(tab.locator("[data-check-places]")).to_contain_text("characters a second, limit 17")

    tab.get_by_label("Preset").select_option("vertical")

    expect(summary(tab)).not_to_have_text(before)
    expect(tab.locator("[data-check-status]")).to_have_text(summary(tab).inner_text())


def test_limits_of_ones_own_are_judged_as_they_are_typed_and_reset_at_once(tab: Page) -> None:
    before = summary(tab).inner_text()
    open_limits(tab)
    tab.get_by_label("Characters a second").fill("90")
    expect(summary(tab)).to_contain_text("all within the limits")
    with tab.expect_response("**/export-options/"):
        tab.keyboard.press("Tab")
    expect(tab.locator("[data-limit-count]")).to_have_text("1")

    tab.reload()
    expect(summary(tab)).to_contain_text("all within the limits")
    expect(tab.get_by_label("Characters a second")).to_have_value("90")

    with tab.expect_response("**/export-options/"):
        tab.get_by_role("button", name="Reset to the preset").click()
    expect(summary(tab)).to_have_text(before)
    expect(tab.get_by_label("Characters a second")).to_have_value("")
    expect(tab.locator("[data-limit-count]")).to_be_hidden()


def test_a_limit_that_cannot_be_is_answered_at_its_field(tab: Page, problems: list[str]) -> None:
    open_limits(tab)
    field = tab.get_by_label("Shown at least")

    field.fill("8")

    expect(tab.locator("#export-shortest-error")).to_have_text("Not above the longest, 7 s.")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert "export-shortest-error" in str(field.get_attribute("aria-describedby"))
    expect(tab.locator("[data-check-status]")).to_contain_text("Check the limits")
    tab.locator(".export-limits > summary").click()
    tab.get_by_role("button", name="Subtitles (SRT)").click()
    expect(field).to_be_focused()  # no file under such limits
    with tab.expect_response(lambda answer: answer.url.endswith("/export-options/") and answer.ok):
        field.fill("2")
        field.press("Tab")
    expect(tab.locator("#export-shortest-error")).to_be_hidden()
    expect(summary(tab)).to_contain_text("subtitles")
    assert all("422" in problem for problem in problems)
    problems.clear()


def test_a_finding_opens_its_place(tab: Page) -> None:
    finding = tab.locator(".check-link", has_text="Although finance").nth(2)
    start = float(str(finding.get_attribute("href")).removeprefix("#t="))
    assert start >= 70  # the third of them, a stretch of its own
    wait_until(tab, "document.querySelector('[data-media]').readyState >= 1")

    finding.click()

    expect(tab.get_by_role("tab", name="Transcript")).to_have_attribute("aria-selected", "true")
    wait_until(tab, f"{TIME} >= {start} && {TIME} < {start + 30}")
    wait_until(tab, f"{FOCUSED_START} <= {start} && {FOCUSED_START} > {start - 3}")


def test_all_of_it_by_keyboard_alone(tab: Page) -> None:
    tab.get_by_label("Preset").focus()
    tab.keyboard.press("ArrowDown")  # Netflix
    tab_to(tab, "Limits of your own")
    tab.keyboard.press("Enter")
    tab_to(tab, "export-characters_per_second")
    tab.keyboard.type("12")
    expect(tab.locator("[data-check-places]")).to_contain_text("limit 12")
    tab_to(tab, "Although finance")
    place = tab.evaluate("document.activeElement.hash")

    tab.keyboard.press("Enter")

    expect(tab.get_by_role("tab", name="Transcript")).to_have_attribute("aria-selected", "true")
    start = float(place.removeprefix("#t="))
    wait_until(tab, f"{FOCUSED_START} <= {start} && {FOCUSED_START} > {start - 3}")


def test_kinds_are_shown_alone_and_keep_the_focus(tab: Page) -> None:
    tab.get_by_label("Preset").select_option("raw")
    kind = tab.get_by_role("button", name="Too fast")
    kind.focus()

    tab.keyboard.press("Enter")

    expect(kind).to_have_attribute("aria-pressed", "true")
    expect(kind).to_be_focused()
    for place in tab.locator(".check-problems").all():
        expect(place).to_contain_text("characters a second")
    tab.get_by_label("Other formats").check()
    expect(tab.get_by_label("Other formats")).to_be_focused()
    expect(tab.get_by_role("button", name="Too fast")).to_have_attribute("aria-pressed", "true")


def test_a_long_list_is_gone_through_page_by_page(tab: Page) -> None:
    open_limits(tab)
    tab.get_by_label("One for each sentence").select_option("true")
    tab.get_by_label("Characters a second").fill("1")
    expect(summary(tab)).to_have_text("130 subtitles · 130 not within the limits")
    links = tab.locator("[data-check-places] [data-seek-link]")
    expect(links).to_have_count(100)

    tab.get_by_role("button", name="Show 30 more").click()

    expect(links).to_have_count(130)
    expect(links.nth(100)).to_be_focused()
    expect(tab.locator("[data-check-more]")).to_have_count(0)


def test_a_report_that_did_not_come_can_be_asked_for_again(tab: Page, problems: list[str]) -> None:
    tab.route(REPORT, lambda route: route.abort())
    tab.get_by_label("Preset").select_option("bbc")
    again = tab.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    tab.unroute(REPORT)

    again.click()

    expect(summary(tab)).to_contain_text("subtitles")
    expect(again).to_have_count(0)
    assert all("ERR_FAILED" in problem for problem in problems)
    problems.clear()


def test_only_the_last_answer_counts_and_a_slow_one_shows_that_it_is_coming(tab: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    tab.route("**/subtitles/*preset=vertical*", hold)
    tab.get_by_label("Preset").select_option("vertical")
    expect(tab.get_by_text("Checking the subtitles")).to_be_visible()
    expect(tab.locator("[data-subtitle-check]")).to_have_attribute("aria-busy", "true")

    tab.get_by_label("Preset").select_option("raw")

    expect(summary(tab)).to_contain_text("130 subtitles")
    expect(tab.get_by_text("Checking the subtitles")).to_be_hidden()
    held[0].fulfill(status=200, content_type="text/html", body="<p data-check-summary>late</p>")
    tab.get_by_role("button", name="Too fast").click()
    expect(summary(tab)).to_contain_text("130 subtitles")


def test_it_follows_a_correction(tab: Page, address: str) -> None:
    expect(summary(tab)).to_contain_text("not within")
    tab.get_by_label("Preset").select_option("raw")
    tab.get_by_role("tab", name="Transcript").click()
    tab.locator("[data-text]", has_text="Number 0 is short").dblclick()
    tab.keyboard.press("End")
    tab.keyboard.type(" But it has become far longer than a single line of subtitles may be, and so it is told.")
    with tab.expect_response("**/changes/"):
        tab.keyboard.press("Control+Enter")

    tab.get_by_role("tab", name="Exports").click()

    expect(tab.locator(".check-place").first).to_contain_text("far longer than a single line")


# Everywhere -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
def test_it_is_accessible_and_fits_in_every_look(
    product: Product, chromium: Browser, first_run: StorageState, address: str, language: str
) -> None:
    context = chromium.new_context(
        base_url=product.url, storage_state=first_run, locale=language, viewport=PHONE, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{address}?tab=exports")
    expect(page.locator(".check-place").first).to_be_visible()
    page.locator(".export-limits > summary").click()

    found = look(page)

    page.locator("[name=lines]").fill("9")
    expect(page.locator("#export-lines-error")).to_be_visible()
    expect(page.locator(".check-refused")).to_be_visible()
    found += look(page)
    words = page.locator("[data-exports]").inner_text()
    context.close()
    assert found == []
    if language == "ru-RU":
        assert "Свои пределы" in words and "Целое число от 1 до 4." in words
        assert not [word for word in ("Reading", "Shown", "Close", "preset", "Check") if word in words]


def test_a_visitor_of_a_shared_link_sees_it_and_gets_to_places(
    page: Page, address: str, chromium: Browser, problems: list[str]
) -> None:
    page.goto(f"{address}?tab=transcript")
    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Create link").click()
    link = page.locator(".is-new [data-share-address]").input_value()
    context = chromium.new_context()
    visitor = context.new_page()
    visitor.on("pageerror", lambda error: problems.append(str(error)))
    visitor.goto(link)
    assert visitor.locator(".check-place").count() == 0  # not before it is looked at

    visitor.get_by_role("tab", name="Exports").click()
    open_limits(visitor)
    visitor.get_by_label("Characters a second").fill("90")
    expect(summary(visitor)).to_contain_text("all within the limits")
    visitor.get_by_role("button", name="Reset to the preset").click()
    finding = visitor.locator(".check-link", has_text="Although finance").first
    start = float(str(finding.get_attribute("href")).removeprefix("#t="))
    finding.click()

    expect(visitor.get_by_role("tab", name="Transcript")).to_have_attribute("aria-selected", "true")
    wait_until(visitor, f"{FOCUSED_START} <= {start} && {FOCUSED_START} > {start - 3}")
    assert visitor.url.startswith(link)
    context.close()
