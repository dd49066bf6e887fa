"""One request for work on a recording."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jobs.models.recording import Recording
from jobs.state import JOB_ACTIVE, JOB_ENDED, JOB_RETRYABLE, TELLING, TEXT_KINDS, JobKind, JobStatus
from media_pipeline.recipes import RECIPES

KINDS = {
    JobKind.TRANSCRIBE: pgettext_lazy("job", "Transcribe"),
    JobKind.PASSAGE: pgettext_lazy("job", "Passage"),
    JobKind.SUBTITLED_VIDEO: pgettext_lazy("job", "Subtitled video"),
}
STATUSES = {
    JobStatus.QUEUED: _("Queued"),
    JobStatus.RUNNING: _("Running"),
    JobStatus.COMPLETED: _("Completed"),
    JobStatus.FAILED: _("Failed"),
    JobStatus.CANCELLED: _("Cancelled"),
}


class JobManager(models.Manager["Job"]):
    def of_text(self) -> "models.QuerySet[Job]":
        """Jobs that make a recording's text as a whole: what its pages show, and what they tell the state of."""
        return self.filter(kind__in=TEXT_KINDS)

    def telling(self) -> "models.QuerySet[Job]":
        """Those of text, and first of each recording the one that tells its state; see `Recording.latest_job`."""
        ranks = [models.When(status__in=group, then=models.Value(rank)) for rank, group in enumerate(TELLING)]
        rank = models.Case(*ranks, default=models.Value(len(TELLING)), output_field=models.IntegerField())
        return self.of_text().order_by(rank, "-created_at")


class Job(models.Model):
    """The options are frozen at creation: every attempt reads them and nothing else.

    Only looking for speakers again changes them; they are put back when that gives nothing new.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=20, choices=list(KINDS.items()))
    status = models.CharField(max_length=20, choices=list(STATUSES.items()), default=JobStatus.QUEUED)
    options = models.JSONField()
    options_before = models.JSONField(
        null=True, blank=True, help_text="What the text that stands was made with, while a second run asks for more."
    )
    percent = models.FloatField(default=0.0, help_text="0 to 100, never falls while a job runs.")
    percent_at_start = models.FloatField(default=0.0, help_text="What an earlier attempt had done already.")
    stage = models.CharField(max_length=40, blank=True, help_text="Name of the step that runs now.")
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    warnings = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=0, help_text="Rises with each change; orders snapshots.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = JobManager()

    class Meta:
        verbose_name, verbose_name_plural = _("job"), _("jobs")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=list(JobStatus)), name="job_status_known"),
            models.CheckConstraint(condition=models.Q(percent__gte=0, percent__lte=100), name="job_percent_in_range"),
        ]
        indexes = [
            models.Index(fields=["recording", "-created_at"], name="job_latest_of_recording"),
            # the sweep
            models.Index(fields=["status"], name="job_active", condition=models.Q(status__in=sorted(JOB_ACTIVE))),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_active(self) -> bool:
        return self.status in JOB_ACTIVE

    @property
    def has_ended(self) -> bool:
        return self.status in JOB_ENDED

    @property
    def can_retry(self) -> bool:
        return self.status in JOB_RETRYABLE

    @property
    def stage_title(self) -> str:
        """What runs now, for people; empty when nothing does."""
        return RECIPES[self.kind].step(self.stage).title if self.stage else ""
