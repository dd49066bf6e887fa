"""The page of a transcript without a mouse: each function that no other test reaches by keyboard."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, StorageState, expect

from tests.e2e.conftest import wait_until
from tests.e2e.meeting import seed_meeting
from tests.e2e.seeds import TALK, write_talk
from tests.services import Product
from tests.speech import Line, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MEDIA = "document.querySelector('[data-media]')"
NOW = f"{MEDIA}.currentTime"
SAVED = "document.querySelector('[data-save-state]').textContent === 'Saved'"
SPOKEN = [
    Line("slt", "Good morning. Is the budget ready?"),
    Line("rms", "The report is ready and the customer has it."),
    Line("slt", "Please send the invoice to Thomas tomorrow."),
]
# As an engine of before understood it.
MISHEARD = [
    (0, "Good morning is the budget red."),
    (1, "The report is ready and the customer hates it."),
    (0, "Please send the invoice to Thomas to morrow."),
]
# A key as a keyboard sends it whose signs are not those of the key.
SEND = """([target, key, code, more]) => {
  const place = target ? document.querySelector(target) : document.activeElement;
  const event = new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true, ...more });
  place.dispatchEvent(event);
  return event.defaultPrevented;
}"""
AS_MAC = """
Object.defineProperty(navigator, "platform", { get: () => "MacIntel" });
Object.defineProperty(navigator, "userAgentData", { get: () => undefined });
"""


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tone") / "talk.wav"
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=f=400:r=8000:d=180", str(path)]
    subprocess.run(argv, check=True)
    return path


@pytest.fixture(scope="module")
def shared(product: Product, first_run: StorageState, tone: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A talk of three minutes and two people, by turns of two sentences each, 3 s a sentence; not to be changed."""
    return write_talk(product, copied(tone, tmp_path_factory.mktemp("shared")), "a talk to read")


@pytest.fixture
def read(page: Page, shared: str) -> Page:
    return ready(page, shared)


