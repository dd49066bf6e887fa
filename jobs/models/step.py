"""The execution of one step for one job and one part."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.job import Job
from jobs.state import StepStatus

STATUSES = {
    StepStatus.WAITING: _("Waiting"),
    StepStatus.READY: _("Ready"),
    StepStatus.RUNNING: _("Running"),
    StepStatus.DONE: _("Done"),
    StepStatus.SKIPPED: _("Skipped"),
    StepStatus.FAILED: _("Failed"),
    StepStatus.CANCELLED: _("Cancelled"),
}


class StepRun(models.Model):
    """`attempt` is the fence: only the holder of the current attempt may write a result."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=40)
    part = models.PositiveIntegerField(default=0)
    lane = models.CharField(max_length=10)
    status = models.CharField(max_length=20, choices=list(STATUSES.items()), default=StepStatus.WAITING)
    attempt = models.PositiveIntegerField(default=0, help_text="How often a worker has claimed this step.")
    failures = models.PositiveIntegerField(default=0, help_text="Attempts that ended badly since the last retry.")
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=timezone.now, help_text="A step put back waits this long.")
    rung_at = models.DateTimeField(null=True, help_text="When the queue was last told of this step.")
    progress = models.FloatField(default=0.0)
    preview = models.JSONField(default=list, help_text="Words shown before the step ends: [start, end, text] each.")
    warnings = models.JSONField(default=list)
    worker = models.CharField(max_length=100, blank=True)
    seconds = models.FloatField(default=0.0, help_text="Wall time of the last attempt.")
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("step run"), _("step runs")
        ordering = ["created_at", "part"]
        constraints = [
            models.UniqueConstraint(fields=["job", "name", "part"], name="step_once_per_part"),
            models.CheckConstraint(condition=models.Q(status__in=list(StepStatus)), name="step_status_known"),
        ]
        indexes = [
            # the sweep
            models.Index(fields=["lease_until"], name="step_leases", condition=models.Q(status=StepStatus.RUNNING)),
            models.Index(fields=["not_before"], name="step_ready", condition=models.Q(status=StepStatus.READY)),
        ]

    def __str__(self) -> str:
        return f"{self.name}[{self.part}] of {self.job_id}"
