"""OpenAI Whisper with the weights and the tokenizer of `openai-whisper`, on CPU or CUDA, many windows at once.

No window sees another's text unless asked to, so a loop in one cannot spread, and windows are decoded side by side.
As in the package, a window whose text looks wrong is decoded again at a higher temperature: that window alone.
"""

from __future__ import annotations

import importlib.util
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from media_pipeline import devices
from media_pipeline.engines.base import NO_HINTS, EngineInfo, Hints, WindowTranscript
from media_pipeline.engines.stt.whisper_text import (
    TEMPERATURES,
    Trust,
    bcp47,
    compression_ratio,
    prompt_of,
    segment_of,
    whisper_code,
    within_speech,
    words_to_expect,
)
from media_pipeline.engines.torch_memory import Room
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import Audio, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

if TYPE_CHECKING:
    from torch import Tensor

    from media_pipeline.engines.stt.whisper_decoder import Decoded, DecoderBatch, Request
    from media_pipeline.engines.stt.whisper_network import Network

MODELS = (
    *("tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en"),
    *("turbo", "large-v3-turbo", "large", "large-v1", "large-v2", "large-v3"),
)
_LANGUAGE_WINDOWS = 5
# Side by side at most. On a CPU more does not pay: the weights are read once for all, the audio for each.
_MOST_AT_ONCE = {"cpu": 8, "cuda": 32}
_ENCODED_AT_ONCE = {"cpu": 1, "cuda": 16}
_MOST_MEMORY = 2 * 1024**3  # bytes for all slots on a CPU; on CUDA, half of what is free


def weights_file(model: str, models_dir: Path) -> Path:
    """Where the weights of `model` are expected: an official name's file in the models folder, or the path itself."""
    if model in MODELS:
        return models_dir / "whisper" / f"{model}.pt"
    return Path(model).expanduser()


@dataclass(slots=True, eq=False)
class _Hearing:
    """A window on its way to text.

    Attributes:
        code: Whisper's, of the language; None until it is known.
        features: The encoder's output, once there.
        best: The best text so far, and how far to trust it; None again when it was given out.
        tries: How often it has been decoded.
        said: Its tokens, once it was given out; None where they should not be told to the next window.
    """

    window: Window
    code: str | None = None
    features: Tensor | None = None
    best: tuple[Trust, Decoded] | None = None
    tries: int = 0
    said: tuple[int, ...] | None = None

    def found(self) -> tuple[Trust, Decoded]:
        """The best text, once there is one."""
        assert self.best is not None, "decoded first"
        return self.best

    @property
    def seconds_of_speech(self) -> Seconds:
        return sum(region.end - region.start for region in self.window.regions)


@dataclass(slots=True, eq=False)
class _Work:
    """One call of `transcribe`: what is asked for, windows that wait, and those in slots by their requests' keys."""

    audio: Audio
    run: Run
    before: Sequence[int]  # tokens of the vocabulary, and of the context where it is carried
    attempt: int
    waiting: deque[_Hearing] = field(default_factory=deque)
    decoding: dict[int, _Hearing] = field(default_factory=dict)


