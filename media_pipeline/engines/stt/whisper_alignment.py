"""When each token was spoken, from the attention its decoding paid to the audio.

As openai-whisper finds word times (`whisper.timing.find_alignment`): the scores of the alignment heads are
normalized over frames and over tokens, smoothed, averaged, and the cheapest monotone path through them is taken. Here
the scores come from decoding itself, and all is done on a CPU, without Python's lock, so that threads can share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numba
import numpy as np
import numpy.typing as npt

from media_pipeline.engines.stt.whisper_text import Piece
from media_pipeline.transcript import Seconds

if TYPE_CHECKING:
    from whisper.tokenizer import Tokenizer

FRAME: Seconds = 0.02
# Smoothing is over seven frames; on the left and right three are mirrored.
_REACH = 3
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"

Floats = npt.NDArray[np.float32]


def pieces(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    probabilities: Sequence[float],
    scores: Floats,
    seconds: Seconds,
) -> tuple[Piece, ...]:
    """Words, and what stands between them, with their times from the window's start.

    Args:
        tokens: What was decoded, without the end. Timestamps among them are passed over.
        probabilities: Of each.
        scores: Shape (num_rows, num_heads, num_frames). Rows are what stands before the text, each token and the end.
        seconds: How long the audio is; what follows it is not looked at.
    """
    kept = [place for place, token in enumerate(tokens) if token < tokenizer.eot]
    if not kept:
        return ()
    before = len(scores) - len(tokens) - 1
    rows = [*range(before), *(before + place for place in kept), len(scores) - 1]
    times = token_times(scores[rows], len(kept), seconds)
    texts, groups = tokenizer.split_to_word_tokens([*(tokens[place] for place in kept), tokenizer.eot])
    edges = np.cumsum([0, *map(len, groups[:-1])]).tolist()
    known = np.asarray(probabilities)[kept]
    found = [
        Piece(text, float(times[start]), float(times[end]), float(known[start:end].mean()))
        for text, start, end in zip(texts[:-1], edges[:-1], edges[1:], strict=True)
    ]
    return tuple(_with_punctuation(found))


def token_times(scores: Floats, num_tokens: int, seconds: Seconds) -> npt.NDArray[np.float64]:
    """When each of the last tokens but one begins, and when the last one ends, shape (num_tokens + 1,), in seconds."""
    num_frames = max(1, min(scores.shape[-1], round(seconds / FRAME)))
    weights = _normalized(np.ascontiguousarray(scores[..., :num_frames], dtype=np.float32))
    # The row before the first token is that of what led to it.
    matrix = _smoothed_mean(weights)[-num_tokens - 2 : -1]
    return (_first_frames(matrix) * FRAME).astype(np.float64)


def _normalized(scores: Floats) -> Floats:
    """Softmax over frames; then each frame's weights to zero mean and unit deviation over tokens, for each head."""
    scores -= scores.max(axis=-1, keepdims=True)
    weights: Floats = np.exp(scores, out=scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    weights -= weights.mean(axis=0)
    deviation = np.sqrt(np.square(weights).mean(axis=0))
    weights /= np.maximum(deviation, 1e-12)
    return weights


@numba.njit(nogil=True)
def _smoothed_mean(weights: Floats) -> Floats:
    """Median of seven frames, mirrored at the ends, then the mean over heads: shape (num_rows, num_frames)."""
    rows, heads, frames = weights.shape
    mean = np.zeros((rows, frames), np.float32)
    held = np.empty(2 * _REACH + 1, np.float32)
    for row in range(rows):
        for head in range(heads):
            line = weights[row, head]
            for frame in range(frames):
                if frames <= _REACH:
                    mean[row, frame] += line[frame]
                    continue
                for offset in range(2 * _REACH + 1):
                    index = abs(frame + offset - _REACH)
                    value = line[index if index < frames else 2 * frames - 2 - index]
                    place = offset
                    while place > 0 and held[place - 1] > value:
                        held[place] = held[place - 1]
                        place -= 1
                    held[place] = value
                mean[row, frame] += held[_REACH]
    return mean / np.float32(heads)


@numba.njit(nogil=True)
def _first_frames(matrix: Floats) -> npt.NDArray[np.int64]:
    """Dynamic time warping: the frame at which the best path through `matrix` enters each row, shape (num_rows,)."""
    rows, frames = matrix.shape
    cost = np.full((rows + 1, frames + 1), np.inf)
    came_from = np.zeros((rows + 1, frames + 1), np.int8)  # 0: both, 1: the row before, 2: the frame before
    cost[0, 0] = 0.0
    came_from[0, :], came_from[1:, 0] = 2, 1
    for row in range(1, rows + 1):
        for frame in range(1, frames + 1):
            both, by_row, by_frame = cost[row - 1, frame - 1], cost[row - 1, frame], cost[row, frame - 1]
            best, way = by_frame, 2
            if both < by_row and both < by_frame:
                best, way = both, 0
            elif by_row < both and by_row < by_frame:
                best, way = by_row, 1
            cost[row, frame] = best - matrix[row - 1, frame - 1]
            came_from[row, frame] = way
    entered = np.zeros(rows, np.int64)
    row, frame = rows, frames
    while row > 0 or frame > 0:
        if row > 0:
            entered[row - 1] = max(0, frame - 1)
        came = came_from[row, frame]
        row -= int(came != 2)
        frame -= int(came != 1)
    return entered


def _with_punctuation(found: Sequence[Piece]) -> list[Piece]:
    """Signs joined to the word they belong to; they keep none of the time they stood for."""
    joined: list[Piece] = []
    for piece in found:
        if joined and piece.text in _APPENDED and not joined[-1].text.endswith(" "):
            last = joined[-1]
            joined[-1] = Piece(last.text + piece.text, last.start, last.end, last.probability)
        elif joined and joined[-1].text.startswith(" ") and joined[-1].text.strip() in _PREPENDED:
            text = joined[-1].text + piece.text
            joined[-1] = Piece(text, piece.start, piece.end, piece.probability)
        else:
            joined.append(piece)
    return joined
