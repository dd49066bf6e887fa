import pytest

from media_pipeline.text.clock import clock


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (83.9, "1:23"), (3723, "1:02:03"), (36_000, "10:00:00"), (-1, "0:00")]
)
def test_a_place_is_said_as_a_player_shows_it(seconds: float, said: str) -> None:
    assert clock(seconds) == said
