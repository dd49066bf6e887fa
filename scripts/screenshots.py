"""Pictures of every page, taken from the running product: `python -m scripts.screenshots FOLDER` to look at them all,
`python -m scripts.screenshots --docs` to renew those in docs/images.

Runs the product in a temporary folder on speech made by flite, with the small Whisper checkpoint of the tests.
"""

import argparse
import os
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, StorageState, sync_playwright

from scripts import sample
from scripts.shell import ROOT, say
from tests.services import Product, running_product
from tests.speech import Line, render

DOCS = ROOT / "docs" / "images"
CHECKPOINT = ROOT / "tests" / "checkpoints" / "tiny-test.pt"
SETTINGS = {"DEFAULT_ENGINE": "whisper", "WHISPER_MODEL": str(CHECKPOINT), "THREADS": "1"}
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
WIDE, PHONE = (1440, 900), (390, 844)
LOOKS = tuple((size, scheme) for size in (WIDE, PHONE) for scheme in ("light", "dark"))
EMAIL, PASSWORD = "maria@example.org", "a-good-long-one"
TITLE = "Product launch planning"
DIALOG = (
    ("slt", "Good morning, Maria."),
    ("rms", "Good morning, David."),
    ("slt", "First we will look at the budget and then at the price."),
    ("rms", "The website costs fifty thousand dollars."),
    ("rms", "The customer has a question about the price."),
    ("slt", "We should discuss the price with Peter."),
    ("slt", "Who will prepare the presentation for the customer?"),
    ("rms", "I will write the presentation and call Peter."),
    ("rms", "Our team will finish the website before Friday."),
    ("slt", "The presentation is on Thursday at ten o'clock."),
    ("slt", "Please send the contract to the customer."),
    ("slt", "The training starts at nine o'clock in the library."),
    ("rms", "We need twenty new computers before Friday."),
    ("slt", "Please send the invoice to Thomas tomorrow."),
    ("rms", "I think the plan is a good idea."),
    ("slt", "Thank you for the report, Maria."),
    ("rms", "I will see you on Monday."),
)
FAIL = """
from jobs.models import Job
Job.objects.filter(recording__title={title!r}).update(status="failed", percent=38.0, error_code="worker_died",
    error_message="The process doing this step died, perhaps for want of memory. "
                  "Start the job again, or choose a smaller model.")
"""

SORT_OUT = """
from jobs.models import Recording, Tag
for title, names in [("Product launch planning", ["website", "autumn"]), ("Weekly meeting of the team", ["team"]),
                     ("Interview with the design team", ["design", "autumn"])]:
    recording = Recording.objects.get(title=title)
    recording.tags.set([Tag.objects.get_or_create(owner=recording.owner, name=name)[0] for name in names])
"""


class Camera:
    """Takes pictures of a page at both sizes, light and dark, into a folder."""

    def __init__(self, product: Product, browser: Browser, folder: Path) -> None:
        self.product, self.browser, self.folder = product, browser, folder
        self.state: StorageState | None = None

    @contextmanager
    def page(self, size: tuple[int, int] = WIDE, scheme: str = "light", *, is_known: bool = True) -> Iterator[Page]:
        context = self.browser.new_context(
            base_url=self.product.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            storage_state=self.state if is_known else None,
            device_scale_factor=1.5 if size == PHONE else 1,
            reduced_motion="reduce",
        )
        yield context.new_page()
        context.close()

    def take(
        self, name: str, address: str, before: Callable[[Page], None] | None = None, *, is_known: bool = True
    ) -> None:
        for size, scheme in LOOKS:
            with self.page(size, scheme, is_known=is_known) as page:
                page.goto(address)
                if before:
                    before(page)
                self.keep(page, name, size, scheme)

    def look(
        self,
        name: str,
        address: str,
        size: tuple[int, int] = WIDE,
        scheme: str = "light",
        before: Callable[[Page], None] | None = None,
    ) -> None:
        """One picture for the documentation."""
        with self.page(size, scheme) as page:
            page.goto(address)
            if before:
                before(page)
            page.wait_for_timeout(300)
            page.screenshot(path=self.folder / f"{name}.png")

    def keep(self, page: Page, name: str, size: tuple[int, int], scheme: str) -> None:
        page.wait_for_timeout(250)
        page.screenshot(path=self.folder / f"{name}-{size[0]}-{scheme}.png")


