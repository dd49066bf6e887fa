"""Finding recordings again, sorting them out, and getting deleted ones back: in a real browser, by keyboard."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.conftest import wait_until
from tests.e2e.keyboard import tab_to
from tests.e2e.seeds import write_talk
from tests.services import Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SPOKEN = [Line("slt", "Good morning. Is the budget ready?")]


@pytest.fixture
def word(request: pytest.FixtureRequest) -> str:
    """What only the recordings of this test have in their titles and texts."""
    return "".join(letter for letter in request.node.name if letter.isalpha())[:40]


@pytest.fixture
def addresses(product: Product, first_run: StorageState, tmp_path: Path, word: str) -> list[str]:
    """Three recordings with the word in their titles, the first of which also speaks of a zebra."""
    talks = [
        [(0, "Good morning."), (1, f"We saw the zebra of {word} today."), (0, "Then we left.")],
        [(0, "Nothing to see here.")],
        [(0, "Nor here.")],
    ]
    made = []
    for number, talk in enumerate(talks):
        media = tmp_path / f"{number}.wav"
        media.write_bytes(render(SPOKEN).path.read_bytes())
        made.append(write_talk(product, media, f"{word}-{number}", talk))
    return made


def rows(page: Page) -> list[str]:
    return sorted(page.locator(".row-title").all_inner_texts())


def choose(page: Page, title: str) -> None:
    """By keyboard: the box of a recording."""
    page.get_by_role("checkbox", name=f"Choose {title}").press("Space")


def test_a_search_as_one_types_opens_the_recording_at_the_moment(page: Page, addresses: list[str], word: str) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type(f'zebra "of {word}"', delay=10)
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".passages mark").first).to_have_text("zebra")
    assert rows(page) == [f"{word}-0"]

    tab_to(page, "We saw the")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{addresses[0]}?t=*")

    start = page.locator("[data-segment]").nth(1).get_attribute("data-start")
    assert start is not None and float(re.findall(r"t=([\d.]+)", page.url)[0]) == pytest.approx(float(start), abs=0.01)
    wait_until(page, f"Math.abs(document.querySelector('audio, video').currentTime - {start}) < 0.3")


def test_a_search_works_without_scripts(page: Page, addresses: list[str], word: str) -> None:
    page.goto("/")
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(storage_state=page.context.storage_state(), java_script_enabled=False)
    shown = plain.new_page()
    shown.goto(page.url)

    shown.fill("[name=q]", f"{word} zebra")
    shown.keyboard.press("Enter")

    expect(shown.locator(".passages a").first).to_contain_text("We saw the zebra")
    plain.close()


def test_a_title_and_tags_are_changed_in_place_and_filtered_by(page: Page, addresses: list[str], word: str) -> None:
    page.goto(f"/?q={word}")
    menu = page.locator(".row", has_text=f"{word}-1")
    menu.locator("summary").press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type(f"{word}-renamed")
    page.keyboard.press("Enter")
    expect(page.locator(".row-title", has_text="renamed")).to_be_visible()

    page.goto(addresses[1])
    page.get_by_label(f"Title and tags of {word}-renamed").press("Enter")
    page.get_by_label("Tags", exact=True).fill(word[:20])
    page.keyboard.press("Enter")
    expect(page.locator(".tag-list .tag-name")).to_have_text([word[:20]])

    page.goto("/")
    page.locator(".filters summary").press("Enter")
    page.locator(".filters [name=tag]").select_option(word[:20])
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    page.wait_for_url("**tag=**")
    assert rows(page) == [f"{word}-renamed"]
    page.locator(".chips a").press("Enter")
    wait_until(page, "document.querySelectorAll('.row').length > 1")


def test_escape_closes_the_form_of_a_title_and_gives_the_focus_back(
    page: Page, addresses: list[str], word: str
) -> None:
    page.goto(f"/?q={word}")
    name = f"Title and tags of {word}-2"
    page.get_by_label(name).press("Enter")
    expect(page.locator(".title-menu[open] [name=title]")).to_be_focused()

    page.keyboard.press("Escape")

    assert page.locator(".title-menu[open]").count() == 0
    expect(page.get_by_label(name)).to_be_focused()


def test_several_are_deleted_undone_deleted_again_and_put_back(page: Page, addresses: list[str], word: str) -> None:
    page.goto(f"/?q={word}")
    choose(page, f"{word}-1")
    choose(page, f"{word}-2")
    expect(page.locator("[data-bulk-count]")).to_have_text("2 chosen")
    page.locator("[data-bulk]").get_by_role("button", name="Delete").press("Enter")
    expect(page.locator("[data-toasts]")).to_contain_text("2 recordings were deleted.")
    assert rows(page) == [f"{word}-0"]
    assert page.request.get(addresses[1]).status == 404

    page.get_by_role("button", name="Undo", exact=True).press("Enter")
    expect(page.locator(".row")).to_have_count(3)
    page.get_by_role("button", name=f"Delete {word}-1").press("Enter")
    expect(page.locator("[data-toasts]")).to_contain_text("was deleted")
    expect(page.locator(".row")).to_have_count(2)

    page.get_by_role("link", name="Trash").press("Enter")
    page.get_by_role("button", name=f"Put back {word}-1").press("Enter")
    expect(page.locator("[data-toasts]")).to_contain_text("was put back")
    assert page.request.get(addresses[1]).status == 200


def test_several_are_downloaded_in_the_formats_chosen(page: Page, addresses: list[str], word: str) -> None:
    page.goto(f"/?q={word}")
    choose(page, f"{word}-0")
    choose(page, f"{word}-2")
    page.locator("[data-bulk]").get_by_role("button", name="Download").press("Enter")
    asked = page.get_by_role("dialog", name="Download")
    expect(asked).to_contain_text("2 chosen")
    asked.get_by_role("button", name="None").press("Enter")
    expect(asked.get_by_role("button", name="Download")).to_be_disabled()
    asked.get_by_role("checkbox", name="Word document").press("Space")

    with page.expect_download() as download:
        asked.get_by_role("button", name="Download").press("Enter")

    with ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == [f"{word}-0.docx", f"{word}-2.docx"]
    expect(asked).to_be_hidden()
    page.reload()
    expect(page.locator("#download [name=format]:checked")).to_have_count(1)


def test_a_word_is_found_before_it_is_whole_and_the_order_is_said(page: Page, addresses: list[str], word: str) -> None:
    page.goto("/")
    order = page.get_by_label("Sort by")
    expect(order.locator("option:checked")).to_have_text("Newest first")

    page.locator("[data-search]").press_sequentially(f"{word} zeb")
    expect(page.locator(".passages mark").last).to_have_text(word)
    expect(page.locator(".passages mark").first).to_have_text("zebra")
    expect(order.locator("option:checked")).to_have_text("Best match")

    page.locator("[data-search]").fill(word)
    expect(page.locator(".row")).to_have_count(3)
    order.select_option(label="Title")
    wait_until(page, "location.search.includes('sort=title')")
    expect(page.locator(".row-title").first).to_have_text(f"{word}-0")
    page.locator("[data-search]").fill("")
    expect(order.locator("option:checked")).to_have_text("Title")


def make_titles(product: Product, word: str, count: int) -> None:
    """Recordings with nothing but a title: the word and a number."""
    script = f"""
