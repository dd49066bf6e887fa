"""A recording in which nobody speaks goes the whole way."""

import json

import pytest

from media_pipeline.exports import files
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.media import Diarization
from media_pipeline.options import TranscribeOptions
from media_pipeline.steps.assemble import assemble

OPTIONS = TranscribeOptions(engine="pocketsphinx", model="en-us")


@pytest.mark.parametrize("turns", [None, Diarization("embedded", ())])
def test_nothing_heard_becomes_an_empty_transcript_that_says_so(turns: Diarization | None) -> None:
    transcript = assemble([], turns, 5.0, OPTIONS)

    assert transcript.segments == ()
    assert "no speech" in " ".join(transcript.warnings).lower()


@pytest.mark.parametrize("name", list(EXPORTERS))
def test_every_export_of_nothing_is_a_valid_file(name: str) -> None:
    content = files.whole(EXPORTERS[name], assemble([], None, 5.0, OPTIONS), {})

    assert name != "json" or json.loads(content)["segments"] == []
    assert name != "vtt" or content.startswith(b"WEBVTT")
    assert name != "docx" or content.startswith(b"PK")
    assert name != "pdf" or content.startswith(b"%PDF")
