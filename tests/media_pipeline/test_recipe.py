import pytest

from media_pipeline.recipe import Lane, Pace, Step
from media_pipeline.recipes.transcribe import TRANSCRIBE

HOUR = 3600.0


def step(*, is_cut: bool) -> Step:
    pace = Pace(cpu=30.0, cuda=1.0, engines={"quick": 2.0})
    parts = (lambda files: 6) if is_cut else None
    return Step("work", "Working", lambda *args: None, Lane.GPU, weight=1, parts=parts, pace=pace)


def test_without_more_the_limit_is_that_of_the_whole_recording_on_a_cpu() -> None:
    assert step(is_cut=True).time_limit(HOUR) == 300 + 30 * HOUR


def test_a_part_has_the_limit_of_a_part() -> None:
    assert step(is_cut=True).time_limit(10 * HOUR, part_seconds=600) == 300 + 30 * 750


def test_a_part_is_never_longer_than_the_recording() -> None:
    assert step(is_cut=True).time_limit(60, part_seconds=600) == 300 + 30 * 60


def test_a_step_in_one_piece_has_the_limit_of_the_whole() -> None:
    assert step(is_cut=False).time_limit(HOUR, part_seconds=600) == 300 + 30 * HOUR


@pytest.mark.parametrize(("device", "factor"), [("cpu", 30), ("cuda", 1), ("auto", 30)])
def test_a_gpu_has_less_time_and_only_what_is_known_to_be_one(device: str, factor: int) -> None:
    assert step(is_cut=True).time_limit(HOUR, part_seconds=600, device=device) == 300 + factor * 750


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_quick_engine_has_less_time_on_any_device(device: str) -> None:
    assert step(is_cut=True).time_limit(HOUR, part_seconds=600, device=device, engine="quick") == 300 + 2 * 750


def test_a_hung_chunk_of_ten_hours_on_a_gpu_is_noticed_within_the_hour() -> None:
    assert TRANSCRIBE.step("transcribe").time_limit(10 * HOUR, part_seconds=600, device="cuda") < HOUR


def test_every_step_is_given_at_least_five_minutes() -> None:
    assert all(step.time_limit(0.0, part_seconds=600, device="cuda") == 300 for step in TRANSCRIBE.steps)


def test_words_are_not_lost_to_what_comes_after_them() -> None:
    optional = {step.name for step in TRANSCRIBE.steps if not step.is_required}

    assert optional == {"diarize", "export"}