def main() -> int:
    parser = argparse.ArgumentParser(description="Pictures of every page of the running product.")
    parser.add_argument("folder", nargs="?", type=Path, help="where the pictures go")
    parser.add_argument("--docs", action="store_true", help="only those of the documentation, into docs/images")
    asked = parser.parse_args()
    if not asked.docs and asked.folder is None:
        parser.error("name a folder, or --docs")
    folder = DOCS if asked.docs else asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with running_product(Path(data), **SETTINGS) as product:
            (product.data_dir / "sample").mkdir()
            sample.make(product.data_dir / "sample" / sample.NAME)
            camera = Camera(product, browser, folder)
            (take_docs if asked.docs else take_all)(camera, Path(data))
        browser.close()
    say(f"The pictures are in {folder}.")
    return 0


def take_docs(camera: Camera, data: Path) -> None:
    create_account(camera)
    camera.look("empty", "/")
    with camera.page() as page:
        live = start(page, meeting(data, times=5, title="Weekly meeting of the team"))
        _wait_for_words(page.locator("[data-preview]"))
        camera.look("live", live)
        camera.look("live-phone", live, PHONE, "dark")
        page.locator(".ended, [data-transcript]").first.wait_for(timeout=300_000)
    address = transcribe(camera, meeting(data))
    for name, (size, scheme, before) in DOCS_PICTURES.items():
        camera.look(name, address, size, scheme, before)
    camera.look("no-speech", transcribe(camera, silence(data)))
    camera.look("failed", fail(camera, data))
    take_docs_library(camera, data, address)


def take_docs_library(camera: Camera, data: Path, address: str) -> None:
    """The library with tags, search, trash, a link given out and what its visitor sees, an upload that goes on."""
    outcome = camera.product.manage("shell", "-c", SORT_OUT)
    assert outcome.returncode == 0, outcome.stderr
    camera.look("library", "/", WIDE, "dark")
    camera.look("library-phone", "/", PHONE)
    camera.look("library-search", "/?q=presentation")
    camera.look("library-chosen", "/", before=choose_rows)
    camera.look("exports", address, before=open_tab("Exports"))
    links: list[str] = []
    camera.look("share", address, before=lambda page: links.append(give_out_link(page)))
    visitor = Camera(camera.product, camera.browser, camera.folder)
    visitor.look("shared-phone", links[0], PHONE, "dark")
    camera.look("upload-goes-on", "/upload/", before=lambda page: break_off(page, data))
    camera.look("trash", "/", before=throw_away)


def take_all(camera: Camera, data: Path) -> None:
    camera.take("01-welcome", "/", is_known=False)
    create_account(camera)
    camera.take("02-login", "/accounts/login/", is_known=False)
    camera.take("02-login-wrong", "/accounts/login/", sign_in_wrongly, is_known=False)
    camera.take("02-password-reset", "/accounts/password/reset/", is_known=False)
    camera.take("02-password-change", "/accounts/password/change/")
    camera.take("03-library-empty", "/")
    take_upload(camera, data)
    take_live(camera, data)
    address = transcribe(camera, meeting(data))
    take_transcript(camera, address)
    take_ends(camera, data)
    camera.take("10-library", "/")
    camera.take("10-library-menu", "/", lambda page: page.get_by_label("Your account").click())
    camera.take("10-library-nothing", "/?q=zebra")
    camera.take("10-library-search", "/?q=library")
    camera.take("10-library-filter", "/?status=done", lambda page: page.locator(".filters summary").click())
    camera.take("10-library-title", "/", lambda page: page.locator(".title-menu summary").first.click())
    camera.take("10-library-chosen", "/", lambda page: page.locator("[data-choose]").first.press("Space"))
    camera.take("10-trash", "/trash/")
    camera.take("11-404", "/recordings/00000000-0000-0000-0000-000000000000/")


# What there is to see -------------------------------------------------------------------------------------------------


def meeting(folder: Path, *, times: int = 1, title: str = TITLE) -> Path:
    """A recording of two people planning; its file name becomes the title."""
    speech = render([Line(voice, text, 0.7) for voice, text in DIALOG] * times)
    path = folder / f"{title}.wav"
    path.write_bytes(speech.path.read_bytes())
    return path


def silence(folder: Path) -> Path:
    path = folder / "Test of the microphone.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(bytes(2 * 16_000 * 8))
    return path


# What is done ---------------------------------------------------------------------------------------------------------


def create_account(camera: Camera) -> None:
    with camera.page() as page:
        page.goto("/")
        page.fill("[name=email]", EMAIL)
        page.fill("[name=password1]", PASSWORD)
        page.fill("[name=password2]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/upload/")
        camera.state = page.context.storage_state()


def sign_in_wrongly(page: Page) -> None:
    page.fill("[name=login]", EMAIL)
    page.fill("[name=password]", "not-the-one")
    page.keyboard.press("Enter")
    page.wait_for_selector(".note-danger")


