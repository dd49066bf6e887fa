"""A stored file of a job."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.job import Job


class Artifact(models.Model):
    """Written once per (job, step, part, name); an attempt that runs again replaces it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="artifacts")
    step = models.CharField(max_length=40)
    part = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=300, unique=True)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("artifact"), _("artifacts")
        constraints = [models.UniqueConstraint(fields=["job", "step", "part", "name"], name="artifact_once_per_name")]

    def __str__(self) -> str:
        return self.key
