import pytest

from media_pipeline.errors import InputError
from media_pipeline.steps.probe import probe
from tests import hostile


@pytest.fixture
def bait(tmp_path):
    return hostile.make_bait(tmp_path)


@pytest.mark.parametrize(
    ("name", "code", "advice"),
    [
        ("empty.mp3", "empty", "upload it again"),
        ("text.mp3", "not_media", "Upload an audio or video file"),
        ("playlist.mp3", "not_media", "Upload an audio or video file"),
        ("video-without-sound.mp4", "no_audio", "has one"),
        ("without-moov.mp4", "not_media", "damaged"),
        ("one-hertz.wav", "bad_audio", "Convert it"),
    ],
)
def test_refuses_with_a_sentence_that_helps(name, code, advice, tmp_path, bait):
    source = hostile.make(name, tmp_path, bait)

    with pytest.raises(InputError) as caught:
        probe(source, 3600)

    assert caught.value.code == code
    assert advice in caught.value.message
    assert not caught.value.retryable


@pytest.mark.parametrize(("limit", "said"), [(1.0, "0.0167 minutes"), (2.0, "0.0333 minutes")])
def test_refuses_a_recording_beyond_the_limit(limit, said, tmp_path, bait):
    source = hostile.make("good.mp3", tmp_path, bait)

    with pytest.raises(InputError) as caught:
        probe(source, limit)

    assert caught.value.code == "too_long"
    assert said in caught.value.message


def test_accepts_a_recording_within_the_limit(tmp_path, bait):
    info = probe(hostile.make("good.opus", tmp_path, bait), 3600)

    assert info.audio_codec == "opus"