from django.contrib.auth.models import User
from jobs.models import Recording
owner = User.objects.earliest("pk")
for number in range({count}):
    Recording.objects.create(owner=owner, title=f"{word} {{number:02d}}", original_name="a.wav", media_type="audio/wav",
        size_bytes=1)
"""
    made = product.manage("shell", "-c", script)
    assert made.returncode == 0, made.stderr


def test_the_bar_counts_what_is_checked_after_the_way_back(page: Page, addresses: list[str], word: str) -> None:
    page.goto(f"/?q={word}")
    choose(page, f"{word}-1")
    choose(page, f"{word}-2")
    page.locator(".row-title", has_text=f"{word}-0").press("Enter")
    page.wait_for_url(f"**{addresses[0]}*")

    page.go_back()
    choose(page, f"{word}-0")

    expect(page.locator("[data-choose]:checked")).to_have_count(1)
    expect(page.locator("[data-bulk-count]")).to_have_text("1 chosen")


def test_what_is_chosen_stays_so_while_one_searches_on(page: Page, addresses: list[str], word: str) -> None:
    page.goto(f"/?q={word}")
    choose(page, f"{word}-0")
    choose(page, f"{word}-1")
    page.locator("[data-search]").fill(f'"{word} 1"')
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator("[data-bulk-count]")).to_have_text("2 chosen (1 not shown)")

    page.locator("#bulk-tag").fill(word[-20:])
    page.keyboard.press("Enter")
    expect(page.locator(".row-tags .tag-name")).to_have_text(word[-20:])
    page.goto(f"/?tag={word[-20:]}")

    assert rows(page) == [f"{word}-0", f"{word}-1"]


def test_all_on_all_pages_of_a_search_are_deleted_after_a_question_that_says_how_many(
    page: Page, product: Product, first_run: StorageState, word: str
) -> None:
    make_titles(product, word, 23)
    page.goto(f"/?q={word}")
    choose(page, f"{word} 22")
    page.get_by_role("button", name="Choose all", exact=True).press("Enter")
    page.get_by_role("button", name="Choose all 23 found").press("Enter")
    expect(page.locator("[data-bulk-count]")).to_have_text("All 23 found are chosen")

    page.locator("[data-bulk]").get_by_role("button", name="Delete").press("Enter")
    question = page.locator("dialog[open]")
    expect(question).to_contain_text("Move 23 recordings to the trash?")
    question.get_by_role("button", name="Delete").press("Enter")

    expect(page.locator("[data-toasts]")).to_contain_text("23 recordings were deleted.")
    expect(page.locator(".row")).to_have_count(0)


def test_a_filter_is_taken_off_without_what_was_typed_since(page: Page, addresses: list[str], word: str) -> None:
    page.goto("/?status=done")
    page.locator("[data-search]").press_sequentially(f"{word} zebra")
    page.locator(".chips a").press("Enter")
    page.wait_for_url("**/?q=*")

    assert "status" not in page.url
    assert rows(page) == [f"{word}-0"]


def test_what_is_deleted_for_good_is_asked_about_and_gone(page: Page, addresses: list[str], word: str) -> None:
    page.goto(f"/?q={word}")
    page.get_by_role("button", name=f"Delete {word}-2").press("Enter")
    expect(page.locator(".row")).to_have_count(2)
    page.goto("/trash/")

    page.get_by_role("button", name=f"Delete for good {word}-2").press("Enter")
    page.locator("dialog[open]").get_by_role("button", name="Delete for good").press("Enter")

    expect(page.locator("[data-toasts]")).to_contain_text("was deleted for good")
    assert page.get_by_text(f"{word}-2", exact=True).count() == 0