def add(page: Page, *paths: Path) -> None:
    page.set_input_files("input[type=file]", [str(path) for path in paths])


def start(page: Page, path: Path) -> str:
    """Upload a recording and begin. Returns the address of its page."""
    page.goto("/upload/")
    add(page, path)
    page.locator(".file:is([data-state=uploaded], [data-state=same])").wait_for()
    is_known = page.locator("[data-state=same]").count() > 0  # the same talk under another title
    page.locator("[data-anyway]" if is_known else "[data-start]").click()
    page.wait_for_url("**/recordings/**")
    return page.url


def transcribe(camera: Camera, path: Path) -> str:
    with camera.page() as page:
        address = start(page, path)
        ended = page.locator("[data-transcript], .silence, .ended").first
        ended.wait_for(timeout=300_000)
    return address


def listen(page: Page) -> None:
    """Stand in the middle of a sentence, as if listening."""
    page.wait_for_timeout(400)
    segment = page.locator("[data-segment]").nth(3)
    start, end = (float(segment.get_attribute(f"data-{name}") or 0) for name in ("start", "end"))
    page.evaluate("seconds => { document.querySelector('[data-media]').currentTime = seconds }", (start + end) / 2)
    page.wait_for_timeout(400)


def on_a_sentence(page: Page, index: int = 4) -> None:
    """Have the focus on a sentence once all of the page listens."""
    page.locator("[data-editing]:not([hidden])").wait_for(state="attached")
    page.locator("[data-segment] [data-seek-link]").nth(index).focus()


def correct(page: Page) -> None:
    """Be in the middle of correcting a sentence; it is not saved, so that other pictures show it as it was."""
    page.route("**/changes/", lambda _route: None)
    on_a_sentence(page)
    page.keyboard.press("e")
    page.keyboard.type(" And about the date.")


def meet_a_conflict(page: Page) -> None:
    """Save a correction of a sentence that is another by now; nothing is chosen, so nothing changes."""
    on_a_sentence(page)
    page.evaluate("document.activeElement.closest('[data-segment]').dataset.revision = '99'")
    page.keyboard.press("e")
    page.keyboard.type(" And about the date.")
    page.locator(".conflict").wait_for()


def press(key: str, shown: str) -> Callable[[Page], None]:
    """Press a key on a sentence and wait for what it shows."""

    def act(page: Page) -> None:
        on_a_sentence(page)
        page.keyboard.press(key)
        page.locator(shown).first.wait_for()

    return act


def open_tab(name: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("tab", name=name, exact=True).click()
        page.locator("[role=tabpanel]:not([hidden]) :is(h2, h3)").first.wait_for(state="attached")

    return act


def doubt(page: Page) -> None:
    on_a_sentence(page)
    page.get_by_label("Mark").check()
    page.keyboard.press("n")


def choose_rows(page: Page) -> None:
    for number in (0, 2):
        page.locator("[data-choose]").nth(number).press("Space")


def give_out_link(page: Page) -> str:
    """Share a recording for a week. Returns the address to give out."""
    page.locator("[data-share-open]").click()
    page.locator("#share[open] [data-share-form]").get_by_label("For a week").check()
    page.get_by_role("button", name="Create link").click()
    shown = page.locator(".is-new [data-share-address]")
    shown.wait_for()
    return shown.input_value()


def break_off(page: Page, data: Path) -> None:
    """Leave an upload in its middle and come back."""
    path = data / "Interview with Maria.wav"
    path.write_bytes(meeting(data).read_bytes() + os.urandom(60_000_000))
    network = page.context.new_cdp_session(page)
    values = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 8_000_000}
    network.send("Network.emulateNetworkConditions", values)
    add(page, path)
    page.wait_for_timeout(4000)
    page.goto("/upload/")


def throw_away(page: Page) -> None:
    choose_rows(page)
    page.locator("[data-bulk]").get_by_role("button", name="Delete").click()
    page.goto("/trash/")


def fail(camera: Camera, data: Path) -> str:
    """The address of a recording whose job failed."""
    title = "Interview with the design team"
    address = transcribe(camera, meeting(data, title=title))
    outcome = camera.product.manage("shell", "-c", FAIL.format(title=title))
    assert outcome.returncode == 0, outcome.stderr
    return address


DOCS_PICTURES: dict[str, tuple[tuple[int, int], str, Callable[[Page], None]]] = {
    "transcript": (WIDE, "light", listen),
    "transcript-dark": (WIDE, "dark", listen),
    "transcript-phone": (PHONE, "light", listen),
    "transcript-phone-dark": (PHONE, "dark", listen),
    "correcting": (WIDE, "light", correct),
    "correcting-phone": (PHONE, "light", correct),
    "conflict": (WIDE, "light", meet_a_conflict),
    "conflict-dark": (WIDE, "dark", meet_a_conflict),
    "speakers": (WIDE, "light", open_tab("Speakers")),
    "keys": (WIDE, "light", press("?", "#shortcuts[open]")),
}


