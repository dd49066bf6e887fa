"""Transcripts for tests of exports: one with all there can be, and one of texts that break files."""

from media_pipeline.transcript import Segment, Transcript, Word

NAMES = {"SPEAKER_00": "Anna & <Co>"}
NASTY = [
    "an arrow --> and back",
    "a longer ---> and the longest ----> arrow",
    "<v Bob> & <b>bold</b> &amp; </v>",
    "before\n\n\nbehind",
    "NOTE\n00:00:01.000 --> 00:00:02.000\nnot a cue",
    "42",
    "WEBVTT",
    "👩‍👩‍👧 emoji 🎉 and 🇪🇺 flags",
    "שלום עולם, مرحبا بالعالم",
    "全角文字は二倍の幅を取りますから一行に二十一文字しか入りません。だから改行します。",
    "a\x00b\x1b[31m\u2028c\r\nd",
    "\ud800 lone surrogate",
    "https://example.org/" + "very-long-" * 20,
    "{\\an8} braces and \\N slashes",
]


def spoken(texts: list[str], language: str = "en", seconds: float = 4.0, speaker: str | None = None) -> Transcript:
    """One segment without word times for each text, with a pause of a second behind it."""
    segments = tuple(
        Segment(number * (seconds + 1), number * (seconds + 1) + seconds, text, speaker=speaker)
        for number, text in enumerate(texts)
    )
    return Transcript(language, segments, len(texts) * (seconds + 1), "pocketsphinx", "en-us")


def discussion() -> Transcript:
    """Two speakers, words with times, a long sentence, and a part without speaker."""
    said = [
        ("SPEAKER_00", "Good morning. --> Is the budget for R&D ready?"),
        ("SPEAKER_01", "It is, although the finance department asked for two more days to look through all numbers."),
        ("SPEAKER_01", "Café über naïve 日本語 🎉."),
        (None, "Thank you."),
    ]
    segments, time = [], 0.5
    for speaker, text in said:
        words = []
        for token in text.split():
            words.append(Word(token, round(time, 3), round(time + 0.3, 3), 0.9, speaker))
            time += 0.35
        segments.append(Segment(words[0].start, words[-1].end, text, tuple(words), speaker, 0.9))
        time += 61.0 if speaker is None else 0.8
    return Transcript("en", tuple(segments), 75.0, "whisper", "tiny", ("A warning.",))
