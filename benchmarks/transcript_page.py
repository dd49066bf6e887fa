"""C11: the page of a ten-hour transcript, 12,000 segments and 100,000 words, as a browser gets it.

The peer is the plain way: a Django template that writes every segment, with a <span> for each word that a click seeks
to and that is marked while it is heard. Bytes are of the compressed document. The first byte of ours comes over HTTP
from the running product; the peer's time is that of its view alone, without any server around it. A jump is the time
from the press in the player to the frame in which the sentence of that time is in sight, in Chromium. Typing is the
time from a key to the end of the frame that shows its letter, in the middle of the transcript; the peer's sentence is
made editable for it. Realigning is what each correction waits for: the words of a long sentence take their times along;
the peer finds only which words are new, by Python's difflib.
"""

import gzip
import http.client
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measuring import conclude, describe, say, site, timed
from tests.services import Product, running_product, wait_until

SEGMENTS, WORDS = 12_000, 100_000
SECONDS_EACH = 3.0
REQUESTS, PEER_REQUESTS, JUMPS = 40, 3, 12
TYPED = "a correction that somebody types at a steady pace, "
CHROMIUM = "/usr/bin/chromium"

PEER_PAGE = """<!doctype html><html><head><title>Transcript</title></head><body>
<audio controls src="media"></audio>
{% for segment in segments %}<div class="segment" data-start="{{ segment.start }}" data-end="{{ segment.end }}">
<b>{{ segment.speaker }}</b> <a href="#t={{ segment.start }}">{{ segment.start }}</a>
<p>{% for text, start, end, confidence in segment.words %}
<span class="word" data-start="{{ start }}" data-end="{{ end }}"
 data-confidence="{{ confidence }}">{{ text }}</span> {% endfor %}</p></div>
{% endfor %}</body></html>"""

# Resolves to the milliseconds until the sentence of a time is in sight, two frames long at least.
OUR_JUMP = """(seconds) => new Promise((resolve) => {
  const begun = performance.now();
  const seek = document.querySelector("[data-seek]");
  seek.value = seconds;
  seek.dispatchEvent(new Event("input"));
  const done = () => resolve(performance.now() - begun);
  const look = () => {
    const row = document.querySelector(`[data-start="${seconds.toFixed(2)}"]`);
    const box = row?.getBoundingClientRect();
    if (box?.height && box.top >= 0 && box.bottom <= innerHeight) requestAnimationFrame(done);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""
PEER_JUMP = """(seconds) => new Promise((resolve) => {
  const begun = performance.now();
  const rows = [...document.querySelectorAll(".segment")];
  rows.findLast((row) => Number(row.dataset.start) <= seconds).scrollIntoView({ block: "center" });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begun)));
})"""
# Gathers, in `typed`, the milliseconds from each key to the end of the frame that shows it.
WATCH_TYPING = """() => {
  window.typed = [];
  const channel = new MessageChannel();
  let pressed = 0;
  channel.port1.onmessage = () => typed.push(performance.now() - pressed);
  addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
  addEventListener("input", () => requestAnimationFrame(() => channel.port2.postMessage(0)));
}"""
OUR_EDIT = """() => {
  const row = [...document.querySelectorAll("[data-segment]")].find((one) => one.getBoundingClientRect().top > 200);
  document.dispatchEvent(new CustomEvent("editword", { detail: { element: row, word: 2 } }));
}"""
PEER_EDIT = """() => {
  const rows = [...document.querySelectorAll(".segment p")];
  const row = rows.find((one) => one.getBoundingClientRect().top > 200);
  row.contentEditable = "true";
  row.focus();
}"""


def run() -> None:
    print("transcript_page: ten hours, 12,000 segments, 100,000 words")
    with tempfile.TemporaryDirectory() as name, site():
        transcript = seed()
        session = sign_in(transcript)
        peer = Peer(transcript)
        with our_product(Path(name)) as url:
            ours = fetch_ours(url, transcript, session)
            jumps, typing = ours_in_browser(url, transcript, session)
        queries = count_queries(transcript, session)
        theirs, peer_typing = peer.in_browser()
    say(f"ours, first byte over HTTP      {describe(ours.seconds)}; {ours.size / 1024:.0f} KiB, {queries} queries")
    say(f"peer, its view alone            {describe(peer.seconds)}; {peer.size / 1024:.0f} KiB")
    say(f"ours, jump                      {describe(jumps)}")
    say(f"peer, jump once all is laid out {describe(theirs)}")
    say(f"ours, typing                    {describe(typing)}")
    say(f"peer, typing                    {describe(peer_typing)}")
    conclude("C11/bytes", ours.size / 1024, peer.size / 1024, "KiB", ">=20")
    conclude("C11/ttfb", late(ours.seconds), late(peer.seconds), "ms", "ours<=80ms")
    conclude("C11/jump", late(jumps), late(theirs), "ms", "ours<=150ms")
    conclude("C11/typing", late(typing), late(peer_typing), "ms", "ours<=50ms")
    conclude("C11/queries", queries, peer.queries, "", "ours<=10")
    conclude("C11/realign", *realigned(), "ms", "ours<=5ms")


def late(seconds: list[float]) -> float:
    """The 95th percentile, in ms."""
    return 1000 * sorted(seconds)[round(0.95 * (len(seconds) - 1))]


def realigned() -> tuple[float, float]:
    """The least milliseconds for three changes in 300 words, many of them the same: ours, the peer's."""
    from difflib import SequenceMatcher

    from media_pipeline.text.realign import realign
    from media_pipeline.transcript import Word

    common = ["the", "of", "and", "to", "in"]
    before = [common[index % 5] if index % 3 else f"word{index}" for index in range(300)]
    words = tuple(Word(text, index * 0.3, index * 0.3 + 0.25) for index, text in enumerate(before))
    after = list(before)
    after[10], after[150], after[290] = "changed", "also changed", "here"
    text = " ".join(after)
    ours = min(timed(lambda: realign(words, text, "en", start=0.0, end=90.0)) for _ in range(REQUESTS))
    peer = min(
        timed(lambda: SequenceMatcher(None, before, text.split(), autojunk=False).get_opcodes())
        for _ in range(REQUESTS)
    )
    return 1000 * ours, 1000 * peer


