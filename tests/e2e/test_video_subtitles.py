"""Subtitles in the video itself: made by mouse and by keyboard, with what is seen meanwhile."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.e2e.keyboard import KEYBOARD, focused, tab_to
from tests.e2e.seeds import write_talk
from tests.services import ROOT, Product
from tests.videos import frame_at, make_video, streams_of, subtitles_of

pytestmark = pytest.mark.browser

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TALK = [(index % 2, f"Sentence {index} is about the budget.") for index in range(10)]
TRACK, BURNED = "track", "burned"
MADE_MS = 90_000

_AS_VIDEO = """
from jobs.models import Recording
Recording.objects.filter(pk=%r).update(has_video=True, media_type="video/mp4", original_name="talk.mp4")
"""
_FAILED = """
from jobs.models import Job, Recording, Transcript
from jobs.services import export_choices, subtitled_videos
from media_pipeline.options import SubtitleMode
from jobs import queue
with queue.silenced():
    made = subtitled_videos.make(Transcript.objects.get(recording=%r), SubtitleMode.BURNED, export_choices.STANDARD)
Job.objects.filter(pk=made.pk).update(status="failed", error_code="cannot_draw",
    error_message="This FFmpeg was built without ass, so it cannot draw subtitles. Install one that has it, "
                  "or take the video with subtitles that can be switched off.")
"""

Talk = Callable[..., str]


@pytest.fixture
def talk(product: Product, first_run: StorageState, tmp_path: Path) -> Talk:
    """Writes a recording of half a minute over a video. Returns its address."""

    def write(*, size: str = "320x180", rate: str = "10", has_video: bool = True) -> str:
        media = make_video(tmp_path / "talk.mp4", seconds=30, size=size, rate=rate, color="darkgreen")
        address = write_talk(product, media, f"Budget talk {tmp_path.name}", TALK)
        if has_video:
            run(product, _AS_VIDEO % recording_of(address))
        return address

    return write


def recording_of(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]


def run(product: Product, code: str) -> None:
    outcome = product.manage("shell", "-c", code)
    assert outcome.returncode == 0, outcome.stderr


def opened(page: Page, address: str) -> Page:
    page.goto(f"{address}?tab=exports")
    page.locator("[data-videos]").scroll_into_view_if_needed()
    return page


def item(page: Page, mode: str) -> Locator:
    return page.locator(f"[data-video={mode}]")


def make(page: Page, mode: str) -> None:
    item(page, mode).locator("[data-video-make]").click()


def downloaded(page: Page, mode: str, press: Callable[[Locator], None] = Locator.click) -> Path:
    link = item(page, mode).locator("[data-video-download]")
    expect(link).to_be_visible(timeout=MADE_MS)
    with page.expect_download() as download:
        press(link)
    assert download.value.suggested_filename.startswith("Budget talk")
    return Path(download.value.path())


def objections(page: Page) -> list[str]:
    """What axe-core finds in the tab."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run('[data-videos]')")["violations"]
    return [f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found]


def test_a_track_is_made_and_taken_by_mouse(page: Page, talk: Talk) -> None:
    opened(page, talk())
    assert objections(page) == []

    make(page, TRACK)
    video = downloaded(page, TRACK)

    assert [stream["codec_type"] for stream in streams_of(video)] == ["video", "audio", "subtitle"]
    assert "Sentence 3 is about the budget." in subtitles_of(video)
    assert objections(page) == []
    expect(page.locator("[data-videos-announce]")).to_have_text("The video is ready.")
    expect(item(page, TRACK)).not_to_contain_text("before your last corrections")


def test_a_burned_in_one_is_made_by_keyboard_with_its_progress_seen(page: Page, talk: Talk) -> None:
    opened(page, talk(size="1280x720", rate="25"))
    page.evaluate(KEYBOARD)
    item(page, TRACK).locator("[data-video-make]").focus()
    tab_to(page, "Make the video")
    page.keyboard.press("Enter")

    run_of = item(page, BURNED).locator("[data-video-run]")
    expect(run_of).to_be_visible()
    expect(item(page, BURNED).locator("[data-video-cancel]")).to_be_focused()
    expect(run_of.locator("[data-video-percent]")).to_have_text(re.compile(r"[1-9]\d* %"), timeout=MADE_MS)
    expect(run_of.locator("[data-video-stage]")).to_have_text("Drawing subtitles into the picture")
    assert objections(page) == []

    link = item(page, BURNED).locator("[data-video-download]")
    expect(link).to_be_focused(timeout=MADE_MS)
    video = downloaded(page, BURNED, press=lambda _link: page.keyboard.press("Enter"))
    assert [stream["codec_name"] for stream in streams_of(video)] == ["h264", "aac"]
    assert frame_at(video, 1.0)[480:].max() > 200 > frame_at(video, 1.0)[:480].max()


