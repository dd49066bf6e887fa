"""A transcript of more than an hour and a half in a real browser: it comes in stretches, and nobody notices."""

import json
import subprocess
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.e2e.conftest import wait_until
from tests.services import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SEGMENTS, SECONDS_EACH = 2000, 3.0
NAMED = 1500  # the segment that is unlike all others

# Words as a job leaves them: 2,000 sentences of five words, turns of ten sentences, the same sound all the time.
SEED = """
import json, sys
from pathlib import Path
from django.contrib.auth.models import User
from jobs import storage
from jobs.models import Job, Recording, Segment, Speaker, StepRun, Transcript
from media_pipeline.recipes import RECIPES

row = Recording.objects.create(owner=User.objects.get(), title="A long meeting", original_name="long.mp3",
    media_key="recordings/long/long.mp3", media_type="audio/mpeg", size_bytes=6_000_000, duration=%(duration)r)
storage.save(row.media_key, Path(%(media)r))
options = {"engine": "whisper", "requested_engine": "auto", "model": "base", "language": "en",
           "speakers": {"exact": None, "at_most": None}, "vocabulary": ""}
job = Job.objects.create(recording=row, kind="transcribe", status="completed", options=options, percent=100.0)
for step in RECIPES["transcribe"].steps:
    StepRun.objects.create(job=job, name=step.name, lane=step.lane, status="done")
made = Transcript.objects.create(recording=row, job=job, language="en", engine="whisper", model="base")
voices = [Speaker.objects.create(transcript=made, label=f"SPEAKER_0{number}") for number in range(3)]
rows = []
for index in range(%(segments)r):
    start = %(each)r * index
    said = ["Sentence", f"{index}", "of", "a", "budget" if index == %(named)r else "meeting."]
    said[0] = "\\U0001f600 Sentence" if index %% 7 == 3 else said[0]
    words = [[word, round(start + 0.5 * at, 2), round(start + 0.5 * at + 0.4, 2), 0.4 if at == 1 else 0.95]
             for at, word in enumerate(said)]
    rows.append(Segment(transcript=made, start=start, end=start + 2.5, text=" ".join(said),
        words=words, confidence=0.9, speaker=voices[index // 10 %% 2] if index < 1990 else voices[2]))
Segment.objects.bulk_create(rows)
print(json.dumps(f"/recordings/{row.pk}/"))
"""

TIME = "document.querySelector('audio').currentTime"
SPOKEN = "[...(CSS.highlights.get('spoken') ?? [])].map((range) => range.toString()).join('|')"
# The number of the sentence at a height of the window.
SENTENCE_AT = """(share) => [...document.querySelectorAll("[data-segment]")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.height && box.top <= innerHeight * share && box.bottom > innerHeight * share - 120;
}).map((one) => Number(one.dataset.start) / 3).at(-1) ?? -1"""
IN_SIGHT = """(index) => [...document.querySelectorAll("[data-segment]")].some((one) => {
  const box = one.getBoundingClientRect();
  return Number(one.dataset.start) === index * 3 && box.top > 60 && box.bottom < innerHeight - 20;
})"""


