"""What a recording needs does not grow with its length. Ten hours: `python -m tests.long_recordings`."""

import pytest

from tests.long_recordings import measured


@pytest.mark.slow
def test_an_hour_takes_the_memory_of_ten_minutes() -> None:
    short, long = measured(10), measured(60)

    assert long.words > 5 * short.words
    assert long.chunks > 5
    assert long.peak_mib - short.peak_mib <= 60
    assert long.peak_mib < 1000
    assert long.ffmpeg_mib < short.ffmpeg_mib + 20