class OpenAIWhisper:
    """Speech to text in about a hundred languages."""

    info: ClassVar[EngineInfo] = EngineInfo(
        name="whisper",
        title="Whisper",
        models=MODELS,
        default_model="base",
        takes_paths=True,
        note=say(
            "Many languages, with punctuation. Large models want a GPU; on a CPU they are slower than the recording."
        ),
        uses_context=True,
    )

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        """None when it can be used here; else one sentence that says what to do."""
        if importlib.util.find_spec("whisper") is None:
            return say("Whisper is not installed: run `pip install -r requirements.txt`.")
        if weights_file(model, machine.models_dir).is_file():
            return None
        if model in MODELS:
            return say(
                "The weights of Whisper model “{model}” are not here: run “manage.py download_models {model}” once.",
                model=model,
            )
        return say(
            "There is no Whisper model or checkpoint {model}; choose one of {choices}.",
            model=repr(model),
            choices=", ".join(MODELS),
        )

    def __init__(self, model: str, machine: Machine) -> None:
        problem = self.missing(model, machine)
        if problem:
            raise EngineUnavailable("engine_unavailable", problem)
        if machine.threads:
            _limit_threads(machine.threads)
        self._weights = weights_file(model, machine.models_dir)
        self._slots: DecoderBatch | None = None
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="word-times")
        device = devices.choose(machine.device)
        self._load(device)
        self._room = Room(_batch_size(device, self._network.decoder.bytes_per_slot), device, lambda: self._load("cpu"))

    def _load(self, device: str) -> None:
        from media_pipeline.engines.stt.whisper_network import Network

        self._slots = None
        self._network: Network = Network(self._weights, device)

    @property
    def device(self) -> str:
        return self._network.device

    @property
    def batch(self) -> int:
        """How many windows are decoded side by side."""
        return self._room.batch

    def detect_language(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        """The language most probable over all `windows` together, BCP 47."""
        return bcp47(self._common_language(audio, [_Hearing(window) for window in windows], run))

    def transcribe(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints = NO_HINTS
    ) -> Iterator[WindowTranscript]:
        """Yield each window's words as soon as they are known.

        Raises:
            EngineUnavailable: `language_unknown`, when the model does not know the language.
            EngineCrashed: `out_of_memory`.
        """
        hearings = [_Hearing(window, self._given_language(options, hints)) for window in windows]
        if hearings and hearings[0].code is None and not options.mixed_languages:
            most = sorted(hearings, key=lambda hearing: hearing.seconds_of_speech, reverse=True)
            code = self._common_language(audio, most[:_LANGUAGE_WINDOWS], run)
            for hearing in hearings:
                hearing.code = code
        vocabulary = self._network.tokens(options.vocabulary)
        expected = words_to_expect(vocabulary, run, has_context=options.carry_context)
        work = _Work(audio, run, expected, hints.attempt)
        try:
            if options.carry_context:
                yield from self._in_turn(work, hearings, hints.context)
            else:
                work.waiting.extend(_in_good_order(hearings, 2 * self._room.batch))
                yield from self._side_by_side(work)
        finally:
            if self._slots is not None and self._slots.requests:
                self._slots = None  # stopped in the middle

    # Languages --------------------------------------------------------------------------------------------------------

    def _given_language(self, options: TranscribeOptions, hints: Hints) -> str | None:
        """Whisper's code of the language where it is known beforehand."""
        known = self._network.languages
        if options.language:
            return whisper_code(options.language, options.model, known)
        if len(known) == 1:
            return known[0]
        if hints.language and not options.mixed_languages:
            return whisper_code(hints.language, options.model, known)
        return None

    def _common_language(self, audio: Audio, hearings: Sequence[_Hearing], run: Run) -> str:
        """Whisper's code of the language most probable over all, each weighted by its length."""
        totals = dict.fromkeys(self._network.languages, 0.0)
        for hearing in hearings if len(totals) > 1 else ():
            run.check()
            heard = self._room.fit(partial(self._languages, audio, hearing), run)
            for code, probability in heard.items():
                totals[code] += probability * (hearing.window.end - hearing.window.start)
        return max(totals, key=totals.__getitem__)

    def _languages(self, audio: Audio, hearing: _Hearing, batch: int = 1) -> dict[str, float]:
        self._encode(audio, [hearing])
        assert hearing.features is not None
        return dict(self._network.language(hearing.features))

    # Decoding ---------------------------------------------------------------------------------------------------------

    def _in_turn(self, work: _Work, hearings: Iterable[_Hearing], context: str) -> Iterator[WindowTranscript]:
        """One window after the other, each told what was said before."""
        expected, said = work.before, self._network.tokens(context)
        for hearing in hearings:
            work.before = prompt_of(expected, said)
            work.waiting.append(hearing)
            yield from self._side_by_side(work)
            said = () if hearing.said is None else (*said, *hearing.said)

    def _side_by_side(self, work: _Work) -> Iterator[WindowTranscript]:
        """All that waits, as many at once as there is room for; the times of words are found beside it on CUDA."""
        results: deque[Future[WindowTranscript]] = deque()
        while work.waiting or work.decoding:
            for decoded in self._room.fit(partial(self._advance, work), work.run):
                hearing = work.decoding.pop(decoded.request.key)
                if self._should_try_again(hearing, decoded, work.attempt):
                    work.waiting.appendleft(hearing)
                else:
                    results.append(self._submit(self._result, hearing))
            while results and results[0].done():
                yield results.popleft().result()
        yield from (result.result() for result in results)

    def _submit(self, work: Callable[[_Hearing], WindowTranscript], hearing: _Hearing) -> Future[WindowTranscript]:
        if self.device == "cuda":
            return self._threads.submit(work, hearing)
        result: Future[WindowTranscript] = Future()
        result.set_result(work(hearing))
        return result

    def _advance(self, work: _Work, batch: int) -> list[Decoded]:
        """Decode until a window has ended, `batch` of them side by side. Should memory run full, nothing is lost."""
        from media_pipeline.engines.stt.whisper_decoder import DecoderBatch

        try:
            if self._slots is None or self._slots.capacity != batch:
                self._slots = None
                self._slots = DecoderBatch(self._network.decoder, batch)
            ended: list[Decoded] = []
            while not ended:
                self._fill(work, self._slots)
                self._slots.advance()
                work.run.check()
                ended = list(self._slots.finished())
            return ended
        except BaseException:
            work.waiting.extendleft(reversed(work.decoding.values()))
            work.decoding.clear()
            self._slots = None
            raise

    def _fill(self, work: _Work, slots: DecoderBatch) -> None:
        """Give waiting windows to free slots."""
        count = min(slots.free, len(work.waiting))
        while any(self._is_bare(hearing) for hearing in islice(work.waiting, count)):
            bare = (hearing for hearing in work.waiting if self._is_bare(hearing))
            self._encode(work.audio, list(islice(bare, min(slots.capacity, _ENCODED_AT_ONCE[self.device]))))
        chosen = [work.waiting.popleft() for _ in range(count)]
        work.decoding.update((id(hearing), hearing) for hearing in chosen)
        if chosen:
            slots.admit([self._request(hearing, work) for hearing in chosen])

    def _is_bare(self, hearing: _Hearing) -> bool:
        """Whether its features are not there, or on a device that was left."""
        return hearing.features is None or hearing.features.device.type != self.device

    def _encode(self, audio: Audio, hearings: Sequence[_Hearing]) -> None:
        """Find the features of windows; and the language of each of which it is not known."""
        samples = [audio.read(hearing.window.start, hearing.window.end) for hearing in hearings]
        for hearing, features in zip(hearings, self._network.encode(samples), strict=True):
            hearing.features = features
            if hearing.code is None:
                probabilities = self._network.language(features)
                hearing.code = max(probabilities, key=probabilities.__getitem__)

    def _request(self, hearing: _Hearing, work: _Work) -> Request:
        from media_pipeline.engines.stt.whisper_decoder import Request

        assert hearing.features is not None, "encoded first"
        assert hearing.code is not None, "found with the features at the latest"
        # With timestamps a model hears differently: another chance where the first try has found no words.
        with_timestamps = work.attempt > 0
        prompt = self._network.prompt(hearing.code, work.before, with_timestamps=with_timestamps)
        temperature = TEMPERATURES[hearing.tries]
        return Request(id(hearing), hearing.features, prompt, temperature, with_timestamps)

    def _should_try_again(self, hearing: _Hearing, decoded: Decoded, attempt: int) -> bool:
        trust = Trust(
            compression_ratio(self._network.text(decoded.tokens)),
            decoded.log_probability,
            decoded.no_speech_probability,
        )
        if trust.beats(hearing.best[0] if hearing.best else None, attempt):
            hearing.best = trust, decoded
        hearing.tries += 1
        return not trust.passes(attempt) and hearing.tries < len(TEMPERATURES)

    def _result(self, hearing: _Hearing) -> WindowTranscript:
        trust, decoded = hearing.found()
        window, code = hearing.window, hearing.code or ""
        pieces = self._network.pieces(decoded, window.end - window.start)
        text = self._network.text(decoded.tokens)
        segment = segment_of(within_speech(pieces, window), window, code, trust.marks if text else (), text)
        if trust.may_lead(decoded.request.temperature):
            hearing.said = self._network.text_tokens(decoded.tokens)
        hearing.features = hearing.best = None  # they are large, and other windows still wait
        return WindowTranscript(window, bcp47(code), () if segment is None else (segment,))


def _in_good_order(hearings: Sequence[_Hearing], count: int) -> Iterator[_Hearing]:
    """`count` after `count` in time order, among them those with most speech first: then they end at about one time."""
    for first in range(0, len(hearings), count):
        yield from sorted(hearings[first : first + count], key=lambda hearing: hearing.seconds_of_speech, reverse=True)


def _batch_size(device: str, bytes_each: int) -> int:
    import torch

    room = torch.cuda.mem_get_info()[0] // 2 if device == "cuda" else _MOST_MEMORY
    return max(1, min(_MOST_AT_ONCE[device], room // bytes_each))


def _limit_threads(count: int) -> None:
    """Of torch, and of numba, which openai-whisper uses."""
    import numba
    import torch

    # Starts numba's threads, which sets OpenMP's number, torch's too, to all cores; so torch comes second.
    numba.set_num_threads(min(count, numba.get_num_threads()))
    torch.set_num_threads(count)