@pytest.fixture(scope="module")
def address(product: Product, first_run: StorageState, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the long transcript is."""
    media = tmp_path_factory.mktemp("long") / "long.mp3"
    duration = SEGMENTS * SECONDS_EACH
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(duration)]
    subprocess.run([*argv, "-c:a", "libmp3lame", "-b:a", "8k", str(media)], check=True)
    values = {"duration": duration, "media": str(media), "segments": SEGMENTS, "each": SECONDS_EACH, "named": NAMED}
    outcome = product.manage("shell", "-c", SEED % values)
    assert outcome.returncode == 0, outcome.stderr
    return str(json.loads(outcome.stdout.strip().splitlines()[-1]))


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    wait_until(
        page,
        "document.querySelector('audio').readyState >= 2"
        " && document.querySelector('[data-player-bar]').checkVisibility()",
    )
    return page


def in_sight(page: Page, index: int) -> bool:
    return bool(page.evaluate(IN_SIGHT, index))


def wait_for_sentence(page: Page, index: int) -> None:
    wait_until(page, f"({IN_SIGHT})({index})")


def loaded(page: Page) -> list[int]:
    """The numbers of the stretches that are here."""
    found: list[int] = page.evaluate(
        "[...document.querySelectorAll('[data-stretch]:has([data-segment])')].map((one) => Number(one.dataset.stretch))"
    )
    return found


def middle_of_word(page: Page, index: int, word: int) -> tuple[float, float, float]:
    """x and y of the middle of a word of a sentence, and when it is heard."""
    x, y, start = page.evaluate(
        """([index, word]) => {
          const segment = document.querySelector(`[data-start="${(index * 3).toFixed(2)}"]`);
          const node = segment.querySelector("[data-text]").firstChild;
          const at = node.data.search(/Sentence/);
          const words = [...node.data.slice(at).matchAll(/\\S+/g)];
          const range = new Range();
          range.setStart(node, at + words[word].index);
          range.setEnd(node, at + words[word].index + words[word][0].length);
          const box = range.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2, JSON.parse(segment.dataset.times)[word][1]];
        }""",
        [index, word],
    )
    return x, y, start


def test_only_what_is_near_is_fetched_and_scrolling_brings_the_rest(page: Page, address: str) -> None:
    opened(page, address)
    assert set(loaded(page)) <= {0, 1}

    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    wait_until(page, "document.querySelector('[data-stretch=\"19\"] [data-segment]') !== null")

    assert len(loaded(page)) <= 6
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_timeout(300)
    assert page.locator("[data-segment]").last.is_visible()


def test_the_text_before_the_eyes_stays_where_it_is_when_text_above_comes(page: Page, address: str) -> None:
    opened(page, f"{address}?t=3000")
    wait_for_sentence(page, 1000)
    seen = []

    for _ in range(40):
        page.mouse.wheel(0, -400)
        page.wait_for_timeout(60)
        seen.append(page.evaluate(SENTENCE_AT, 0.5))

    known = [sentence for sentence in seen if sentence >= 0]
    steps = [before - after for before, after in pairwise(known)]
    assert len(known) > 30
    assert all(0 <= step <= 20 for step in steps), str(seen)


@pytest.mark.parametrize("query", ["?t=4500", "#t=4500"])
def test_an_address_leads_to_its_place(page: Page, address: str, query: str) -> None:
    opened(page, address + query)

    wait_for_sentence(page, NAMED)
    wait_until(page, f"Math.abs({TIME} - 4500) < 0.1")
    assert "is-current" in str(page.locator(f"[data-start='{NAMED * 3}.00']").get_attribute("class"))
    assert len(loaded(page)) <= 5


def test_the_player_jumps_to_what_is_not_there_yet(page: Page, address: str) -> None:
    opened(page, address)

    page.locator("[data-seek]").evaluate("(seek) => { seek.value = 4501; seek.dispatchEvent(new Event('input')); }")

    wait_for_sentence(page, NAMED)


def test_a_click_on_a_word_seeks_to_it_also_behind_an_emoji(page: Page, address: str) -> None:
    opened(page, f"{address}?t=4500")
    wait_for_sentence(page, NAMED)

    for index, word in ((NAMED, 4), (NAMED + 1, 1), (1501 + 7 - 1501 % 7 + 3, 3)):
        page.evaluate("scrollBy(0, 0)")
        x, y, start = middle_of_word(page, index, word)
        page.mouse.click(x, y)
        wait_until(page, f"Math.abs({TIME} - {start}) < 0.05")


def test_the_marked_word_moves_with_the_sound_and_over_the_end_of_a_stretch(page: Page, address: str) -> None:
    opened(page, f"{address}?t=297")
    wait_for_sentence(page, 99)
    page.locator("body").press("k")

    for word in ("Sentence", "99", "meeting.", "100", "meeting."):
        wait_until(page, f"({SPOKEN}) === '{word}'")
    page.locator("body").press("k")

    assert page.evaluate("document.querySelectorAll('[data-text] *').length") == 0


def test_without_the_highlight_api_one_sentence_is_split(page: Page, address: str) -> None:
    page.add_init_script("delete window.Highlight")
    opened(page, f"{address}?t=297")
    wait_for_sentence(page, 99)
    page.locator("body").press("k")

    wait_until(page, "document.querySelector('[data-text] mark')?.textContent === '99'")
    wait_until(page, "document.querySelector('[data-text] mark')?.textContent === '100'")

    assert page.locator("[data-text] mark").count() == 1
    assert page.locator("[data-start='297.00'] [data-text]").inner_text() == "Sentence 99 of a meeting."


def test_following_stops_when_the_reader_scrolls_and_starts_again_by_the_button(page: Page, address: str) -> None:
    opened(page, f"{address}?t=600")
    wait_for_sentence(page, 200)
    page.locator("body").press("k")
    assert not page.locator("[data-follow]").is_visible()

    page.mouse.move(500, 500)
    page.mouse.wheel(0, 12_000)
    wait_until(page, "document.querySelector('[data-follow]').checkVisibility()")
    page.wait_for_timeout(4000)
    assert not any(in_sight(page, index) for index in range(199, 204))
    page.get_by_role("button", name="Back to current").click()

    wait_until(page, "document.querySelector('.is-current')?.getBoundingClientRect().top > 60")
    wait_until(page, "document.querySelector('.is-current')?.getBoundingClientRect().bottom < innerHeight")
    assert not page.locator("[data-follow]").is_visible()


def test_keys_go_from_sentence_to_sentence_over_the_end_of_a_stretch(page: Page, address: str) -> None:
    opened(page, f"{address}?t=297")
    wait_for_sentence(page, 99)

    page.locator("body").press("ArrowDown")
    wait_until(page, f"{TIME} === 300")
    page.locator("body").press("ArrowDown")
    wait_until(page, f"{TIME} === 303")
    for _ in range(2):
        page.locator("body").press("ArrowUp")
        page.wait_for_timeout(100)

    wait_until(page, f"{TIME} === 297")


def test_a_sentence_is_repeated_until_asked_to_stop(page: Page, address: str) -> None:
    opened(page, f"{address}?t=900")
    wait_for_sentence(page, 300)
    page.locator("body").press("r")
    assert page.get_by_role("button", name="Repeat this sentence").get_attribute("aria-pressed") == "true"

    page.evaluate("document.querySelector('audio').playbackRate = 2")
    page.locator("body").press("k")
    times = []
    for _ in range(30):
        times.append(page.evaluate(TIME))
        page.wait_for_timeout(100)

    assert max(times) < 903 and any(after < before for before, after in pairwise(times))


def test_what_is_not_there_yet_is_found(page: Page, address: str) -> None:
    opened(page, address)

    page.locator("body").press("/")
    page.keyboard.type("BUDGET")

    wait_for_sentence(page, NAMED)
    assert page.locator("[data-find-count]").inner_text() == "1 of 1"
    assert page.evaluate("[...CSS.highlights.get('found-now')].map(String)") == ["budget"]


def test_a_search_begins_where_one_reads(page: Page, address: str) -> None:
    opened(page, f"{address}?t=4500")
    wait_for_sentence(page, NAMED)

    page.fill("[data-find-input]", "sentence")
    wait_until(page, "document.querySelector('[data-find-count]').textContent.endsWith(' of 2000')")

    assert 1480 < int(page.locator("[data-find-count]").inner_text().split()[0]) <= NAMED + 1
    assert in_sight(page, NAMED)


def test_hits_are_gone_through_forth_and_back_over_the_ends(page: Page, address: str) -> None:
    opened(page, address)
    page.fill("[data-find-input]", "sentence")
    wait_until(page, "document.querySelector('[data-find-count]').textContent === '1 of 2000'")

    page.locator("[data-find-input]").press("Shift+Enter")
    wait_until(page, "document.querySelector('[data-find-count]').textContent === '2000 of 2000'")
    wait_for_sentence(page, 1999)
    page.locator("[data-find-input]").press("Enter")

    wait_until(page, "document.querySelector('[data-find-count]').textContent === '1 of 2000'")
    wait_for_sentence(page, 0)


def test_a_speaker_far_away_is_reached(page: Page, address: str) -> None:
    opened(page, address)

    page.locator(".voice", has_text="Speaker 3").click()

    wait_for_sentence(page, 1990)
    assert len(loaded(page)) <= 6


def test_the_place_and_the_speed_are_remembered(page: Page, address: str) -> None:
    opened(page, f"{address}?t=1200")
    page.locator("[data-speed]").select_option("1.5")
    wait_until(page, f"{TIME} >= 1200")
    page.locator("body").press("k")
    wait_until(page, f"{TIME} > 1201")
    page.locator("body").press("k")

    opened(page, address)

    wait_until(page, f"{TIME} > 1200.5")
    assert page.evaluate("document.querySelector('audio').playbackRate") == 1.5
    page.get_by_role("button", name="Back to current").click()
    wait_for_sentence(page, 400)


def test_doubtful_words_are_tinted_where_one_looks(page: Page, address: str) -> None:
    opened(page, address)
    count = "(CSS.highlights.get('doubt')?.size ?? 0)"
    assert page.evaluate(count) == 0

    page.get_by_label("Mark words the engine was unsure of").check()

    wait_until(page, f"{count} >= 100")
    assert page.evaluate(count) < 500
    assert page.evaluate("[...CSS.highlights.get('doubt')][0].toString()") == "0"
    page.get_by_label("Sure by less than").select_option("50")
    assert page.evaluate(count) >= 100


def test_speaker_and_time_stay_in_sight(page: Page, address: str) -> None:
    opened(page, f"{address}?t=614")
    wait_for_sentence(page, 204)

    page.evaluate(
        "document.querySelector(\"[data-start='615.00']\").scrollIntoView({ block: 'start' }); scrollBy(0, 60)"
    )
    page.wait_for_timeout(200)

    tops = page.evaluate(
        "[...document.querySelectorAll('.turn-speaker')].filter((one) => Math.abs(one.getBoundingClientRect().top -"
        " document.querySelector('[data-player]').getBoundingClientRect().bottom) < 12).map((one) => one.textContent)"
    )
    assert tops == ["Speaker 1"]


def test_the_copied_text_is_the_whole(page: Page, address: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, address)

    page.get_by_text("Export", exact=True).click()
    page.get_by_role("button", name="Copy the text").click()
    page.wait_for_selector("text=The text is copied.")

    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("Speaker 1: Sentence 0 of a meeting.") and "Sentence 1999 of a meeting." in text


def test_a_part_that_does_not_come_is_told_and_can_be_asked_for(page: Page, address: str, problems: list[str]) -> None:
    opened(page, address)
    page.route("**/segments/?stretch=*", lambda route: route.abort())
    page.locator("[data-stretch='10']").scroll_into_view_if_needed()
    page.wait_for_selector("text=This part could not be loaded.")
    page.unroute("**/segments/?stretch=*")
    problems.clear()

    page.locator("[data-stretch='10'] [data-stretch-link]").click()

    page.wait_for_selector("[data-stretch='10'] [data-segment]")
    problems.clear()


def test_without_a_script_the_stretches_are_pages(
    product: Product, chromium: Browser, first_run: StorageState, address: str
) -> None:
    context = chromium.new_context(storage_state=first_run, base_url=product.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)

    page.get_by_role("link", name="1:15:00 – 1:20:00").click()

    page.wait_for_url("**/?t=4500#stretch-15")
    assert page.get_by_text("Sentence 1500 of a budget").is_visible()
    context.close()
