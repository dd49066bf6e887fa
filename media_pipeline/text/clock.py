"""Say where in a recording something is."""

from media_pipeline.transcript import Seconds


def clock(seconds: Seconds) -> str:
    """A place in a recording as a player shows it: 83.4 is "1:23", 3723 is "1:02:03"."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