@pytest.fixture
def opened(
    page: Page, product: Product, first_run: StorageState, tone: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Page:
    """Another one of the kind, to be changed."""
    return ready(page, write_talk(product, copied(tone, tmp_path), request.node.name))


@pytest.fixture
def spoken(
    page: Page, product: Product, first_run: StorageState, tmp_path: Path, request: pytest.FixtureRequest
) -> Page:
    """Three sentences over their real sound, not all as they are said."""
    return ready(page, write_talk(product, copied(render(SPOKEN).path, tmp_path), request.node.name, MISHEARD))


def copied(media: Path, folder: Path) -> Path:
    copy = folder / f"talk{media.suffix}"
    copy.write_bytes(media.read_bytes())
    return copy


def ready(page: Page, address: str) -> Page:
    page.goto(address)
    wait_until(page, "document.querySelector('[data-editing]')?.hidden === false")
    wait_until(page, f"{MEDIA}.readyState >= 1")
    return page


def row(page: Page, index: int) -> Locator:
    return page.locator("[data-segment]").nth(index)


def time_of(page: Page, index: int) -> Locator:
    """The time of a sentence: where the focus is while one goes from sentence to sentence."""
    return row(page, index).locator("[data-seek-link]")


def text(page: Page, index: int) -> str:
    return row(page, index).locator("[data-text]").inner_text().strip()


def texts(page: Page) -> list[str]:
    return [said.strip() for said in page.locator("[data-transcript] [data-text]").all_inner_texts()]


def wait_for_time(page: Page, seconds: float) -> None:
    wait_until(page, f"Math.abs({NOW} - {seconds}) < 0.3")


def edit(page: Page, index: int) -> None:
    time_of(page, index).focus()
    page.keyboard.press("e")
    wait_until(page, "document.activeElement.isContentEditable")


def edited(page: Page) -> str:
    """The sentence that is being corrected."""
    return str(page.evaluate("document.activeElement.isContentEditable && document.activeElement.textContent.trim()"))


def saved(page: Page, act: Callable[[], object]) -> None:
    """Do something that changes the transcript and wait until it is saved."""
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        act()
    assert answered.value.ok, answered.value.text()
    wait_until(page, SAVED)


def tab(page: Page, name: str) -> None:
    """Open a tab with the arrow keys."""
    page.locator("[role=tab][aria-selected=true]").focus()
    for _ in range(5):
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
        page.keyboard.press("ArrowRight")
    raise AssertionError(f"no tab {name}")


def confirm(page: Page, button: Locator) -> None:
    button.press("Enter")
    page.locator("#confirm[open] [data-confirm-yes]").press("Enter")


# Listening ------------------------------------------------------------------------------------------------------------


def test_the_player_is_worked_by_keys(read: Page) -> None:
    for key, seconds in [("l", 5), ("l", 10), ("j", 5), ("ArrowRight", 7), ("ArrowRight", 9), ("ArrowLeft", 7)]:
        read.keyboard.press(key)
        wait_for_time(read, seconds)
    for key, speed in [(">", 1.25), (">", 1.5), ("<", 1.25)]:
        read.keyboard.press(key)
        assert read.evaluate(f"{MEDIA}.playbackRate") == speed

    read.get_by_label("Speed").focus()
    read.keyboard.press("ArrowDown")
    assert read.evaluate(f"{MEDIA}.playbackRate") == 1.5
    read.get_by_label("Position").focus()
    read.keyboard.press("End")
    wait_for_time(read, read.evaluate(f"{MEDIA}.duration"))
    read.keyboard.press("Home")
    wait_for_time(read, 0)
    read.keyboard.press("ArrowRight")
    wait_for_time(read, 2)

    time_of(read, 2).press("Enter")
    wait_until(read, f"!{MEDIA}.paused && {NOW} >= 6.3 && location.hash === '#t=6.00'")
    top = read.evaluate("scrollY")
    read.keyboard.press("End")  # the reader looks elsewhere
    wait_until(read, f"scrollY > {top}")
    expect(read.get_by_role("button", name="Back to current")).to_be_visible()
    read.keyboard.press("c")
    expect(read.get_by_role("button", name="Back to current")).to_be_hidden()
    read.keyboard.press("End")
    read.get_by_role("button", name="Back to current").press("Enter")
    expect(read.get_by_role("button", name="Back to current")).to_be_hidden()
    read.keyboard.press("k")
    wait_until(read, f"{MEDIA}.paused")


def test_a_speaker_is_heard_and_followed_to_the_next_turn(read: Page) -> None:
    sample = read.get_by_role("button", name="Hear Speaker 2").first
    sample.press("Enter")
    expect(sample).to_have_attribute("aria-pressed", "true")
    sample.press("Enter")
    expect(sample).to_have_attribute("aria-pressed", "false")

    read.locator("[data-voice='1']").press("Enter")

    expect(time_of(read, 2)).to_be_focused()


# Tabs -----------------------------------------------------------------------------------------------------------------


def test_keys_about_sentences_rest_while_another_tab_is_open(read: Page) -> None:
    before = texts(read)
    tab(read, "Speakers")
    read.locator(".figures-table").wait_for()
    for key in ["e", "2", "h", "m", "s", "n", "r", "Shift+R", "ArrowDown", "ArrowRight"]:
        read.locator("#panel-speakers").press(key)

    assert read.locator("dialog[open], [data-segment] [contenteditable], [popover]:popover-open").count() == 0
    assert read.evaluate(NOW) == 0
    expect(read.locator("[data-undo-button]")).to_be_disabled()
    read.locator("#panel-speakers").press("l")
    wait_for_time(read, 5)
    read.keyboard.press("?")
    expect(read.locator("#shortcuts")).to_be_visible()
    read.keyboard.press("Escape")

    read.keyboard.press("/")
    expect(read.get_by_role("tab", name="Transcript")).to_have_attribute("aria-selected", "true")
    expect(read.locator("[data-find-input]")).to_be_focused()
    read.keyboard.type("report")
    read.keyboard.press("Enter")
    wait_until(read, "document.querySelector('[data-find-count]').textContent === '1 of 10'")
    assert texts(read) == before


def test_a_time_in_another_tab_leads_to_its_sentence_and_one_of_its_own_stays_there(read: Page) -> None:
    tab(read, "Speakers")
    link = read.locator(".figures-table [data-seek-link]").nth(1)
    link.wait_for()
    link.press("Enter")

    expect(time_of(read, 2)).to_be_focused()
    wait_until(read, "location.hash.startsWith('#t=6')")
    wait_for_time(read, 6)
    time_of(read, 40).focus()
    time_of(read, 40).scroll_into_view_if_needed()
    top = read.evaluate("scrollY")
    read.keyboard.press("Enter")
    wait_until(read, f"!{MEDIA}.paused")
    assert read.evaluate("scrollY") > top - 400
    assert read.evaluate("location.hash") == "#t=120.00"


def test_the_last_answer_of_a_tab_counts_and_the_focus_stays(opened: Page) -> None:
    tab(opened, "Speakers")
    name = opened.locator(".figures-table [data-speaker-menu]").first
    name.press("Enter")
    opened.locator("#speaker-menu[open] [data-speaker-name]").fill("Anna")
    opened.keyboard.press("Enter")

    expect(name).to_contain_text("Anna")
    expect(name).to_be_focused()
    late: list[Route] = []
    opened.route("**/panels/speakers/", lambda route: route.continue_() if late else late.append(route))
    saved(opened, lambda: opened.keyboard.press("Control+z"))
    saved(opened, lambda: opened.keyboard.press("Control+Shift+z"))
    wait_until(opened, "!document.getElementById('panel-speakers').hasAttribute('aria-busy')")
    late[0].fulfill(body="<p>An answer of before.</p>", content_type="text/html")
    opened.wait_for_timeout(200)
    expect(name).to_contain_text("Anna")
    expect(name).to_be_focused()


# Correcting -----------------------------------------------------------------------------------------------------------


def test_keys_while_typing(opened: Page) -> None:
    before = texts(opened)[:6]
    edit(opened, 1)
    saved(opened, lambda: opened.keyboard.press("Delete"))
    assert text(opened, 1) == f"{before[1]} {before[2]}"
    wait_until(opened, "document.activeElement.isContentEditable")
    saved(opened, lambda: opened.keyboard.press("Control+z"))
    assert texts(opened)[:6] == before

    opened.keyboard.press("Shift+Escape")
    expect(time_of(opened, 1)).to_be_focused()
    edit(opened, 1)
    opened.keyboard.press("ArrowDown")
    wait_until(opened, f"document.activeElement.textContent.trim() === {before[2]!r}")
    opened.keyboard.press("Home")
    opened.keyboard.press("ArrowUp")
    wait_until(opened, f"document.activeElement.textContent.trim() === {before[1]!r}")

    opened.keyboard.type(" Really.")
    saved(opened, lambda: opened.keyboard.press("Control+s"))
    assert edited(opened) == f"{before[1]} Really."
    opened.evaluate(f"{NOW} = 20")
    for key, seconds in [("Alt+j", 15), ("Alt+l", 20)]:
        opened.keyboard.press(key)
        wait_for_time(opened, seconds)
    for key, speed in [("Alt+=", 1.25), ("Alt+-", 1)]:
        opened.keyboard.press(key)
        assert opened.evaluate(f"{MEDIA}.playbackRate") == speed
    opened.keyboard.press("Shift+Escape")
    assert text(opened, 1) == f"{before[1]} Really."


def test_sentences_are_joined_and_given_to_speakers_from_their_menus(opened: Page) -> None:
    before = texts(opened)[:3]
    time_of(opened, 0).focus()
    opened.keyboard.press("m")
    saved(opened, lambda: opened.get_by_role("menuitem", name="Join with the next").press("Enter"))
    assert text(opened, 0) == f"{before[0]} {before[1]}"

    time_of(opened, 2).focus()  # the second sentence of the second turn
    opened.keyboard.press("s")
    menu = opened.locator("#speaker-menu[open]")
    menu.get_by_role("radio", name="Only here").focus()
    opened.keyboard.press("ArrowLeft")
    expect(menu.get_by_role("radio", name="From here on")).to_be_checked()
    saved(opened, lambda: menu.locator("[data-other]", has_text="Speaker 1").press("Enter"))
    wait_until(opened, "document.querySelectorAll('[data-turn]')[2].querySelectorAll('[data-segment]').length > 2")

    opened.locator("[data-speaker-turn]").nth(1).focus()
    opened.keyboard.press("Enter")
    menu.get_by_role("radio", name="Everywhere").focus()
    opened.keyboard.press("ArrowRight")
    expect(menu.get_by_role("radio", name="Only this turn")).to_be_checked()
    opened.keyboard.press("Tab")
    opened.keyboard.type("Zoë")
    saved(opened, lambda: opened.keyboard.press("Enter"))
    expect(opened.locator("[data-speaker-turn]").nth(1)).to_have_text("Zoë")

    opened.get_by_role("button", name="Rename or merge Zoë").first.press("Enter")
    expect(menu.get_by_text("Merge into…")).to_be_visible()
    saved(opened, lambda: menu.locator("[data-other]", has_text="Speaker 1").press("Enter"))
    expect(opened.locator("[data-voice-list]")).not_to_contain_text("Zoë")


def test_a_name_given_before_is_taken_from_the_suggestions(
    opened: Page, product: Product, tone: Path, tmp_path: Path
) -> None:
    menu = opened.locator("#speaker-menu[open]")
    opened.locator("[data-speaker-turn]").first.press("Enter")
    menu.locator("[data-speaker-name]").fill("Konstantin")
    saved(opened, lambda: opened.keyboard.press("Enter"))

    ready(opened, write_talk(product, copied(tone, tmp_path), "a later talk", TALK[:4]))
    opened.locator("[data-speaker-turn]").nth(1).press("Enter")
    menu.get_by_role("button", name="Konstantin").press("Enter")
    saved(opened, lambda: opened.keyboard.press("Enter"))

    expect(opened.locator("[data-speaker-turn]").nth(1)).to_have_text("Konstantin")


# Keys -----------------------------------------------------------------------------------------------------------------


def test_chosen_keys_hold_for_finding_and_are_told_and_the_usual_ones_come_back(read: Page) -> None:
    read.keyboard.press("?")
    listed = read.locator("#shortcuts")
    expect(listed.locator("[data-action=speaker]")).to_be_visible()
    assert listed.locator("[data-action=speaker] button").count() == 0  # nine keys are not chosen one by one
    expect(listed.locator("[data-action=captions]")).to_be_hidden()  # there is no picture
    for what, key in [("Find in this transcript", "F8"), ("5 seconds back", "F9")]:
        listed.get_by_role("button", name=f"Choose other keys: {what}").first.press("Enter")
        read.keyboard.press(key)
    read.keyboard.press("Escape")

    read.locator("body").press("/")
    assert read.evaluate("document.activeElement.matches('[data-find-input]')") is False
    read.keyboard.press("F8")
    expect(read.locator("[data-find-input]")).to_be_focused()
    expect(read.get_by_role("button", name="Back 5 seconds")).to_have_attribute("aria-keyshortcuts", "F9")

    read.keyboard.press("Escape")
    read.keyboard.press("?")
    listed.get_by_role("button", name="Usual keys").press("Enter")
    read.keyboard.press("Escape")
    expect(read.get_by_role("button", name="Back 5 seconds")).to_have_attribute("aria-keyshortcuts", "J")
    read.keyboard.press("/")
    expect(read.locator("[data-find-input]")).to_be_focused()
    assert read.evaluate(SEND, [None, "Enter", "Enter", {"isComposing": True}]) is False
    assert read.evaluate(SEND, [None, "Escape", "Escape", {"keyCode": 229}]) is False
    expect(read.locator("[data-find-input]")).to_be_focused()


def test_option_writes_signs_on_a_mac_and_with_control_it_is_alt(page: Page, shared: str) -> None:
    page.add_init_script(AS_MAC)
    ready(page, shared)
    page.evaluate(f"{NOW} = 20")
    edit(page, 1)

    assert page.evaluate(SEND, [None, "∆", "KeyJ", {"altKey": True}]) is False
    assert page.evaluate(SEND, [None, "Dead", "KeyE", {"altKey": True}]) is False
    assert page.evaluate(SEND, [None, "∆", "KeyJ", {"altKey": True, "ctrlKey": True}]) is True
    wait_for_time(page, 15)
    assert page.evaluate(SEND, [None, "≠", "Equal", {"altKey": True, "ctrlKey": True}]) is True
    assert page.evaluate(f"{MEDIA}.playbackRate") == 1.25
    assert page.evaluate(SEND, [None, "Enter", "Enter", {"keyCode": 229}]) is False  # ends a composition


# Checking -------------------------------------------------------------------------------------------------------------


def test_doubtful_words_are_tinted_below_the_chosen_threshold(
    page: Page, product: Product, first_run: StorageState, tmp_path: Path
) -> None:
    sentences = ["First we look at the budjet?0.31 again.", "Nobody knows what Petar?0.55 will say?0.69"]
    page.goto(seed_meeting(product, tmp_path, sentences))
    tinted = "[...(CSS.highlights.get('doubt') ?? [])].map(String).join('|')"

    page.get_by_label("Mark words the engine was unsure of").press("Space")
    wait_until(page, f"({tinted}) === 'budjet|Petar|say'")
    page.get_by_label("Sure by less than").focus()
    page.keyboard.press("ArrowUp")
    wait_until(page, f"({tinted}) !== 'budjet|Petar|say'")

    # A word in front of it came while it was at hand: the right one is confirmed all the same.
    time_of(page, 0).focus()
    page.keyboard.press("n")
    wait_until(page, "String([...CSS.highlights.get('doubt-now')][0]) === 'budjet'")
    edit(page, 0)
    page.keyboard.press("Home")
    page.keyboard.type("Well, ")
    saved(page, lambda: page.keyboard.press("Control+Enter"))
    with page.expect_response("**/changes/") as answered:
        page.keyboard.press("y")
    words = answered.value.json()["segments"][0]
    assert answered.value.ok and words["text"].startswith("Well, First")
    page.reload()
    wait_until(page, "document.querySelector('[data-doubt-count]').textContent !== ''")
    wait_until(page, f"!({tinted}).includes('budjet')")


# Hearing again --------------------------------------------------------------------------------------------------------


def test_a_passage_is_heard_again_with_a_chosen_engine(spoken: Page) -> None:
    before = texts(spoken)
    time_of(spoken, 0).focus()
    spoken.keyboard.press("Shift+R")
    engine = spoken.get_by_label("Engine and model")
    engine.wait_for()
    wait_until(spoken, "!document.querySelector('[data-hear-start]').disabled")
    for name, count in [("End one sentence later", 2), ("End one sentence later", 3), ("Begin one sentence later", 2)]:
        spoken.get_by_role("button", name=name).press("Enter")
        spoken.locator("[data-hear-times]", has_text=f"{count} sentences").wait_for()
    spoken.get_by_role("button", name="Begin one sentence earlier").press("Enter")
    spoken.get_by_role("button", name="End one sentence earlier").press("Enter")
    engine.focus()
    spoken.keyboard.type("Embedded")
    expect(engine.locator("option:checked")).to_contain_text("PocketSphinx")
    engine.press("Enter")
    if spoken.locator("[data-hear-choice]").is_visible():
        spoken.locator("[data-hear-start]").press("Enter")
    spoken.locator("[data-difference]").wait_for(timeout=60_000)

    spoken.get_by_role("button", name="Accept all").press("Enter")
    undo = spoken.locator("[data-hear-undo]")
    expect(undo).to_be_visible()
    wait_until(spoken, "!document.querySelector('[data-hear-result]').hasAttribute('aria-busy')")
    assert texts(spoken) != before
    while undo.is_visible():
        undo.press("Enter")
        spoken.wait_for_timeout(300)
    assert texts(spoken) == before
    spoken.keyboard.press("Escape")
    expect(time_of(spoken, 0)).to_be_focused()


def test_what_was_changed_is_restored_and_versions_are_compared(spoken: Page) -> None:
    for wording in (" One.", " Two."):
        edit(spoken, 0)
        spoken.keyboard.press("End")
        spoken.keyboard.type(wording)
        saved(spoken, lambda: spoken.keyboard.press("Control+Enter"))
    tab(spoken, "History")
    confirm(spoken, spoken.get_by_role("button", name="Restore to here").first)
    wait_until(spoken, "document.querySelectorAll('[data-change]').length === 3")
    assert spoken.evaluate("document.activeElement.closest('#panel-history') !== null")
    confirm(spoken, spoken.get_by_role("button", name="Restore to the beginning"))
    wait_until(spoken, "document.querySelectorAll('[data-change]').length === 4")
    assert [one.strip() for one in spoken.locator("[data-text]").all_text_contents()] == [said for _, said in MISHEARD]

    spoken.get_by_role("link", name="Transcribe again…").press("Enter")
    again = spoken.locator("#again-dialog[open]")
    again.locator("select[name=engine]").focus()
    spoken.keyboard.type("Embedded")
    with spoken.expect_navigation():
        again.get_by_role("button", name="Transcribe again").press("Enter")
    spoken.wait_for_selector("[data-live]", state="detached", timeout=90_000)
    spoken.wait_for_load_state()
    wait_until(spoken, "document.querySelector('[data-editing]')?.hidden === false")
    tab(spoken, "History")
    spoken.get_by_role("link", name="Compare version 1").press("Enter")
    spoken.locator("[data-places-list] .place").first.wait_for()
    confirm(spoken, spoken.locator(".comparison [data-restore-version]"))
    spoken.get_by_text("No word differs").wait_for()
    assert (
        " ".join(spoken.locator("[data-text]").all_text_contents()).split()
        == " ".join(said for _, said in MISHEARD).split()
    )


def test_speakers_are_looked_for_again_in_a_number_of_ones_own(spoken: Page) -> None:
    spoken.get_by_role("button", name="Find speakers again").first.press("Enter")
    dialog = spoken.locator("#find-speakers[open]")
    dialog.locator("input[name$=speakers]:checked").focus()
    for _ in range(4):
        if dialog.get_by_label("Exact number").is_checked():
            break
        spoken.keyboard.press("ArrowRight")
    dialog.get_by_label("Number of speakers").focus()
    spoken.keyboard.press("Control+A")
    spoken.keyboard.type("2")
    with spoken.expect_navigation():
        spoken.keyboard.press("Enter")

    spoken.wait_for_selector("[data-live]", state="detached", timeout=90_000)
    expect(spoken.locator("[data-speaker-turn]").first).to_be_visible()


# Taking away, and what is told ----------------------------------------------------------------------------------------


def test_the_text_is_downloaded_and_copied_and_messages_can_be_reached_in_dialogs(read: Page) -> None:
    read.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab(read, "Exports")
    read.locator(".export").first.wait_for()
    with read.expect_download() as download:
        read.locator(".export", has_text=".srt").press("Enter")
    assert "Sentence 0" in download.value.path().read_text()

    read.locator("details[data-menu] > summary", has_text="Export").press("Enter")
    read.get_by_role("button", name="Copy the text").press("Enter")
    expect(read.locator("[data-toast]", has_text="The text is copied.")).to_be_visible()
    assert "Sentence 59" in read.evaluate("navigator.clipboard.readText()")

    read.keyboard.press("Escape")
    read.locator("body").press("?")
    told = "document.dispatchEvent(new CustomEvent('toast', { detail: { text: 'A word.', level: 'error' } }))"
    read.evaluate(told)
    toast = read.locator("#shortcuts [data-toast]", has_text="A word.")
    toast.get_by_role("button", name="Dismiss").press("Enter")
    expect(toast).to_have_count(0)
    read.evaluate(told)
    read.keyboard.press("Escape")
    expect(read.locator("body > [data-toasts] [data-toast]", has_text="A word.")).to_be_visible()


# The picture ----------------------------------------------------------------------------------------------------------

AS_VIDEO = """
from jobs.models import Recording
Recording.objects.filter(title=%r).update(has_video=True, media_type="video/webm")
"""


def test_captions_and_the_whole_screen_are_turned_on_by_keys(
    page: Page, product: Product, first_run: StorageState, tmp_path: Path
) -> None:
    film = tmp_path / "talk.webm"
    inputs = ["-f", "lavfi", "-i", "color=c=navy:s=320x180:r=5:d=12", "-f", "lavfi", "-i", "sine=f=400:d=12"]
    codecs = ["-c:v", "libvpx", "-b:v", "50k", "-c:a", "libopus", "-shortest"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *codecs, str(film)], check=True)
    seeded = write_talk(product, film, "a film", TALK[:4])
    assert product.manage("shell", "-c", AS_VIDEO % "a film").returncode == 0
    ready(page, seeded)
    button = page.get_by_role("button", name="Captions")
    mode = f"{MEDIA}.textTracks[0].mode"
    assert page.evaluate(mode) == "disabled"

    page.keyboard.press("v")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_have_attribute("aria-keyshortcuts", "V")
    wait_until(page, f"{MEDIA}.textTracks[0].cues?.length > 0")
    page.evaluate(f"{NOW} = 4")
    wait_until(page, f"[...{MEDIA}.textTracks[0].activeCues].some((cue) => cue.text.includes('Sentence 1'))")
    page.reload()
    wait_until(page, f"{mode} === 'showing'")
    button.press("Enter")
    assert page.evaluate(mode) == "disabled"

    page.keyboard.press("f")
    wait_until(page, f"document.fullscreenElement === {MEDIA} && {MEDIA}.controls")
    page.keyboard.press("f")
    wait_until(page, f"document.fullscreenElement === null && !{MEDIA}.controls")