def test_it_goes_on_while_the_page_is_away_and_without_a_socket(page: Page, talk: Talk) -> None:
    page.route_web_socket("**/ws/**", lambda socket: socket.close())
    address = talk(size="1280x720", rate="25")
    opened(page, address)
    make(page, BURNED)
    expect(item(page, BURNED).locator("[data-video-run]")).to_be_visible()

    page.goto("/")
    opened(page, address)

    expect(item(page, BURNED).locator("[data-video-run], [data-video-download]").first).to_be_visible()
    assert downloaded(page, BURNED).stat().st_size


def test_cancelling_leads_back_to_the_start(page: Page, talk: Talk) -> None:
    opened(page, talk(size="1920x1080", rate="50"))
    make(page, BURNED)
    item(page, BURNED).locator("[data-video-cancel]").click()

    expect(item(page, BURNED).locator("[data-video-make]")).to_be_focused()
    expect(item(page, BURNED).locator("[data-video-run]")).to_have_count(0)
    expect(page.locator("[data-videos-announce]")).to_have_text("Stopped.")


def test_after_a_correction_the_page_says_so_and_makes_it_again(page: Page, talk: Talk) -> None:
    address = talk()
    opened(page, address)
    make(page, TRACK)
    downloaded(page, TRACK)

    page.locator("[data-tab=transcript]").click()
    row = page.locator("[data-segment]").first
    row.locator("[data-text]").click()
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type("Quite another sentence.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-save-state]").first).to_have_text("Saved", timeout=15_000)
    page.locator("[data-tab=exports]").click()

    expect(item(page, TRACK)).to_contain_text("Made before your last corrections")
    assert objections(page) == []
    make(page, TRACK)
    expect(item(page, TRACK)).not_to_contain_text("Made before your last corrections", timeout=MADE_MS)
    assert "Quite another sentence." in subtitles_of(downloaded(page, TRACK))


def test_choices_of_the_form_hold_for_the_video(page: Page, talk: Talk) -> None:
    opened(page, talk())
    page.locator("input[type=checkbox][name=names]").set_checked(False)
    make(page, TRACK)
    without = subtitles_of(downloaded(page, TRACK))
    page.locator("input[type=checkbox][name=names]").set_checked(True)

    assert "Sentence 0" in without and "Speaker" not in without


def test_an_error_says_what_to_do_next(page: Page, talk: Talk, product: Product) -> None:
    address = talk()
    run(product, _FAILED % recording_of(address))
    opened(page, address)

    expect(item(page, BURNED).locator("[data-video-error]")).to_contain_text("Install one that has it")
    assert objections(page) == []
    make(page, BURNED)
    assert downloaded(page, BURNED)
    expect(item(page, BURNED).locator("[data-video-error]")).to_have_count(0)


def test_a_video_is_deleted(page: Page, talk: Talk) -> None:
    opened(page, talk())
    make(page, TRACK)
    downloaded(page, TRACK)

    item(page, TRACK).locator("[data-video-delete]").click()

    expect(item(page, TRACK).locator("[data-video-make]")).to_be_focused()
    expect(item(page, TRACK).locator("[data-video-download]")).to_have_count(0)
    expect(page.locator("[data-videos-announce]")).to_have_text("The video was deleted.")


def test_a_server_that_is_not_reached_is_told_where_the_button_is(page: Page, talk: Talk, problems: list[str]) -> None:
    opened(page, talk())
    page.route("**/transcripts/*/videos/", lambda route: route.abort())
    make(page, TRACK)

    expect(item(page, TRACK).locator("[data-video-problem]")).to_contain_text("The server was not reached")
    expect(item(page, TRACK).locator("[data-video-make]")).to_be_enabled()
    assert objections(page) == []
    problems.clear()  # the browser complains of the request as well


def test_for_sound_alone_the_page_says_why_there_is_none(page: Page, talk: Talk) -> None:
    opened(page, talk(has_video=False))

    expect(page.locator("[data-videos]")).to_contain_text("This recording has no picture to put subtitles into.")
    expect(page.locator("[data-video-make]")).to_have_count(0)
    assert objections(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_light_and_dark(
    scheme: str, chromium: Browser, product: Product, first_run: StorageState, talk: Talk
) -> None:
    context = chromium.new_context(
        storage_state=first_run,
        base_url=product.url,
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    phone = opened(context.new_page(), talk())

    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert objections(phone) == []
    phone.evaluate(KEYBOARD)
    item(phone, TRACK).locator("[data-video-make]").focus()
    assert "Make the video" in focused(phone) and phone.evaluate("marked(here())")
    context.close()