# What is there --------------------------------------------------------------------------------------------------------


def seed() -> Any:
    """Write the recording as a job leaves it, its previews included. Returns the transcript."""
    from django.contrib.auth.models import User

    from jobs.models import Artifact, Job, Segment, Speaker, StepRun, Transcript
    from media_pipeline.recipes import RECIPES
    from tests.jobs.recipes import make_job, make_recording

    owner = User.objects.create_user("owner@example.org", "owner@example.org", "pass-of-owner")
    values = {"title": "Ten hours", "media_key": "recordings/ten/media", "duration": SEGMENTS * SECONDS_EACH}
    job = make_job(owner, recording=make_recording(owner, **values))
    transcript = Transcript.objects.create(recording=job.recording, job=job, language="en", engine="whisper", model="")
    speakers = [Speaker.objects.create(transcript=transcript, label=f"SPEAKER_0{number}") for number in range(4)]
    rows = list(sentences(transcript, speakers))
    Segment.objects.bulk_create(rows, batch_size=1000)
    StepRun.objects.filter(job=job).delete()
    for step in RECIPES["transcribe"].steps:
        StepRun.objects.create(job=job, name=step.name, lane=step.lane, status="done", progress=1.0)
    StepRun.objects.filter(job=job, name="transcribe").delete()
    for part in range(60):
        preview = [[row.start, row.end, row.text] for row in rows[200 * part : 200 * part + 200]]
        StepRun.objects.create(job=job, name="transcribe", part=part, lane="gpu", status="done", preview=preview)
    Artifact.objects.create(job=job, step="normalize", name="peaks.json", key="ten/peaks", size_bytes=1, sha256="")
    Job.objects.filter(pk=job.pk).update(status="completed", percent=100, stage="")
    return transcript


