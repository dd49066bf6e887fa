"""Whisper's text decoder for many windows at once, every window in a slot of its own.

What makes it fast, beside the batch: keys and values of the audio are computed once for a window and lie as the
attention reads them; the cache of the text has a fixed size, so nothing is allocated or joined in a step; a slot whose
window has ended takes the next one while the others go on. On CUDA one step is a captured graph. On a CPU the weights
are packed by oneDNN, which is several times quicker for few rows than torch's usual product.

The attention that Whisper's word times come from is kept while decoding: they cost no second pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor
    from whisper import Whisper
    from whisper.tokenizer import Tokenizer

MAX_NEW_TOKENS = 224
_FIRST_TIMESTAMP_AT_MOST = 50  # of 0.02 s
_CACHE_STEPS = 64  # a step attends to so many positions, or twice as many, and so on: a graph for each
_STEPS_UNSEEN_ON_CUDA = 8  # looking whether windows have ended waits for the device


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A window to decode.

    Attributes:
        key: The caller's.
        features: The encoder's output, shape (num_frames, width).
        prompt: Tokens to begin with: <|startoftranscript|> among them, and what stands before it.
        temperature: 0 takes the likeliest token, more draws among them.
        with_timestamps: Whether the prompt leaves out <|notimestamps|>; timestamps are then kept in order.
    """

    key: int
    features: Tensor
    prompt: tuple[int, ...]
    temperature: float = 0.0
    with_timestamps: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What a window's text is.

    Attributes:
        tokens: Without prompt and end.
        probabilities: Of each token, shape (num_tokens,).
        log_probability: Mean over the tokens and the end.
        attention: Scores of the alignment heads before softmax, shape (num_rows, num_heads, num_frames). Rows are
            <|startoftranscript|> and all that follows, the end included.
    """

    request: Request
    tokens: tuple[int, ...]
    probabilities: Tensor
    log_probability: float
    no_speech_probability: float
    attention: Tensor


class TextDecoder:
    """The decoder's weights as decoding wants them: cast once, and packed where that helps.

    Args:
        model: Its decoder may be dropped afterwards.
        dtype: float16 on CUDA, float32 on a CPU.
    """

    def __init__(self, model: Whisper, tokenizer: Tokenizer, device: str, dtype: torch.dtype) -> None:
        decoder, dims = model.decoder, model.dims
        self.device, self.dtype = device, dtype
        self.heads, self.width, self.frames = dims.n_text_head, dims.n_text_state, dims.n_audio_ctx
        self.context = dims.n_text_ctx
        self.embedding = decoder.token_embedding.weight.detach().to(device, dtype)
        self.positions = decoder.positional_embedding.detach().to(device, dtype)
        self.norm = _norm(decoder.ln, device)
        self.to_logits = dense(self.embedding, None)
        self.layers = [_Layer(block, dims.n_text_head, device, dtype) for block in decoder.blocks]
        self.tokens = _Tokens(tokenizer, dims.n_vocab, device)
        indices = model.alignment_heads.indices().T.tolist()
        grouped = groupby(indices, key=lambda pair: pair[0])
        self.alignment_heads = {layer: [head for _, head in pairs] for layer, pairs in grouped}

    @property
    def bytes_per_slot(self) -> int:
        """Memory a window takes while it is decoded."""
        size = int(torch.finfo(self.dtype).bits) // 8
        per_layer = 2 * self.width * (self.frames + self.context)
        attention = self.context * self.frames * sum(map(len, self.alignment_heads.values()))
        return int(size * (len(self.layers) * per_layer + attention))

    def language_logits(self, features: Tensor) -> Tensor:
        """Logits of all tokens after <|startoftranscript|> alone, shape (num_windows, vocabulary).

        Args:
            features: Shape (num_windows, num_frames, width).
        """
        tokens = torch.full((len(features), 1), self.tokens.start, device=self.device)
        hidden = self._embedded(tokens, 0)
        for layer in self.layers:
            hidden = layer(hidden, _attend_causally, *layer.audio(features), lambda scores: None)
        return self.logits(hidden[:, -1])

    def prefill(self, features: Tensor, prompts: Tensor, keep: _Keep) -> Tensor:
        """Read prompts of one length. Returns the last hidden states, shape (num_windows, num_tokens, width).

        Args:
            keep: Told each layer's number, the text's keys and values, the audio's, and the alignment heads' scores.
        """
        hidden = self._embedded(prompts, 0)
        for number, layer in enumerate(self.layers):
            found: list[Tensor] = []

            def attend(query: Tensor, key: Tensor, value: Tensor, found: list[Tensor] = found) -> Tensor:
                found += [key, value]
                return _attend_causally(query, key, value)

            audio = layer.audio(features)
            hidden = layer(hidden, attend, *audio, found.append)
            keep(number, found[0], found[1], *audio, found[2])
        return hidden

    def step(
        self, tokens: Tensor, at: Tensor, attend: Callable[[int], _Attend], audio: _Audio, keep: _KeepScores
    ) -> Tensor:
        """Read one token of every window. Returns logits, shape (num_windows, vocabulary), float32."""
        hidden = (self.embedding[tokens] + self.positions[at])[:, None]
        for number, layer in enumerate(self.layers):
            hidden = layer(hidden, attend(number), *audio(number), partial(keep, number))
        return self.logits(hidden[:, -1])

    def logits(self, hidden: Tensor) -> Tensor:
        return self.to_logits(self.norm(hidden)).float()

    def _embedded(self, tokens: Tensor, offset: int) -> Tensor:
        embedded: Tensor = self.embedding[tokens] + self.positions[offset : offset + tokens.shape[1]]
        return embedded


_Attend = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]
_Audio = Callable[[int], tuple["Tensor", "Tensor"]]
_Keep = Callable[[int, "Tensor", "Tensor", "Tensor", "Tensor", "Tensor"], None]
_KeepScores = Callable[[int, "Tensor"], None]
_Kind = tuple[int, int, bool, bool]  # of a step: slots, reach, sampled, timed


def _attend_causally(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Queries are scaled already. All of shape (num_windows, num_heads, num_tokens, head_width)."""
    count = query.shape[-2]
    mask = torch.full((count, count), -torch.inf, device=query.device).triu_(1)
    return _weigh(query @ key.transpose(-1, -2), value, mask)


