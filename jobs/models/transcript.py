"""The words of a recording."""

from django.db import models
from django.utils import timezone

from jobs.models.job import Job
from jobs.models.recording import Recording


class Transcript(models.Model):
    """One version of the words of a recording, in one language, made by one job."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="transcripts")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="transcript")
    language = models.CharField(max_length=20)
    engine = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.language} by {self.engine}"


class Speaker(models.Model):
    """A speaker label of a transcript, and what the user calls that person."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="speakers")
    label = models.CharField(max_length=40)
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["label"]
        constraints = [models.UniqueConstraint(fields=["transcript", "label"], name="speaker_label_once")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The given name, or "Speaker 1" for SPEAKER_00."""
        number = self.label.rpartition("_")[2]
        return self.name or (f"Speaker {int(number) + 1}" if number.isdigit() else self.label)


class Segment(models.Model):
    """A sentence-like piece with one speaker. `words` holds [text, start, end, confidence] each, in seconds.

    `marks` says why to listen again before trusting it: values of `media_pipeline.transcript.Mark`.
    """

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="segments")
    position = models.PositiveIntegerField()
    start = models.FloatField()
    end = models.FloatField()
    speaker = models.ForeignKey(Speaker, null=True, blank=True, on_delete=models.SET_NULL, related_name="segments")
    text = models.TextField()
    words = models.JSONField(default=list)
    confidence = models.FloatField(null=True)
    marks = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["transcript", "position"], name="segment_position_once"),
            models.CheckConstraint(condition=models.Q(end__gte=models.F("start")), name="segment_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.start:.2f}–{self.end:.2f}"
