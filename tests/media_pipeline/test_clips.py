from pathlib import Path

import pytest

from media_pipeline.clips import join
from media_pipeline.ffmpeg import probe
from tests.speech import Line, render


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_clips_follow_each_other_with_a_pause(tmp_path: Path, suffix: str) -> None:
    clips = [render([Line(voice, "Good morning.", 0.0)]) for voice in ("slt", "rms")]
    target = tmp_path / f"both.{suffix}"

    seconds = join([clip.path for clip in clips], target, pause=0.5)

    assert seconds == pytest.approx(sum(clip.duration for clip in clips) + 1.0, abs=0.05)
    assert probe(target).duration == pytest.approx(seconds, abs=0.2)
