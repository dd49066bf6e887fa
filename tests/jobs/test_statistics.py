"""Figures on who spoke how much."""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.models import Segment, Transcript
from jobs.services.statistics import STRIPS, Said, measure, statistics, turns_of, union
from tests.jobs.transcripts import make_transcript

A, B = 1, 2


def said(*rows: tuple[float, float, int | None, int], overlapped: tuple[int, ...] = ()) -> list[Said]:
    return [Said(*row, is_overlapped=index in overlapped) for index, row in enumerate(rows)]


def test_a_meeting_of_two() -> None:
    found = measure(said((1, 5, A, 8), (6, 8, A, 4), (9, 10, B, 3), (12, 16, A, 12)), 20.0)

    ann, bob = found.voices[A], found.voices[B]
    assert (ann.seconds, ann.words, ann.turns, ann.words_per_minute) == (10, 24, 2, 144)
    assert (bob.seconds, bob.words, bob.turns, bob.words_per_minute) == (1, 3, 1, 180)
    assert ann.share == pytest.approx(10 / 11)
    assert ann.longest is not None
    assert (ann.longest.start, ann.longest.spoken) == (1, 6)
    assert (found.duration, found.silence, found.spoken) == (20, 9, 11)
    assert ann.interruptions == bob.interruptions == 0


def test_seconds_of_overlapping_segments_of_one_speaker_count_once() -> None:
    found = measure(said((0, 4, A, 1), (2, 6, A, 1), (5, 9, B, 1)), 9.0)

    assert (found.voices[A].seconds, found.voices[B].seconds, found.silence) == (6, 4, 0)


@pytest.mark.parametrize(
    ("rows", "overlapped", "interruptions"),
    [
        (((0, 4, A, 1), (3.5, 6, B, 1)), (), 1),
        (((0, 4, A, 1), (3.9, 6, B, 1)), (), 0),
        (((0, 4, A, 1), (4.1, 6, B, 1)), (0,), 1),
        (((0, 4, A, 1), (4.1, 6, B, 1)), (1,), 1),
        (((0, 4, A, 1), (4.1, 6, B, 1)), (), 0),
        (((0, 4, A, 1), (5, 6, B, 1)), (0, 1), 0),
        (((0, 4, A, 1), (3, 6, A, 1)), (0, 1), 0),
        (((0, 10, A, 1), (3, 4, B, 1), (9, 12, B, 1)), (), 1),
        (((0, 10, A, 1), (3, 4, B, 1), (9.5, 12, A, 1), (13, 14, B, 1)), (), 1),
    ],
)
def test_who_begins_before_the_other_has_ended_interrupts(
    rows: tuple[tuple[float, float, int, int], ...], overlapped: tuple[int, ...], interruptions: int
) -> None:
    found = measure(said(*rows, overlapped=overlapped), None)

    assert sum(voice.interruptions for voice in found.voices.values()) == interruptions
    assert A not in found.voices or found.voices[A].interruptions == 0


def test_a_recording_in_which_nobody_spoke() -> None:
    found = measure([], 30.0)

    assert (found.voices, found.silence, found.spoken) == ({}, 30.0, 0)
    assert measure([], None).duration == 0


def test_words_beyond_the_length_the_file_tells_are_within_the_recording() -> None:
    found = measure(said((0, 10.5, A, 1)), 10.0)

    assert (found.duration, found.silence) == (10.5, 0)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_was_said_the_figures_agree_with_each_other(seed: int) -> None:
    chance = random.Random(seed)
    starts = sorted(chance.uniform(0, 500) for _ in range(chance.randint(1, 80)))
    rows = [
        Said(start, start + chance.uniform(0, 20), chance.choice([A, B, 3, None]), chance.randint(0, 40))
        for start in starts
    ]

    found = measure(rows, chance.choice([None, 600.0]))

    ticks = [step * 0.05 for step in range(int(found.duration / 0.05) + 1)]
    silent = sum(not any(one.start <= tick < one.end for one in rows) for tick in ticks) * 0.05
    assert found.silence == pytest.approx(silent, abs=0.1 + 0.1 * len(rows))
    assert sum(voice.share for voice in found.voices.values()) == pytest.approx(1.0)
    assert sum(voice.words for voice in found.voices.values()) == sum(one.words for one in rows)
    assert sum(voice.turns for voice in found.voices.values()) == len(list(turns_of(rows)))
    for speaker, voice in found.voices.items():
        own = [one for one in rows if one.speaker == speaker]
        assert voice.seconds <= sum(one.end - one.start for one in own) + 1e-6
        assert voice.longest is not None and voice.longest.spoken <= voice.seconds + 1e-6
        assert all(0 <= strip <= 1 for strip in voice.strips)
        assert sum(voice.strips) * found.duration / STRIPS == pytest.approx(voice.seconds)
        assert voice.interruptions <= voice.turns


def test_spans_that_touch_become_one() -> None:
    assert union([(0, 2), (1, 1.5), (2, 3), (4, 5)]) == [(0, 3), (4, 5)]


@pytest.mark.django_db
def test_what_is_in_the_database_is_counted(owner: User) -> None:
    transcript = make_transcript(owner, ["One two three.", "Four.", "Five six."], speakers="010", duration=12.0)
    Segment.objects.filter(text="Four.").update(words=[])  # as an engine without times of words leaves it

    found = statistics(transcript)

    ann, bob = (found.voices[speaker.pk] for speaker in transcript.speakers.all())
    assert (ann.words, ann.seconds, ann.turns, bob.words, bob.seconds) == (5, 5, 2, 1, 1)
    assert (found.duration, found.silence) == (12, 6)


@pytest.mark.django_db
def test_ten_hours_are_counted_at_once(
    owner: User, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    transcript = make_transcript(owner, ["One two."], speakers="0", duration=36_000.0)
    speaker = transcript.speakers.get()
    words = [["word", 0.0, 0.1, 0.5]] * 8
    Segment.objects.bulk_create(
        (
            Segment(
                transcript=transcript,
                start=index * 3.0,
                end=index * 3.0 + 2.5,
                text="word " * 8,
                words=words,
                speaker=speaker if index % 3 else None,
            )
            for index in range(12_000)
        ),
        batch_size=1000,
    )
    transcript = Transcript.objects.select_related("recording").get(pk=transcript.pk)

    began = time.perf_counter()
    with django_assert_max_num_queries(1):
        found = statistics(transcript)

    assert time.perf_counter() - began < 1.0
    assert sum(voice.words for voice in found.voices.values()) == 96_002
