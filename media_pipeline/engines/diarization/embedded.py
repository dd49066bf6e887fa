"""A small diarizer without weights: spectrum and pitch statistics, clustered.

1. Every quarter of a second, 1.5 s of speech become one vector: mean and spread of the mel cepstrum, and the pitch.
2. Vectors close in time mostly come from one speaker, so their differences show what varies within a voice. They
   are scaled such that this variation is equal in all directions (within-class covariance normalization,
   https://www.isca-archive.org/interspeech_2006/hatch06_interspeech.html); what then stands out is the speaker.
3. Ward clustering proposes a division for every number of speakers. The number taken is the largest for which the
   two most similar speakers are still clearly apart, measured against the spread of each on the line between them.
4. A Viterbi path over time, with a price for each change of speaker, decides the borders.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from media_pipeline.engines.base import EngineInfo
from media_pipeline.engines.diarization.voice_features import window_vectors
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import Audio, Diarization, SpeakerTurn, SpeechRegion
from media_pipeline.options import SpeakerOptions
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

WINDOW: Seconds = 1.5
HOP: Seconds = 0.25
MAX_SPEAKERS = 8

_PIECE: Seconds = 30.0  # read at a time
_LAG = round(WINDOW / HOP)  # vectors this far apart share no sound
_DIMENSIONS = 10
# One voice split in two shows a separation of 3 to 4.5, two voices one of 7 to 25. A small group can lie apart by
# chance, so it must lie farther.
_CLEAR_SEPARATION = 5.5
_SCATTER = 40.0
_FEWEST_VECTORS = 8  # two seconds: less is no speaker
# Ward clustering needs memory with the square of the number.
_MAX_CLUSTERED = 2_500
_CHANGE_PRICE, _CHANGE_PRICE_AT_PAUSE = 6.0, 2.0

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Voices:
    """Vectors of the whole recording in time order.

    Attributes:
        values: Shape (num_vectors, num_features).
        centers: Seconds on the recording's clock, shape (num_vectors,).
        pieces: Index of the stretch of speech each vector lies in, shape (num_vectors,).
    """

    values: Floats
    centers: Floats
    pieces: Labels


class EmbeddedDiarizer:
    """Tells clearly different voices apart, quickly and without downloads."""

    info: ClassVar[EngineInfo] = EngineInfo(
        name="embedded",
        title=say("Embedded (voice statistics)"),
        models=("statistics",),
        default_model="statistics",
        note=say("Tells clearly different voices apart; similar voices, noise and people talking at once confuse it."),
    )

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        """None when it can be used here; else one sentence that says what to do."""
        if model not in cls.info.models:
            return say(
                "The embedded diarizer has no model {model}; choose {choices}.",
                model=repr(model),
                choices=" or ".join(cls.info.models),
            )
        return None

    def __init__(self, model: str, machine: Machine) -> None:
        problem = self.missing(model, machine)
        if problem:
            raise EngineUnavailable("engine_unavailable", problem)

    def diarize(self, audio: Audio, regions: Sequence[SpeechRegion], speakers: SpeakerOptions, run: Run) -> Diarization:
        """Speaker turns inside `regions`, never overlapping, labels numbered in order of first appearance."""
        pieces = list(_pieces(regions))
        voices = _listen(audio, pieces, run)
        if not len(voices.values):
            labels: Labels = np.zeros(0, np.intp)
        else:
            labels = _who(voices, speakers)
        run.report(1.0)
        return Diarization(self.info.name, tuple(_named(_turns(pieces, voices, labels))))


def _pieces(regions: Sequence[SpeechRegion]) -> Iterator[SpeechRegion]:
    """Regions, long ones in equal parts, so that memory does not grow with them."""
    for region in regions:
        count = max(1, int(np.ceil((region.end - region.start) / _PIECE)))
        edges = np.linspace(region.start, region.end, count + 1).tolist()
        yield from (SpeechRegion(start, end) for start, end in pairwise(edges))


def _listen(audio: Audio, pieces: Sequence[SpeechRegion], run: Run) -> _Voices:
    values, centers, indices = [], [], []
    for index, piece in enumerate(pieces):
        run.report(0.9 * index / len(pieces))
        vectors, offsets = window_vectors(audio.read(piece.start, piece.end), WINDOW, HOP)
        values.append(vectors)
        centers.append(piece.start + offsets)
        indices.append(np.full(len(vectors), index, np.intp))
    if not values:
        return _Voices(np.zeros((0, 1)), np.zeros(0), np.zeros(0, np.intp))
    return _Voices(_filled(np.concatenate(values)), np.concatenate(centers), np.concatenate(indices))


def _filled(values: Floats) -> Floats:
    """`values` scaled to unit spread; what is unknown (the pitch of a whisper) becomes the mean."""
    known = np.isfinite(values)
    counts = np.maximum(1, known.sum(axis=0))
    means = np.where(known, values, 0.0).sum(axis=0) / counts
    centered = np.where(known, values - means, 0.0)
    spread = np.sqrt((centered**2).sum(axis=0) / counts)
    scaled: Floats = centered / np.maximum(spread, 1e-9)
    return scaled


def _who(voices: _Voices, speakers: SpeakerOptions) -> Labels:
    """The speaker's number of each vector."""
    one = np.zeros(len(voices.values), np.intp)
    low, high = _range(speakers)
    if high == 1 or len(one) < 2:
        return one
    division = _choose(voices, _Divisions(_whitened(voices, one, trim=0.3)), low, high)
    if division is None:
        return one
    # With speakers known, changes between them no longer pass for variation within a voice.
    space = _whitened(voices, division, trim=0.1)
    return _smoothed(voices, space, _settled(space, division))


