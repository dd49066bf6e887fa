"""Uploads that break off and go on, by themselves or with the same file; files that are here already; many at once."""

import hashlib
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import wait_until
from tests.e2e.keyboard import tab_to
from tests.e2e.test_accessibility import look
from tests.services import Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PIECE = 8 * 1024**2
SLOW_BYTES_PER_SECOND = 6 * 1024**2


@pytest.fixture(scope="module")
def speech() -> bytes:
    return render([Line("slt", "We will discuss the budget today.", 0.3)]).path.read_bytes()


@pytest.fixture
def long_file(tmp_path: Path, speech: bytes, request: pytest.FixtureRequest) -> Path:
    """Speech of some kilobytes with 28 MB behind it that players leave out; no two tests have the same."""
    path = tmp_path / f"{request.node.name}.wav"
    path.write_bytes(speech + random.Random(request.node.name).randbytes(28 * 1024**2))
    return path


class Network:
    """The line of one page, as its browser has it."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)

    def set(self, *, is_slow: bool = False, is_cut: bool = False) -> None:
        upload = SLOW_BYTES_PER_SECOND if is_slow else -1
        values = {"offline": is_cut, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
        self.session.send("Network.emulateNetworkConditions", values)


@contextmanager
def slow_line(page: Page) -> Iterator[Network]:
    network = Network(page)
    network.set(is_slow=True)
    yield network
    network.set()
    network.session.detach()


def offsets(page: Page) -> list[int]:
    """Where each piece belongs that the page begins to send from now on; the list fills by itself."""
    sent: list[int] = []
    page.on("request", lambda one: sent.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None)
    return sent


def wait_for_a_piece(page: Page, product: Product, path: Path) -> None:
    for _ in range(400):
        if received(product, path.name) >= PIECE:
            return
        page.wait_for_timeout(25)
    raise AssertionError("not one piece arrived")


def received(product: Product, name: str) -> int:
    with sqlite3.connect(product.data_dir / "db.sqlite3") as database:
        found = database.execute("SELECT received_bytes FROM jobs_upload WHERE original_name = ?", [name]).fetchone()
    return int(found[0]) if found else 0


def stored_hash(product: Product, title: str) -> str:
    """SHA-256 of the stored file of a recording, from its bytes."""
    with sqlite3.connect(product.data_dir / "db.sqlite3") as database:
        key, told = database.execute(
            "SELECT media_key, content_hash FROM jobs_recording WHERE title = ?", [title]
        ).fetchone()
    (found,) = [path for path in product.data_dir.rglob("media") if str(path).endswith(key)]
    taken = hashlib.sha256(found.read_bytes()).hexdigest()
    assert taken == told
    return taken


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def choose(page: Page, *paths: Path) -> None:
    page.set_input_files("input[type=file]", [str(path) for path in paths])


def hand_in(page: Page) -> None:
    page.get_by_role("button", name="Transcribe", exact=True).click()
    page.wait_for_url("**/recordings/**", timeout=60_000)


def test_a_cut_connection_is_said_and_the_upload_goes_on_by_itself(
    page: Page, product: Product, long_file: Path, problems: list[str]
) -> None:
    page.goto("/upload/")
    sent = offsets(page)
    row = page.locator(".file")
    with slow_line(page) as network:
        choose(page, long_file)
        wait_for_a_piece(page, product, long_file)
        network.set(is_cut=True)
        expect(row).to_have_attribute("data-state", "paused", timeout=20_000)
        expect(row.locator("[data-message]")).to_contain_text("goes on by itself")
        before = received(product, long_file.name)
        assert look(page) == []
        network.set()
        page.locator("[data-state=uploaded]").wait_for(timeout=30_000)
    hand_in(page)

    assert 0 < before < long_file.stat().st_size
    assert sent.count(0) == 1, sent
    assert stored_hash(product, long_file.stem) == hash_of(long_file)
    problems.clear()  # the browser logs each request that failed


def test_after_a_reload_the_same_file_goes_on_where_it_stopped(page: Page, product: Product, long_file: Path) -> None:
    cut_by_reload(page, product, long_file)
    before = received(product, long_file.name)
    entry = page.locator("[data-begun]", has_text=long_file.name)
    percent = 100 * before // long_file.stat().st_size
    expect(entry).to_contain_text(f"Go on with {long_file.name}, {percent} %")
    assert look(page) == []
    sent = offsets(page)

    with page.expect_file_chooser() as chooser:
        entry.get_by_role("button", name="Choose the file").click()
    chooser.value.set_files(str(long_file))
    page.locator("[data-state=uploaded]").wait_for(timeout=30_000)
    expect(entry).to_have_count(0)
    hand_in(page)

    assert sent[0] == before > 0
    assert len(sent) == -(-(long_file.stat().st_size - before) // PIECE)
    assert stored_hash(product, long_file.stem) == hash_of(long_file)


def cut_by_reload(page: Page, product: Product, path: Path) -> None:
    """Begin to upload and reload the page in the midst of it, over the question whether to leave."""
    asked: list[str] = []
    page.goto("/upload/")
    with slow_line(page):
        choose(page, path)
        page.locator("h1").click()  # pages nobody touched may not ask
        wait_for_a_piece(page, product, path)
        page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        page.reload()
    assert asked == ["beforeunload"]


def test_another_file_does_not_go_on_where_one_stopped(page: Page, product: Product, long_file: Path) -> None:
    cut_by_reload(page, product, long_file)
    entry = page.locator("[data-begun]", has_text=long_file.name)
    other = long_file.parent / "other" / long_file.name
    other.parent.mkdir()
    other.write_bytes(b"RIFF" + os.urandom(long_file.stat().st_size - 4))
    os.utime(other, (1_500_000_000, 1_500_000_000))
    sent = offsets(page)

    with page.expect_file_chooser() as chooser:
        entry.get_by_role("button", name="Choose the file").click()
    chooser.value.set_files(str(other))

    expect(entry.get_by_role("alert")).to_contain_text("This is not the file that was begun")
    assert page.locator("[data-files] .file").count() == 0
    choose(page, other)
    page.locator("[data-state=uploaded]").wait_for(timeout=30_000)
    assert sent[0] == 0
    page.locator("[data-files] [data-remove]").click()
    expect(page.locator("[data-files] .file")).to_have_count(0)
    entry.get_by_role("button", name=f"Discard {long_file.name}").press("Enter")  # the page moves as a row goes
    page.locator("dialog[open]").get_by_role("button", name="Discard").click()
    expect(entry).to_have_count(0)


def test_what_arrived_before_a_reload_needs_no_file_again(
    page: Page, product: Product, tmp_path: Path, speech: bytes
) -> None:
    path = tmp_path / "arrived.wav"
    path.write_bytes(speech + b"arrived")
    page.goto("/upload/")
    choose(page, path)
    page.locator("[data-state=uploaded]").wait_for(timeout=30_000)
    page.reload()

    page.locator("[data-begun]", has_text="arrived.wav").get_by_role("button", name="Go on").click()
    page.locator("[data-state=uploaded]").wait_for(timeout=30_000)
    hand_in(page)

    assert stored_hash(product, "arrived") == hash_of(path)


def test_a_file_that_is_here_already_is_shown_and_can_be_transcribed_anyway(
    page: Page, tmp_path: Path, speech: bytes
) -> None:
    first, again = tmp_path / "budget meeting.wav", tmp_path / "copy.wav"
    for path in (first, again):
        path.write_bytes(speech + b"twin")
    page.goto("/upload/")
    choose(page, first)
    hand_in(page)
    address = page.url

    page.goto("/upload/")
    choose(page, again)
    row = page.locator("[data-files] .file")
    expect(row).to_have_attribute("data-state", "same", timeout=30_000)
    link = row.get_by_role("link", name="budget meeting")
    assert page.url.rstrip("/").endswith("/upload") and address.endswith(str(link.get_attribute("href")))
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_disabled()
    assert look(page) == []

    page.locator("body").click(position={"x": 1, "y": 1})
    tab_to(page, "Transcribe anyway")
    page.keyboard.press("Enter")
    page.wait_for_url("**/recordings/**", timeout=30_000)
    assert page.url != address


def recorded(folder: Path, content: bytes, modified: int) -> Path:
    """The first file of a recorder, which calls it as every other of its kind does."""
    folder.mkdir()
    path = folder / "ZOOM0001.wav"
    path.write_bytes(content)
    os.utime(path, (modified, modified))
    return path


def hashes_of_titles(product: Product, title: str) -> list[str]:
    """The content of each recording of that title, as it was noted when it came."""
    with sqlite3.connect(product.data_dir / "db.sqlite3") as database:
        found = database.execute("SELECT content_hash FROM jobs_recording WHERE title = ? ORDER BY 1", [title])
        return [str(content_hash) for (content_hash,) in found]


def test_files_of_two_recorders_with_one_name_and_size_are_both_taken(
    page: Page, product: Product, tmp_path: Path, speech: bytes
) -> None:
    tails = (b"left ", b"right", b"third")
    times = (1_700_000_000, 1_700_000_060, 1_700_000_060)  # the last has no clock of its own
    paths = [
        recorded(tmp_path / tail.decode().strip(), speech + tail, at) for tail, at in zip(tails, times, strict=True)
    ]
    page.goto("/upload/")
    rows = page.locator("[data-files] .file")

    for path in paths:
        choose(page, path)
    expect(page.locator("[data-state=uploaded]")).to_have_count(3, timeout=30_000)
    choose(page, paths[0])
    expect(rows.nth(3)).to_have_attribute("data-state", "refused")
    expect(rows.nth(3)).to_contain_text("already in the list")
    page.get_by_role("button", name="Transcribe 3 files").click()
    expect(page.locator("[data-state=done]")).to_have_count(3, timeout=60_000)

    assert hashes_of_titles(product, "ZOOM0001") == sorted(map(hash_of, paths))


@pytest.fixture
def twins(tmp_path: Path, speech: bytes, request: pytest.FixtureRequest) -> list[Path]:
    """Two files with the same content, of which no other test has any."""
    paths = [tmp_path / f"{name} {request.node.name}.wav" for name in ("ours", "yours")]
    for path in paths:
        path.write_bytes(speech + request.node.name.encode())
    return paths


def test_of_two_files_that_are_the_same_one_waits_for_the_person_to_decide(
    page: Page, product: Product, twins: list[Path]
) -> None:
    page.goto("/upload/")
    choose(page, *twins)
    held, taken = page.locator("[data-state=same]"), page.locator("[data-state=uploaded]")
    expect(held).to_have_count(1, timeout=30_000)
    expect(taken).to_have_count(1)
    expect(held.locator("[data-message]")).to_contain_text("in this list already")
    title = taken.get_by_label("Title").input_value()
    assert look(page) == []
    held.get_by_role("link", name=title).press("Enter")
    expect(taken.get_by_label("Title")).to_be_focused()

    page.get_by_role("button", name="Transcribe", exact=True).click()
    done = page.locator("[data-state=done]")
    expect(done).to_have_count(1, timeout=60_000)
    expect(held.get_by_role("link")).to_have_attribute("href", str(done.get_by_role("link").get_attribute("href")))
    assert hashes_of_titles(product, title) == [hash_of(twins[0])]

    held.get_by_role("button", name="Transcribe anyway").click()
    expect(done).to_have_count(2, timeout=60_000)
    assert {len(hashes_of_titles(product, path.stem)) for path in twins} == {1}


def test_once_one_of_two_same_files_is_removed_the_other_is_taken(page: Page, twins: list[Path]) -> None:
    page.goto("/upload/")
    choose(page, *twins)
    expect(page.locator("[data-state=same]")).to_have_count(1, timeout=30_000)

    page.locator("[data-state=uploaded]").get_by_role("button", name="Remove", exact=True).click()

    expect(page.locator("[data-files] .file")).to_have_count(1)
    expect(page.locator("[data-files] .file")).to_have_attribute("data-state", "uploaded", timeout=30_000)


def test_a_file_that_another_page_has_uploaded_and_not_handed_in_is_told(page: Page, twins: list[Path]) -> None:
    elsewhere = page.context.new_page()
    for one, path in zip((elsewhere, page), twins, strict=True):
        one.goto("/upload/")
        choose(one, path)
        expect(one.locator("[data-files] .file")).to_have_attribute(
            "data-state", "uploaded" if one == elsewhere else "same"
        )
    row = page.locator("[data-files] .file")
    expect(row).to_contain_text("waits to be transcribed")
    expect(row).to_contain_text(twins[0].name)

    row.get_by_role("button", name="Transcribe anyway").click()

    page.wait_for_url("**/recordings/**", timeout=60_000)
    elsewhere.close()


def test_where_files_could_not_be_compared_they_are_when_they_are_handed_in(
    page: Page, product: Product, twins: list[Path], problems: list[str]
) -> None:
    page.goto("/upload/")
    page.route("**/same/", lambda route: route.fulfill(status=500))
    choose(page, *twins)
    expect(page.locator("[data-state=uploaded]")).to_have_count(2, timeout=30_000)

    page.get_by_role("button", name="Transcribe 2 files").click()

    held, done = page.locator("[data-state=same]"), page.locator("[data-state=done]")
    expect(held).to_have_count(1, timeout=60_000)
    expect(done).to_have_count(1, timeout=60_000)
    expect(held.locator("[data-message]")).to_contain_text("You have this very file already")
    expect(held.get_by_role("link")).to_have_attribute("href", str(done.get_by_role("link").get_attribute("href")))
    held.get_by_role("button", name="Transcribe anyway").click()
    expect(done).to_have_count(2, timeout=60_000)
    assert sum(len(hashes_of_titles(product, path.stem)) for path in twins) == 2
    problems.clear()  # the browser logs each request that failed


def test_thirty_files_by_keyboard(page: Page, product: Product, tmp_path: Path, speech: bytes) -> None:
    paths = [tmp_path / f"part {number:02}.wav" for number in range(30)]
    for number, path in enumerate(paths):
        path.write_bytes(speech + bytes([number]) * 300_000)
    under_way: list[int] = []
    page.on("request", lambda one: under_way.append(+1) if one.method == "PATCH" else None)
    page.on("requestfinished", lambda one: under_way.append(-1) if one.method == "PATCH" else None)
    page.goto("/upload/")
    with slow_line(page):
        choose(page, *paths)
        expect(page.locator("[data-whole]")).to_be_visible()
        expect(page.locator("[data-whole-text]")).to_contain_text("of 30 uploaded")
        page.locator("[data-file-input]").focus()
        tab_to(page, "Skip the list of files", presses=len(paths))  # long before their titles and buttons
        page.keyboard.press("Enter")
        tab_to(page, "Transcribe 30 files", presses=len(paths))
        page.keyboard.press("Enter")
        page.locator("[data-state=done]").nth(29).wait_for(timeout=120_000)

    assert page.locator("[data-whole]").is_hidden()
    with sqlite3.connect(product.data_dir / "db.sqlite3") as database:
        (count,) = database.execute("SELECT count(*) FROM jobs_recording WHERE title LIKE 'part %'").fetchone()
    assert count == 30
    together = [sum(under_way[: end + 1]) for end in range(len(under_way))]
    assert max(together) <= 2
    wait_until(page, "document.querySelector('[data-start-note]').textContent.includes('in line')")
