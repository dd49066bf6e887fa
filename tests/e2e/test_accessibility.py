"""Every page for everybody: nothing axe-core objects to, light and dark, wide and narrow; all of it by keyboard.

Looks at a product of its own with one recording in each state, so that other tests neither see it nor are seen.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, StorageState, ViewportSize

from tests.e2e.conftest import EMAIL, PASSWORD, wait_until
from tests.e2e.keyboard import KEYBOARD, focused, tab_to
from tests.services import ROOT, Product, running_product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SAMPLE = [
    Line("slt", "Good morning. Is the budget ready?"),
    Line("rms", "The report is ready and the customer has it."),
]
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

# Writes rows as jobs leave them, and prints the address of each as JSON.
SEED = """
import json
from datetime import timedelta
from pathlib import Path
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from jobs import storage
from jobs.models import Job, Recording, Segment, Speaker, StepRun, Transcript
from jobs.services import sample
from media_pipeline.recipes import RECIPES

owner = User.objects.get()
source = next((settings.DATA_DIR / "sample").glob("sample.*"))
STEPS = RECIPES["transcribe"].steps
WORDS = [step.name for step in STEPS].index("transcribe")
addresses = {}

words = [[0.5, 3.0, "Good morning."], [3.5, 8.0, "Is the budget ready?"]]

def recording(name, status, done, **values):
    row = Recording.objects.create(owner=owner, title=f"A recording, {name}", original_name=source.name,
        media_key=f"recordings/{name}/sample.wav", media_type="audio/wav", size_bytes=735_000, duration=46.0)
    copy = settings.DATA_DIR / f"{name}.wav"
    copy.write_bytes(source.read_bytes())
    storage.save(row.media_key, copy)
    options = {"engine": "whisper", "requested_engine": "auto", "model": "base", "language": None,
               "speakers": {"exact": None, "at_most": None}, "vocabulary": "Anna, Peter"}
    job = Job.objects.create(recording=row, kind="transcribe", status=status, options=options, percent=10.0 * done,
        stage=STEPS[done].name if status == "running" else "", started_at=timezone.now(), **values)
    for index, step in enumerate(STEPS):
        state = "done" if index < done else {"running": "running", "failed": "failed"}.get(status, "waiting")
        StepRun.objects.create(job=job, name=step.name, lane=step.lane, seconds=1.5, progress=0.5,
            status=state if index <= done else "waiting", lease_until=timezone.now() + timedelta(hours=1),
            preview=words if step.name == "transcribe" else [])
    addresses[name] = f"/recordings/{row.pk}/"
    return row, job

def transcript(row, job):
    made = Transcript.objects.create(recording=row, job=job, language="en", engine="whisper", model="base")
    voices = [Speaker.objects.create(transcript=made, label=f"SPEAKER_0{number}") for number in range(8)]
    for position in range(24):
        start = 1.9 * position
        Segment.objects.create(transcript=made, start=start, end=start + 1.8,
            text="Is the budget ready?",
            marks=[["overlap"], ["repeated", "doubtful"], []][position % 3],
            speaker=voices[position % 9] if position % 9 < 8 else None,
            words=[["Is", start, start + 0.3, 0.9], ["the", start + 0.3, start + 0.5, 0.9],
                   ["budget", start + 0.5, start + 1.0, 0.9], ["ready?", start + 1.0, start + 1.8, 0.9]])

transcript(*recording("done", "completed", len(STEPS), warnings=["The recording is very quiet."]))
recording("running", "running", WORDS)
recording("failed", "failed", WORDS, error_code="worker_died", error_message="The process doing this step died.")
recording("cancelled", "cancelled", 2)
row, job = recording("speechless", "completed", len(STEPS),
    warnings=["No words were found from 0:12 to 0:31.", "Telling speakers apart did not work."])
transcript(row, job)
job.steps.filter(name="diarize").update(status="failed")
row, job = recording("silent", "completed", 6, warnings=["The recording is silent."])
Transcript.objects.create(recording=row, job=job, language="en", engine="whisper", model="base")
row, job = recording("bare", "completed", 6)
transcript(row, job)
storage.delete(row.media_key)
Recording.objects.filter(pk=row.pk).update(media_key="")

from jobs.services import library, lifecycle, share_links
library.add_tag([row], "Work", owner)
for name in ("in the trash", "in the trash too"):
    lifecycle.to_trash(recording(name, "failed", WORDS)[0])
shared = Recording.objects.get(title="A recording, done")
for name, password in {"shared": "", "shared with a password": "open sesame"}.items():
    share = share_links.create(shared, expires_at=None, password=password, has_audio=True)
    addresses[name] = f"/s/{share_links.token_of(share)}/"