TRANSCRIPT_STATES = {
    "correct": correct,
    "conflict": meet_a_conflict,
    "actions": press("m", "#row-menu"),
    "who": press("s", "[data-speaker-form]"),
    "earlier": press("h", "#segment-history[open]"),
    "again": press("Shift+R", "dialog[open]"),
    "replace": press("Control+h", "[data-replace-with]"),
    "keys": press("?", "#shortcuts[open]"),
    "doubt": doubt,
    "speakers-tab": open_tab("Speakers"),
    "exports-tab": open_tab("Exports"),
    "history-tab": open_tab("History"),
    "run-tab": open_tab("Run log"),
}


# Series of pictures ---------------------------------------------------------------------------------------------------


def take_upload(camera: Camera, data: Path) -> None:
    notes = data / "Notes.pdf"
    notes.write_bytes(b"%PDF-1.7 not a recording")
    disguised = data / "Interview.mp3"
    disguised.write_bytes(b"%PDF-1.7 not a recording")
    recording, second = meeting(data), silence(data)

    def choose(page: Page) -> None:
        add(page, recording)
        page.wait_for_selector("[data-state=uploaded]")

    def choose_all(page: Page) -> None:
        add(page, recording, notes, disguised)
        page.locator("[data-state=refused]").nth(1).wait_for()
        common = page.locator("[data-common]")
        common.get_by_label("Exact number").check()
        common.locator(".more > summary").click()

    def choose_options(page: Page) -> None:
        add(page, recording, second)
        page.locator("[data-state=uploaded]").nth(1).wait_for()
        own = page.locator(".file").first
        own.get_by_role("button", name="Options").click()
        own.get_by_label("Exact number").check()
        own.locator("[data-summary]").scroll_into_view_if_needed()

    camera.take("04-upload", "/upload/")
    camera.take("04-upload-file-options", "/upload/", choose_options)
    camera.take("04-upload-file", "/upload/", choose)
    camera.take("04-upload-many", "/upload/", choose_all)

    def to_the_end(page: Page) -> None:
        page.locator(".more > summary").click()
        page.locator("[name=vocabulary]").scroll_into_view_if_needed()

    camera.take("04-upload-engines", "/upload/", to_the_end)


def take_live(camera: Camera, data: Path) -> None:
    with camera.page() as page:
        address = start(page, meeting(data, times=5, title="Weekly meeting of the team"))
        pages = [(camera.page(size, scheme), size, scheme) for size, scheme in LOOKS]
        opened = [(manager, manager.__enter__(), size, scheme) for manager, size, scheme in pages]
        for _, one, size, scheme in opened:
            one.goto(address)
            camera.keep(one, "05-live-early", size, scheme)
        _wait_for_words(page.locator("[data-preview]"))
        for _, one, size, scheme in opened:
            camera.keep(one, "05-live", size, scheme)
        one = opened[0][1]
        one.get_by_role("button", name="Cancel").click()
        camera.keep(one, "05-live-cancel", WIDE, "light")
        one.locator("dialog[open]").get_by_role("button", name="Stop").click()
        one.locator(".ended").wait_for()
        for manager, *_ in opened:
            manager.__exit__(None, None, None)
    camera.take("08-cancelled", address)


def _wait_for_words(preview: Locator, words: int = 60) -> None:
    deadline = time.monotonic() + 120
    while len(preview.inner_text().split()) < words and time.monotonic() < deadline:
        time.sleep(0.1)


def take_transcript(camera: Camera, address: str) -> None:
    def find(page: Page) -> None:
        page.locator("[data-find-input]").fill("the presentation")

    def find_speakers(page: Page) -> None:
        page.locator("[data-opens=find-speakers]:visible").first.click()
        page.locator("dialog[open]").get_by_label("Range").check()

    camera.take("06-transcript", address, listen)
    camera.take("06-transcript-speakers", address, find_speakers)
    camera.take("06-transcript-export", address, lambda page: page.locator("summary", has_text="Export").click())
    camera.take("06-transcript-find", address, find)
    for name, before in TRANSCRIPT_STATES.items():
        camera.take(f"06-transcript-{name}", address, before)


def take_ends(camera: Camera, data: Path) -> None:
    camera.take("07-no-speech", transcribe(camera, silence(data)))
    address = fail(camera, data)
    camera.take("09-failed", address)


if __name__ == "__main__":
    sys.exit(main())
