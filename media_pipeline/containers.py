"""Which file can hold which video, and how it holds subtitles."""

from dataclasses import dataclass

from media_pipeline.media import VideoInfo


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file for a video.

    Attributes:
        subtitles: The export format its subtitles are made from, whose name is that of FFmpeg's demuxer, too.
        words: What FFmpeg is told about the subtitles' codec and the file.
    """

    suffix: str
    media_type: str
    subtitles: str
    words: tuple[str, ...]


# The table of contents in front, so that it plays while it loads; no track of our own for the camera's time code.
MP4_WORDS = ("-movflags", "+faststart", "-write_tmcd", "0", "-f", "mp4")
MP4 = Container("mp4", "video/mp4", "srt", ("-c:s", "mov_text", *MP4_WORDS))
WEBM = Container("webm", "video/webm", "webvtt", ("-c:s", "copy", "-f", "webm"))
MATROSKA = Container("mkv", "video/x-matroska", "srt", ("-c:s", "copy", "-f", "matroska"))
CONTAINERS = {container.suffix: container for container in (MP4, WEBM, MATROSKA)}

# What players can be expected to play in them, not all that FFmpeg would write.
_MP4_PICTURES = frozenset(("h264", "hevc", "av1", "vp9", "mpeg4"))
_MP4_SOUNDS = frozenset(("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"))
_WEBM_PICTURES = frozenset(("vp8", "vp9", "av1"))
_WEBM_SOUNDS = frozenset(("opus", "vorbis"))
# What plays everywhere that H.264 does.
PLAIN_SOUNDS = frozenset(("aac", "mp3"))


def container_for(info: VideoInfo) -> Container:
    """The kind of file a video can be copied to as it is: its own where that holds subtitles, else one that does."""
    sounds = {codec for _index, codec in info.sounds}
    is_matroska = "matroska" in info.container
    if is_matroska and info.picture_codec in _WEBM_PICTURES and sounds <= _WEBM_SOUNDS:
        return WEBM
    if not is_matroska and info.picture_codec in _MP4_PICTURES and sounds <= _MP4_SOUNDS:
        return MP4
    return MATROSKA