share_links.create(shared, expires_at=timezone.now(), password="", has_audio=False)
addresses["share page"] = f"/recordings/{shared.pk}/shares/"

client = Client()
client.force_login(User.objects.create_user("new@example.org", "new@example.org", "a-good-long-one"))
print(json.dumps({"addresses": addresses, "newcomer": client.cookies["sessionid"].value}))
"""

VIOLATIONS = """async (rules) => (await axe.run(rules)).violations.flatMap((rule) => rule.nodes.map((node) =>
  `${rule.id} at ${node.target.join(" ")}: ${node.failureSummary.replace(/\\s+/g, " ")}`))"""


@dataclass(frozen=True)
class Site:
    """The product with a recording in each state."""

    product: Product
    owner: StorageState
    newcomer: StorageState
    addresses: dict[str, str]
    welcome: list[str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Site]:
    with running_product(tmp_path_factory.mktemp("accessible")) as product:
        (product.data_dir / "sample").mkdir()
        shutil.copy(render(SAMPLE).path, product.data_dir / "sample" / "sample.wav")
        context = chromium.new_context(base_url=product.url, reduced_motion="reduce")
        page = context.new_page()
        page.goto("/")
        welcome = look(page)
        for name, value in {"email": EMAIL, "password1": PASSWORD, "password2": PASSWORD}.items():
            page.fill(f"[name={name}]", value)
        page.keyboard.press("Enter")
        page.wait_for_url("**/upload/")
        owner = context.storage_state()
        context.close()
        yield Site(product, owner, *seed(product, owner), welcome)


def seed(product: Product, owner: StorageState) -> tuple[StorageState, dict[str, str]]:
    """Write the rows. Returns the session of somebody who has none of them, and where to find each."""
    outcome = product.manage("shell", "-c", SEED)
    assert outcome.returncode == 0, outcome.stderr
    made: dict[str, Any] = json.loads(outcome.stdout.strip().splitlines()[-1])
    session = next(cookie for cookie in owner["cookies"] if cookie["name"] == "sessionid")
    newcomer: StorageState = {"cookies": [{**session, "value": made["newcomer"]}], "origins": []}
    return newcomer, made["addresses"]


@pytest.fixture
def visit(site: Site, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page as the owner, or as somebody else."""
    contexts = []

    def open_page(address: str, who: StorageState | None = site.owner) -> Page:
        context = chromium.new_context(base_url=site.product.url, storage_state=who, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.goto(site.addresses.get(address, address))
        return page

    yield open_page
    for context in contexts:
        context.close()


def look(page: Page) -> list[str]:
    """Violations on the page as it stands, in every look."""
    page.evaluate(AXE.read_text())
    found = []
    for size in (WIDE, PHONE):
        for scheme in ("light", "dark"):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            rules = {} if scheme == "light" else {"runOnly": ["color-contrast"]}  # all else is the same in the dark
            found += [f"{size['width']} {scheme}: {text}" for text in page.evaluate(VIOLATIONS, rules)]
            width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if width > 0:
                found.append(f"{size['width']} {scheme}: scrolls sideways by {width} px")
    return found


# What axe finds -------------------------------------------------------------------------------------------------------


def add_files(page: Page) -> None:
    speech: FilePayload = {"name": "meeting.wav", "mimeType": "audio/wav", "buffer": b"RIFF" + os.urandom(2000)}
    page.set_input_files(
        "input[type=file]", [speech, {"name": "notes.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}]
    )
    page.wait_for_selector("[data-state=uploaded]")
    page.wait_for_selector("[data-state=refused]")
    page.get_by_label("Exact number").check()
    page.locator(".more > summary").click()


def open_file_options(page: Page) -> None:
    speech = [
        FilePayload(name=f"{name}.wav", mimeType="audio/wav", buffer=b"RIFF" + os.urandom(2000))
        for name in ("meeting", "interview")
    ]
    page.set_input_files("input[type=file]", speech)
    page.locator("[data-state=uploaded]").nth(1).wait_for()
    row = page.locator(".file").nth(1)
    row.get_by_role("button", name="Options").click()
    row.get_by_label("Language", exact=True).select_option("es")
    row.get_by_label("Range").check()


def sign_in_wrongly(page: Page) -> None:
    page.fill("[name=login]", EMAIL)
    page.fill("[name=password]", "not-the-one")
    page.keyboard.press("Enter")
    page.wait_for_selector(".note-danger")


def ask_for_reset(page: Page) -> None:
    page.fill("[name=email]", EMAIL)
    page.keyboard.press("Enter")
    page.wait_for_url("**/done/")


def find(page: Page) -> None:
    page.fill("[data-find-input]", "budget")


def on_a_row(page: Page) -> None:
    wait_until(page, "document.querySelector('[data-editing]')?.hidden === false")
    page.locator("[data-segment] [data-seek-link]").nth(1).focus()


def press(key: str, shown: str) -> Callable[[Page], None]:
    """Press a key on a sentence and wait for what it shows."""

    def act(page: Page) -> None:
        on_a_row(page)
        page.keyboard.press(key)
        page.locator(shown).first.wait_for()

    return act


def choose(name: str, shown: str) -> Callable[[Page], None]:
    """Choose one of the actions of a sentence and wait for what it shows."""

    def act(page: Page) -> None:
        press("m", "#row-menu")(page)
        page.get_by_role("menuitem", name=name).click()
        page.locator(shown).first.wait_for()

    return act


def meet_a_conflict(page: Page) -> None:
    on_a_row(page)
    page.evaluate("document.activeElement.closest('[data-segment]').dataset.revision = '99'")
    page.keyboard.press("e")
    page.keyboard.type(" And Peter?")
    page.locator(".conflict").wait_for()


def choose_keys(page: Page) -> None:
    press("?", "#shortcuts[open]")(page)
    page.get_by_role("button", name="Choose other keys").first.click()


def replace(page: Page) -> None:
    press("Control+h", "[data-replace-with]")(page)
    page.fill("[data-find-input]", "budget")


def open_tab(name: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("tab", name=name, exact=True).click()
        page.locator("[role=tabpanel]:not([hidden]) :is(h2, h3)").first.wait_for(state="attached")

    return act


def click(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.click()


def share(page: Page) -> None:
    page.get_by_role("link", name="Share").click()
    page.wait_for_selector("#share[open]")


def share_wrongly(page: Page) -> None:
    share(page)
    page.get_by_label("Until a date").check()
    page.get_by_role("button", name="Create link").click()
    page.wait_for_selector("#share [aria-invalid=true]")


def open_wrongly(page: Page) -> None:
    page.fill("[name=password]", "not this")
    page.keyboard.press("Enter")
    page.wait_for_selector(".errorlist")


def nothing(page: Page) -> None:
    """The page as it comes."""


ENTRANCE = {
    "login": ("/accounts/login/", nothing),
    "login refused": ("/accounts/login/", sign_in_wrongly),
    "password reset": ("/accounts/password/reset/", nothing),
    "password reset sent": ("/accounts/password/reset/", ask_for_reset),
    "shared": ("shared", nothing),
    "shared, finding": ("shared", find),
    "shared, exporting": ("shared", click("summary.button-primary")),
    "shared, exports": ("shared", open_tab("Exports")),
    "shared, keys": ("shared", lambda page: page.locator("body").press("?")),
    "shared with a password": ("shared with a password", nothing),
    "shared, wrong password": ("shared with a password", open_wrongly),
    "shared no longer": ("/s/nothing/", nothing),
    "password reset link of old": ("/accounts/password/reset/key/1-set-password/", nothing),
}


def choose_recordings(page: Page) -> None:
    for number in range(2):
        page.locator("[data-choose]").nth(number).press("Space")
    page.locator("[data-bulk]").wait_for()


def choose_formats(page: Page) -> None:
    choose_recordings(page)
    page.get_by_role("button", name="Download").click()
    page.wait_for_selector("#download[open]")


PAGES = {
    "upload": ("/upload/", nothing),
    "upload with files": ("/upload/", add_files),
    "upload with options of a file": ("/upload/", open_file_options),
    "library": ("/", nothing),
    "library with menu": ("/", click("[aria-label='Your account']")),
    "library searching": ("/?q=budget", nothing),
    "library filtering": ("/?status=done", click(".filters summary")),
    "library, title and tags": ("/", click(".title-menu summary")),
    "library, some chosen": ("/", choose_recordings),
    "library, choosing formats": ("/", choose_formats),
    "trash": ("/trash/", nothing),
    "trash, asking": ("/trash/", click(".row-purge")),
    "library without a hit": ("/?q=zebra", nothing),
    "running": ("running", lambda page: page.wait_for_selector(".preview-segment")),
    "done": ("done", nothing),
    "done, exporting": ("done", click("summary.button-primary")),
    "done, finding": ("done", find),
    "done, keys": ("done", lambda page: page.locator("body").press("?")),
    "done, choosing keys": ("done", choose_keys),
    "done, correcting": ("done", press("e", "[contenteditable]")),
    "done, conflict": ("done", meet_a_conflict),
    "done, actions of a sentence": ("done", press("m", "#row-menu")),
    "done, times": ("done", choose("Times", "#passage-times[open]")),
    "done, inserting": ("done", choose("Insert", "#passage-times[open]")),
    "done, who speaks": ("done", press("s", "[data-speaker-form]")),
    "done, earlier versions": ("done", press("h", "#segment-history[open]")),
    "done, listening again": ("done", press("Shift+R", "dialog[open]")),
    "done, replacing": ("done", replace),
    "done, speakers": ("done", open_tab("Speakers")),
    "done, exports": ("done", open_tab("Exports")),
    "done, history": ("done", open_tab("History")),
    "done, run log": ("done", open_tab("Run log")),
    "done, speakers again": ("done", click("[data-opens=find-speakers]")),
    "done, sharing": ("done", share),
    "done, sharing wrongly": ("done", share_wrongly),
    "share page": ("share page", nothing),
    "done without speakers": ("speechless", nothing),
    "media deleted": ("bare", nothing),
    "failed": ("failed", nothing),
    "cancelled": ("cancelled", nothing),
    "no speech": ("silent", nothing),
    "password change": ("/accounts/password/change/", nothing),
    "sign out": ("/accounts/logout/", nothing),
    "not found": ("/recordings/00000000-0000-0000-0000-000000000000/", nothing),
}


def test_the_first_page_of_all_has_no_violation(site: Site) -> None:
    assert site.welcome == []


@pytest.mark.parametrize("name", list(ENTRANCE))
def test_a_page_before_signing_in_has_no_violation(visit: Callable[..., Page], name: str) -> None:
    address, act = ENTRANCE[name]
    page = visit(address, None)
    act(page)

    assert look(page) == []


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_has_no_violation(visit: Callable[..., Page], name: str) -> None:
    address, act = PAGES[name]
    page = visit(address)
    act(page)

    assert look(page) == []


def test_an_empty_library_has_no_violation(site: Site, visit: Callable[..., Page]) -> None:
    page = visit("/", site.newcomer)
    page.get_by_role("heading", name="Add your first recording").wait_for()

    assert look(page) == []


# By keyboard ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/upload/", "/", "running", "done", "failed", "silent", "share page", "shared", "/accounts/login/"]
)
def test_everything_usable_is_reached_by_tab_and_shows_it(visit: Callable[..., Page], address: str) -> None:
    page = visit(address, *([None] if address in ("shared", "/accounts/login/") else []))
    page.evaluate(KEYBOARD)
    unmarked = set()

    rows = page.locator("[data-segment]").count()  # each has a button more while it has the focus
    for _ in range(page.evaluate("usable().length") + rows + 8):
        page.keyboard.press("Tab")
        page.evaluate("reached.add(here())")
        if not page.evaluate("here() === document.body || marked(here())"):
            unmarked.add(focused(page))

    assert page.evaluate("usable().filter((one) => !reached.has(one)).map(describe)") == []
    assert unmarked == set()


@pytest.mark.parametrize(
    ("address", "name"), [("/", "Your account"), ("done", "Export")], ids=["account menu", "export menu"]
)
def test_escape_closes_a_menu_and_gives_the_focus_back(visit: Callable[..., Page], address: str, name: str) -> None:
    page = visit(address)
    tab_to(page, name)
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert name not in focused(page)

    page.keyboard.press("Escape")

    assert page.locator("details[data-menu][open]").count() == 0
    assert name in focused(page)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/trash/", "for good"),
        ("done", "Delete this recording"),
        ("running", "Cancel"),
        ("done", "Keyboard shortcuts"),
        ("done", "Find speakers again"),
        ("done", "Share"),
    ],
)
def test_escape_closes_a_dialog_and_gives_the_focus_back(visit: Callable[..., Page], address: str, name: str) -> None:
    page = visit(address)
    tab_to(page, name)
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("document.activeElement.closest('dialog') !== null")

    page.keyboard.press("Escape")

    assert page.locator("dialog[open]").count() == 0
    assert name in focused(page)


def test_the_sample_is_transcribed_and_deleted_by_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit("/upload/")
    tab_to(page, "Try the sample")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-transcript]", timeout=120_000)
    address = page.url

    tab_to(page, "Delete this recording")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    tab_to(page, "Delete", presses=3)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/recordings/" not in url)

    assert "was deleted" in page.locator("[data-toasts]").inner_text()
    assert page.request.get(address).status == 404