def _weigh(scores: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    scores = scores.float()
    weights = torch.softmax(scores if mask is None else scores + mask, dim=-1)
    return weights.to(value.dtype) @ value


class _Layer:
    """One block. Queries' weights carry the scale of the attention, a power of two for heads 64 wide: no rounding."""

    def __init__(self, block: Any, heads: int, device: str, dtype: torch.dtype) -> None:
        self._heads = heads

        def made(linear: Any, scale: float = 1.0) -> tuple[Tensor, Tensor | None]:
            bias = None if linear.bias is None else (linear.bias.detach() * scale).to(device, dtype)
            return (linear.weight.detach() * scale).to(device, dtype), bias

        own, cross = block.attn, block.cross_attn
        scale = float(own.query.weight.shape[0] // heads) ** -0.5
        parts = [made(own.query, scale), made(own.key), made(own.value)]
        zeros = torch.zeros(own.key.weight.shape[0], device=device, dtype=dtype)
        biases = [zeros if bias is None else bias for _, bias in parts]
        self._own_norm, self._cross_norm = _norm(block.attn_ln, device), _norm(block.cross_attn_ln, device)
        self._mlp_norm = _norm(block.mlp_ln, device)
        self._own = dense(torch.cat([weight for weight, _ in parts]), torch.cat(biases))
        self._own_out = dense(*made(own.out))
        self._cross_query, self._cross_out = dense(*made(cross.query, scale)), dense(*made(cross.out))
        self._cross_key, self._cross_value = dense(*made(cross.key)), dense(*made(cross.value))
        self._mlp_in, self._mlp_out = dense(*made(block.mlp[0])), dense(*made(block.mlp[2]))

    def audio(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Keys, shape (num_windows, num_heads, head_width, num_frames), and values, their last axes swapped."""
        keys = self._by_head(self._cross_key(features)).transpose(-1, -2).contiguous()
        return keys, self._by_head(self._cross_value(features)).contiguous()

    def __call__(
        self, hidden: Tensor, attend: _Attend, keys: Tensor, values: Tensor, keep: Callable[[Tensor], None]
    ) -> Tensor:
        query, key, value = self._own(self._own_norm(hidden)).chunk(3, dim=-1)
        own = attend(self._by_head(query), self._by_head(key), self._by_head(value))
        hidden = hidden + self._own_out(_joined(own))
        scores = self._by_head(self._cross_query(self._cross_norm(hidden))) @ keys
        keep(scores)
        hidden = hidden + self._cross_out(_joined(_weigh(scores, values)))
        return hidden + self._mlp_out(F.gelu(self._mlp_in(self._mlp_norm(hidden))))

    def _by_head(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self._heads, -1).transpose(1, 2)


def _joined(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def _norm(norm: Any, device: str) -> Callable[[Tensor], Tensor]:
    """Layer normalization, always in float32."""
    weight, bias = norm.weight.detach().float().to(device), norm.bias.detach().float().to(device)
    return lambda x: F.layer_norm(x.float(), weight.shape, weight, bias).to(x.dtype)


def dense(weight: Tensor, bias: Tensor | None) -> Callable[[Tensor], Tensor]:
    """x ↦ x Wᵀ + b, packed by oneDNN on a CPU."""
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return lambda x: F.linear(x, weight, bias)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
    return lambda x: torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")


class _Tokens:
    """Which tokens may follow, as openai-whisper's own rules have it."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: int, device: str) -> None:
        self.start, self.end = tokenizer.sot, tokenizer.eot
        self.first_timestamp, self.no_speech = tokenizer.timestamp_begin, tokenizer.no_speech
        never = {
            *tokenizer.non_speech_tokens,
            *(tokenizer.transcribe, tokenizer.translate, tokenizer.sot, tokenizer.sot_prev, tokenizer.sot_lm),
            tokenizer.no_speech,
        }
        self.never = _forbidden(never, vocabulary, device)
        self.not_first = _forbidden([*tokenizer.encode(" "), tokenizer.eot], vocabulary, device)
        self.not_with_timestamps = _forbidden([tokenizer.no_timestamps], vocabulary, device)
        self.ids = torch.arange(vocabulary, device=device)
        self.is_timestamp = self.ids >= self.first_timestamp
        self.is_text = self.ids < self.end

    def timed(self, logits: Tensor, last: Tensor, before: Tensor, latest: Tensor, is_first: Tensor) -> Tensor:
        """`logits`, shape (num_windows, vocabulary), with what would break the order of timestamps forbidden.

        Timestamps come in pairs, never go back, begin the text within its first second, and are taken when all
        together are likelier than any single token.

        Args:
            last, before: The two tokens before; a timestamp where there is none before.
            latest: The latest timestamp so far, 0 for none. All of shape (num_windows,).
        """
        last_is_time, pair_is_open = last >= self.first_timestamp, before < self.first_timestamp
        last_is_time = last_is_time & ~is_first
        must_be_text = (last_is_time & ~pair_is_open)[:, None] & self.is_timestamp
        must_be_time = (last_is_time & pair_is_open)[:, None] & self.is_text
        earliest = latest + (~(last_is_time & pair_is_open) & (latest > 0)).long()
        goes_back = self.is_timestamp & (self.ids < earliest[:, None])
        bad_start = ~self.is_timestamp | (self.ids > self.first_timestamp + _FIRST_TIMESTAMP_AT_MOST)
        forbidden = must_be_text | must_be_time | goes_back | (is_first[:, None] & bad_start)
        logits = (logits + self.not_with_timestamps).masked_fill(forbidden, -torch.inf)
        probabilities = logits.log_softmax(-1)
        times = probabilities.masked_fill(~self.is_timestamp, -torch.inf).logsumexp(-1)
        likeliest = probabilities.masked_fill(self.is_timestamp, -torch.inf).amax(-1)
        return logits.masked_fill((times > likeliest)[:, None] & ~self.is_timestamp, -torch.inf)


def _forbidden(tokens: Iterable[int | None], vocabulary: int, device: str) -> Tensor:
    """What to add to logits, shape (vocabulary,): minus infinity for each of `tokens`."""
    mask = torch.zeros(vocabulary, device=device)
    mask[[token for token in tokens if token is not None]] = -torch.inf
    return mask


class DecoderBatch:
    """Slots in which windows are decoded side by side.

    Args:
        capacity: Number of slots.

    Use: `admit` requests while there are `free` slots, `advance`, and take what has `finished`, until it is empty.
    """

    def __init__(self, decoder: TextDecoder, capacity: int) -> None:
        self._decoder, self.capacity = decoder, capacity
        self._requests: list[Request | None] = [None] * capacity
        self._reached = [0] * capacity  # at least the row's position, known without asking the device
        layers, heads, width = len(decoder.layers), decoder.heads, decoder.width // decoder.heads
        self._per_layer: list[Tensor] = []
        self._per_slot: list[Tensor] = []

        def room(*shape: int, dtype: torch.dtype = decoder.dtype) -> Tensor:
            return torch.empty(shape, device=decoder.device, dtype=dtype)

        def state(*shape: int, dtype: torch.dtype = torch.long) -> Tensor:
            tensor = torch.zeros((capacity, *shape), device=decoder.device, dtype=dtype)
            self._per_slot.append(tensor)
            return tensor

        self._audio_keys = room(layers, capacity, heads, width, decoder.frames)
        self._audio_values = room(layers, capacity, heads, decoder.frames, width)
        self._keys = room(layers, capacity, heads, decoder.context, width)
        self._values = room(layers, capacity, heads, decoder.context, width)
        self._per_layer += [self._audio_keys, self._audio_values, self._keys, self._values]
        # A step reads as many positions of all rows: what was never written must not be NaN, which no mask hides.
        self._keys.zero_()
        self._values.zero_()
        self._columns = _columns(decoder.alignment_heads, decoder.device)
        count = sum(map(len, decoder.alignment_heads.values()))
        self._attention = room(capacity, decoder.context, count, decoder.frames)
        self._per_slot.append(self._attention)
        self._text, self._probability = state(decoder.context + 1), state(decoder.context + 1, dtype=torch.float)
        self._at, self._begin, self._limit = state(), state(), state()
        self._latest = state()
        self._sum, self._silence = state(dtype=torch.float), state(dtype=torch.float)
        self._temperature = state(dtype=torch.float)
        self._is_timed, self._is_done = state(dtype=torch.bool), state(dtype=torch.bool)
        self._is_done.fill_(True)
        self._rows = torch.arange(capacity, device=decoder.device)
        self._noise = torch.zeros(1, device=decoder.device)
        self._generator = torch.Generator(decoder.device).manual_seed(0)
        self._graphs = _Graphs() if decoder.device != "cpu" else None

    @property
    def requests(self) -> list[Request]:
        """What is being decoded."""
        return [request for request in self._requests if request is not None]

    @property
    def free(self) -> int:
        return self._requests.count(None)

    @torch.inference_mode()
    def admit(self, requests: Sequence[Request]) -> None:
        """Begin with `requests`, at most as many as there are `free` slots."""
        for _, group in groupby(sorted(requests, key=_prompt_length), key=_prompt_length):
            self._prefill(list(group))

    @torch.inference_mode()
    def advance(self) -> None:
        """Decode one more token of every window; on CUDA eight."""
        self._close_gaps()
        active = len(self.requests)
        if not active:
            return
        sampled = any(request.temperature > 0 for request in self.requests)
        timed = any(request.with_timestamps for request in self.requests)
        for _ in range(1 if self._decoder.device == "cpu" else _STEPS_UNSEEN_ON_CUDA):
            if sampled:
                self._draw()
            reach = min(self._decoder.context, max(self._reached[:active]) + 1)
            self._step((*self._extent(active, reach), sampled, timed))
            self._reached = [position + 1 for position in self._reached]

    def _step(self, kind: _Kind) -> None:
        if self._graphs is None:
            self._one_step(*kind)
        else:
            self._graphs.run(kind, self._one_step)

    def _extent(self, active: int, reach: int) -> tuple[int, int]:
        """Number of slots and of positions a step works on: on CUDA rounded up, to have few graphs."""
        if self._decoder.device == "cpu":
            return active, reach
        slots = min(self.capacity, 1 << (active - 1).bit_length())
        return slots, min(self._decoder.context, -(-reach // _CACHE_STEPS) * _CACHE_STEPS)

    @torch.inference_mode()
    def finished(self) -> Iterator[Decoded]:
        """Take out the windows that have ended."""
        done = self._is_done.tolist()
        for slot, request in enumerate(self._requests):
            if request is not None and done[slot]:
                self._requests[slot] = None
                yield self._decoded(slot, request)

    def _decoded(self, slot: int, request: Request) -> Decoded:
        first, end = int(self._begin[slot]), int(self._at[slot])
        start = request.prompt.index(self._decoder.tokens.start)
        return Decoded(
            request=request,
            tokens=tuple(self._text[slot, first:end].tolist()),
            probabilities=self._probability[slot, first:end].clone(),
            log_probability=float(self._sum[slot]) / (end - first + 1),
            no_speech_probability=float(self._silence[slot]),
            attention=self._attention[slot, start : end + 1].clone(),
        )

    # Beginning --------------------------------------------------------------------------------------------------------

    def _prefill(self, requests: Sequence[Request]) -> None:
        decoder = self._decoder
        free = [slot for slot, request in enumerate(self._requests) if request is None][: len(requests)]
        slots = torch.tensor(free, device=decoder.device)
        prompts = torch.tensor([request.prompt for request in requests], device=decoder.device)
        length = prompts.shape[1]

        def keep(layer: int, *found: Tensor) -> None:
            key, value, audio_key, audio_value, scores = found
            self._keys[layer, slots, :, :length] = key
            self._values[layer, slots, :, :length] = value
            self._audio_keys[layer, slots], self._audio_values[layer, slots] = audio_key, audio_value
            if layer in self._columns:
                where, heads = self._columns[layer]
                self._attention[slots, :length, where] = scores[:, heads].transpose(1, 2)

        hidden = decoder.prefill(torch.stack([request.features for request in requests]), prompts, keep)
        starts = torch.tensor([request.prompt.index(decoder.tokens.start) for request in requests])
        at_start = decoder.logits(hidden[torch.arange(len(requests)), starts])
        if decoder.tokens.no_speech is not None:
            self._silence[slots] = at_start.softmax(-1)[:, decoder.tokens.no_speech]
        self._text[slots, :length] = prompts
        self._at[slots], self._begin[slots] = length - 1, length
        self._limit[slots] = min(length + MAX_NEW_TOKENS, decoder.context - 1)
        self._latest[slots], self._sum[slots], self._is_done[slots] = 0, 0.0, False
        self._temperature[slots] = torch.tensor([r.temperature for r in requests], device=decoder.device)
        self._is_timed[slots] = torch.tensor([r.with_timestamps for r in requests], device=decoder.device)
        for slot, request in zip(free, requests, strict=True):
            self._requests[slot], self._reached[slot] = request, length
        if any(request.temperature > 0 for request in requests):
            self._draw()
        logits = decoder.logits(hidden[:, -1]) + decoder.tokens.not_first
        sampled, timed = (any(map(bool, column)) for column in zip(*map(_kind, requests), strict=True))
        self._choose(slots, logits, sampled, timed)

    # Going on ---------------------------------------------------------------------------------------------------------

    def _one_step(self, slots: int, reach: int, sampled: bool, timed: bool) -> None:
        rows, at = self._rows[:slots], self._at[:slots]
        mask = torch.zeros(slots, 1, 1, reach, device=at.device)
        mask.masked_fill_((self._rows_of(reach) > at[:, None])[:, None, None], -torch.inf)

        def attend(layer: int) -> _Attend:
            def with_cache(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
                self._keys[layer, rows, :, at] = key[:, :, 0]
                self._values[layer, rows, :, at] = value[:, :, 0]
                keys, values = self._keys[layer, :slots, :, :reach], self._values[layer, :slots, :, :reach]
                return _weigh(query @ keys.transpose(-1, -2), values, mask)

            return with_cache

        def audio(layer: int) -> tuple[Tensor, Tensor]:
            return self._audio_keys[layer, :slots], self._audio_values[layer, :slots]

        def keep(layer: int, scores: Tensor) -> None:
            if layer in self._columns:
                where, heads = self._columns[layer]
                self._attention[rows, at, where] = scores[:, heads, 0]

        logits = self._decoder.step(self._text[rows, at], at, attend, audio, keep)
        self._choose(rows, logits, sampled, timed)

    def _choose(self, rows: Tensor, logits: Tensor, sampled: bool, timed: bool) -> None:
        """Append the next token of each of `rows`, unless the last one was the end: then the row is done."""
        tokens = self._decoder.tokens
        at = self._at[rows]
        last = self._text[rows, at]
        logits = logits + tokens.never
        if timed:
            logits = torch.where(self._is_timed[rows][:, None], self._timed(rows, logits, at, last), logits)
        log_probabilities = logits.log_softmax(-1)
        choice = self._drawn(rows, logits) if sampled else logits.argmax(-1)
        is_forced = at + 1 >= self._limit[rows]
        choice = torch.where(is_forced, tokens.end, choice)
        gain = log_probabilities.gather(-1, choice[:, None])[:, 0]
        is_done = self._is_done[rows] | (last == tokens.end)
        self._sum[rows] += torch.where(is_done | is_forced, 0.0, gain)
        following = torch.where(is_done, at, at + 1)
        self._text[rows, following] = torch.where(is_done, last, choice)
        self._probability[rows, following] = gain.exp()
        is_time = choice >= tokens.first_timestamp
        self._latest[rows] = torch.where(is_time & ~is_done, choice, self._latest[rows])
        self._at[rows], self._is_done[rows] = following, is_done

    def _timed(self, rows: Tensor, logits: Tensor, at: Tensor, last: Tensor) -> Tensor:
        begin, first_timestamp = self._begin[rows], self._decoder.tokens.first_timestamp
        before = torch.where(at - 1 >= begin, self._text[rows, at - 1], first_timestamp)
        return self._decoder.tokens.timed(logits, last, before, self._latest[rows], at + 1 == begin)

    def _drawn(self, rows: Tensor, logits: Tensor) -> Tensor:
        """A token with the probability it has at its row's temperature, by the Gumbel-max trick."""
        temperature = self._temperature[rows][:, None]
        noisy = logits / temperature.clamp(min=1e-6) - self._noise[rows].log()
        return torch.where(temperature > 0, noisy, logits).argmax(-1)

    def _draw(self) -> None:
        if self._noise.ndim == 1:
            self._noise = torch.empty(self.capacity, len(self._decoder.tokens.ids), device=self._decoder.device)
        self._noise.exponential_(generator=self._generator)

    def _rows_of(self, reach: int) -> Tensor:
        return self._decoder.tokens.ids[:reach]

    def _close_gaps(self) -> None:
        """Move windows from the end into free slots, so that those in use come first."""
        for target in range(self.capacity):
            used = [slot for slot in range(target + 1, self.capacity) if self._requests[slot] is not None]
            if self._requests[target] is None and used:
                self._move(used[-1], target)

    def _move(self, source: int, target: int) -> None:
        for tensor in self._per_layer:
            tensor[:, target] = tensor[:, source]
        for tensor in self._per_slot:
            tensor[target] = tensor[source]
        self._requests[target], self._requests[source] = self._requests[source], None
        self._reached[target] = self._reached[source]
        self._is_done[source] = True


def _prompt_length(request: Request) -> int:
    return len(request.prompt)


def _kind(request: Request) -> tuple[bool, bool]:
    return request.temperature > 0, request.with_timestamps


def _columns(alignment_heads: Mapping[int, Sequence[int]], device: str) -> dict[int, tuple[slice, Tensor]]:
    """Where the scores of each layer's alignment heads are kept, and which heads these are.

    As tensors on the device: indexing with a list copies it there each time, which no graph can hold.
    """
    columns, start = {}, 0
    for layer, heads in alignment_heads.items():
        columns[layer] = slice(start, start + len(heads)), torch.tensor(heads, device=device)
        start += len(heads)
    return columns


class _Graphs:
    """A step as CUDA graphs: launched as a whole, instead of some hundred kernels one by one.

    A kind of step is done plainly the first time it comes, which also prepares the libraries it uses, and is
    captured the second time. What differs from step to step lies in tensors that stay where they are. One graph runs
    at a time and leaves nothing behind in memory of its own, so all share theirs.
    """

    def __init__(self) -> None:
        self._graphs: dict[_Kind, torch.cuda.CUDAGraph | None] = {}
        self._memory: Any = None

    def run(self, kind: _Kind, step: Callable[[int, int, bool, bool], None]) -> None:
        if kind not in self._graphs:
            self._graphs[kind] = None
            step(*kind)
            return
        graph = self._graphs[kind]
        if graph is None:
            graph = torch.cuda.CUDAGraph()
            # "thread_local": meanwhile other threads fetch what the times of words come from.
            with torch.cuda.graph(graph, pool=self._memory, capture_error_mode="thread_local"):
                step(*kind)
            self._graphs[kind], self._memory = graph, graph.pool()
        graph.replay()