def _range(speakers: SpeakerOptions) -> tuple[int, int]:
    if speakers.exact is not None:
        return speakers.exact, speakers.exact
    low = max(1, speakers.minimum or 1)
    return low, max(low, speakers.maximum or MAX_SPEAKERS)


def _choose(voices: _Voices, divisions: "_Divisions", low: int, high: int) -> Labels | None:
    """The division with most speakers whose voices are clearly apart; None for a single speaker."""
    for count in range(high, max(low, 2) - 1, -1):
        division = divisions.into(count)
        if division is None:
            continue
        if count == low or _are_apart(_whitened(voices, division, trim=0.1), division):
            return division
    return divisions.into(low, is_forced=True) if low > 1 else None


def _whitened(voices: _Voices, labels: Labels, trim: float) -> Floats:
    """Vectors in a space in which one voice spreads about equally far in all directions.

    Args:
        labels: Vectors with different labels are not compared.
        trim: Share of the largest differences to leave out: they may be changes of speaker.

    Returns:
        Shape (num_vectors, up to 10), the directions of most variation first.
    """
    values = voices.values
    covariance = _within_covariance(voices, labels, trim)
    variances, directions = np.linalg.eigh(covariance)
    spread = values @ directions / np.sqrt(variances)
    spread -= spread.mean(axis=0)
    _, _, axes = np.linalg.svd(np.cov(spread.T))
    projected: Floats = spread @ axes[:_DIMENSIONS].T
    return projected


def _within_covariance(voices: _Voices, labels: Labels, trim: float) -> Floats:
    """How vectors of one voice vary, from the differences of those that are neighbors but share no sound."""
    later = np.arange(_LAG, len(voices.values))
    earlier = later - _LAG
    is_pair = (voices.pieces[later] == voices.pieces[earlier]) & (labels[later] == labels[earlier])
    differences = voices.values[later[is_pair]] - voices.values[earlier[is_pair]]
    lengths = (differences**2).sum(axis=1)
    if len(lengths):
        differences = differences[lengths <= np.quantile(lengths, 1 - trim)]
    size = voices.values.shape[1]
    measured = differences.T @ differences / max(1, len(differences)) / 2
    # Few differences say little about so many directions: lean towards independent ones.
    trust = 0.9 * len(differences) / (10 + len(differences))
    diagonal = np.diag(np.maximum(np.diag(measured), 0.1)) if len(differences) else np.eye(size) * 0.3
    mixed: Floats = trust * measured + (1 - trust) * diagonal
    return mixed