def sentences(transcript: Any, speakers: list[Any]) -> Iterator[Any]:
    """Eight or nine words each, drawn from a few thousand as people draw them: few of them often."""
    import random

    from jobs.models import Segment

    drawn = random.Random(11)
    known = ["".join(drawn.choices("etaoinshrdlucmfwypvbgkjqxz", k=drawn.randint(2, 9))) for _ in range(5000)]
    weights = [1 / (rank + 3) for rank in range(len(known))]
    said = drawn.choices(known, weights, k=WORDS)
    for index in range(SEGMENTS):
        words = said[index * WORDS // SEGMENTS : (index + 1) * WORDS // SEGMENTS]
        start, each = SECONDS_EACH * index, 2.8 / len(words)
        yield Segment(
            transcript=transcript,
            start=start,
            end=start + 2.8,
            text=" ".join(words),
            confidence=0.9,
            speaker=speakers[index // 7 % 4],
            words=[
                [word, start + each * at, start + each * (at + 0.9), round(drawn.uniform(0.3, 1.0), 3)]
                for at, word in enumerate(words)
            ],
        )


def sign_in(transcript: Any) -> str:
    """The session of the owner."""
    from django.test import Client

    client = Client()
    client.force_login(transcript.recording.owner)
    return str(client.cookies["sessionid"].value)


# Ours -----------------------------------------------------------------------------------------------------------------


class Fetched:
    """How long the first byte took each time, and the compressed size."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.size = 0


@contextmanager
def our_product(folder: Path) -> Iterator[str]:
    """The whole product on the data of this process. Yields its address."""
    from django.conf import settings

    shared = {"DATA_DIR": str(settings.DATA_DIR), "SECRET_KEY": settings.SECRET_KEY, "DEFAULT_ENGINE": "pocketsphinx"}
    with running_product(folder, **shared) as product:
        wait_until(lambda: is_at_rest(product), "the rest after the start: workers load their models first")
        yield product.url


def is_at_rest(product: Product) -> bool:
    """Whether the product's processes took next to no time for a second."""
    before = ticks(product)
    time.sleep(1)
    return ticks(product) - before < 10


def ticks(product: Product) -> int:
    """Hundredths of seconds of processor time of all its processes so far."""
    total = 0
    for pid in product.pids():
        with suppress(OSError):  # it ended meanwhile
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total


def fetch_ours(url: str, transcript: Any, session: str) -> Fetched:
    """Ask for the page, at its start and at places all over it, one request after the other."""
    found = Fetched()
    for number in range(-3, REQUESTS):
        at = "" if number % 2 else f"?t={number * 877 % 36_000}"
        started = time.perf_counter()
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        headers = {"Cookie": f"sessionid={session}", "Accept-Encoding": "gzip"}
        connection.request("GET", f"/recordings/{transcript.recording_id}/{at}", headers=headers)
        response = connection.getresponse()
        first = response.read(1)
        seconds = time.perf_counter() - started
        body = first + response.read()
        assert response.status == 200 and response.headers["Content-Encoding"] == "gzip", response.status
        if number >= 0:  # those before are to warm up
            found.seconds.append(seconds)
            found.size = max(found.size, len(body))
        connection.close()
    return found


def count_queries(transcript: Any, session: str) -> int:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    client = Client()
    client.cookies["sessionid"] = session
    address = reverse("recording", args=[transcript.recording_id])
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def ours_in_browser(url: str, transcript: Any, session: str) -> tuple[list[float], list[float]]:
    """Seconds of jumps to places that are not on the page yet, and of keys typed there."""
    with browser() as chromium:
        context = chromium.new_context(base_url=url, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
        page = context.new_page()
        page.goto(f"/recordings/{transcript.recording_id}/", wait_until="networkidle")
        return jump_about(page, OUR_JUMP), type_away(page, OUR_EDIT)


def type_away(page: Any, edit: str) -> list[float]:
    """Seconds of each key, typed while what was typed before is saved."""
    page.evaluate(WATCH_TYPING)
    page.evaluate(edit)
    for letter in TYPED:
        page.keyboard.type(letter)
        page.wait_for_timeout(60)
    page.wait_for_timeout(200)
    return [float(each) / 1000 for each in page.evaluate("typed")]


def jump_about(page: Any, jump: str) -> list[float]:
    seconds = []
    for number in range(JUMPS):
        place = SECONDS_EACH * ((number * 5003 + 3001) % SEGMENTS)
        seconds.append(float(page.evaluate(jump, place)) / 1000)
        page.wait_for_timeout(400)
    return seconds


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


# The peer -------------------------------------------------------------------------------------------------------------


class Peer:
    """A page with a span for each word, made three times."""

    def __init__(self, transcript: Any) -> None:
        from django.db import connection
        from django.template import engines
        from django.test.utils import CaptureQueriesContext

        template = engines["django"].from_string(PEER_PAGE)
        self.seconds: list[float] = []
        for _ in range(PEER_REQUESTS):
            with CaptureQueriesContext(connection) as captured:
                started = time.perf_counter()
                segments = transcript.segments.select_related("speaker")
                self.html = template.render({"segments": segments})
                body = gzip.compress(self.html.encode(), compresslevel=6)
                self.seconds.append(time.perf_counter() - started)
            self.queries = len(captured)
            self.size = len(body)

    def in_browser(self) -> tuple[list[float], list[float]]:
        with browser() as chromium:
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.set_content(self.html, wait_until="load", timeout=120_000)
            return jump_about(page, PEER_JUMP), type_away(page, PEER_EDIT)