class _Divisions:
    """Ward clustering of (a sample of) vectors; each number of clusters is cut from the same tree."""

    def __init__(self, space: Floats) -> None:
        from scipy.cluster.hierarchy import linkage

        self._space = space
        step = -(-len(space) // _MAX_CLUSTERED)
        self._sample = space[::step]
        self._tree = linkage(self._sample, "ward")

    def into(self, count: int, *, is_forced: bool = False) -> Labels | None:
        """Labels 0..count-1 of all vectors, None when `count` clusters of some size cannot be had.

        Clusters too small to be a speaker are dissolved, and the tree is cut lower to make up for them.
        """
        for cut in range(count, count + 1 if is_forced else count + 4):
            labels = self._cut(cut, 1 if is_forced else _FEWEST_VECTORS)
            if labels.max() + 1 == count:
                return labels
        return self._cut(count, 1) if is_forced else None

    def _cut(self, count: int, fewest: int) -> Labels:
        from scipy.cluster.hierarchy import fcluster

        found = fcluster(self._tree, count, "maxclust")
        centers = np.array([self._sample[found == label].mean(axis=0) for label in np.unique(found)])
        sizes = np.bincount(_nearest(self._space, centers), minlength=len(centers))
        kept = centers[sizes >= min(fewest, sizes.max())]
        return _nearest(self._space, kept)


def _nearest(space: Floats, centers: Floats) -> Labels:
    distances = np.stack([((space - center) ** 2).sum(axis=1) for center in centers])
    nearest: Labels = distances.argmin(axis=0)
    return nearest


def _settled(space: Floats, labels: Labels) -> Labels:
    """k-means from `labels`, with as many speakers."""
    for _ in range(5):
        labels = _nearest(space, _centers(space, labels))
    return labels


def _centers(space: Floats, labels: Labels) -> Floats:
    return np.array([space[labels == label].mean(axis=0) for label in np.unique(labels)])


def _are_apart(space: Floats, labels: Labels) -> bool:
    """Whether any two groups lie clearly apart."""
    groups = [space[labels == label] for label in np.unique(labels)]
    return all(
        _separation(one, other) >= _CLEAR_SEPARATION + _SCATTER / min(len(one), len(other))
        for index, one in enumerate(groups)
        for other in groups[:index]
    )


def _separation(one: Floats, other: Floats) -> float:
    """Distance of the middles, in spreads along the line between them."""
    line = one.mean(axis=0) - other.mean(axis=0)
    length = float(np.linalg.norm(line))
    if not length:
        return 0.0
    spread = np.sqrt(((one @ line).var() + (other @ line).var()) / 2) / length
    return length / max(float(spread), 1e-9)


def _smoothed(voices: _Voices, space: Floats, labels: Labels) -> Labels:
    """The most likely path over time when each change of speaker has a price, lower at a pause."""
    centers = _centers(space, labels)
    distances = np.stack([((space - center) ** 2).sum(axis=1) for center in centers], axis=1)
    # Overlapping windows hear the same sound several times.
    costs = distances / max(float(distances.min(axis=1).mean()), 1e-9) * space.shape[1] / 2 / _LAG
    prices = np.where(np.diff(voices.pieces) > 0, _CHANGE_PRICE_AT_PAUSE, _CHANGE_PRICE)
    total = costs[0].copy()
    came_from = np.zeros(costs.shape, np.intp)
    for index in range(1, len(costs)):
        cheapest = int(total.argmin())
        by_change = total[cheapest] + prices[index - 1]
        came_from[index] = np.where(total <= by_change, np.arange(len(total)), cheapest)
        total = np.minimum(total, by_change) + costs[index]
    path = np.zeros(len(costs), np.intp)
    path[-1] = total.argmin()
    for index in range(len(costs) - 1, 0, -1):
        path[index - 1] = came_from[index, path[index]]
    return path


def _turns(pieces: Sequence[SpeechRegion], voices: _Voices, labels: Labels) -> Iterator[tuple[Seconds, Seconds, int]]:
    """(start, end, speaker): each piece divided half-way between vectors of different speakers."""
    speaker = int(labels[0]) if len(labels) else 0
    for index, piece in enumerate(pieces):
        first, last = np.searchsorted(voices.pieces, (index, index + 1))
        start = piece.start
        for label, group in groupby(range(first, last), key=lambda vector: int(labels[vector])):
            final = list(group)[-1]
            end = float(voices.centers[final : final + 2].mean()) if final + 1 < last else piece.end
            yield start, end, label
            start, speaker = end, label
        if first == last:  # too short to say: whoever spoke before
            yield piece.start, piece.end, speaker


def _named(turns: Iterator[tuple[Seconds, Seconds, int]]) -> Iterator[SpeakerTurn]:
    """Turns with labels in order of first appearance; those of one speaker that touch become one."""
    names: dict[int, str] = {}
    pending: SpeakerTurn | None = None
    for start, end, speaker in turns:
        name = names.setdefault(speaker, f"SPEAKER_{len(names):02d}")
        if pending is not None and pending.speaker == name and start <= pending.end:
            pending = SpeakerTurn(pending.start, end, name)
            continue
        if pending is not None:
            yield pending
        pending = SpeakerTurn(start, end, name)
    if pending is not None:
        yield pending
