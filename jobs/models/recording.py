"""What the user gave."""

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.tag import Tag
from jobs.state import TEXT_KINDS, telling_rank

if TYPE_CHECKING:
    from jobs.models.job import Job


class _Joined(models.Aggregate):
    """Texts with commas between them."""

    output_field = models.TextField()
    template = "%(function)s(%(expressions)s, ',')"
    function = "GROUP_CONCAT"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="STRING_AGG", **context)


class RecordingQuerySet(models.QuerySet["Recording"]):
    def kept(self) -> "RecordingQuerySet":
        """Those that do not lie in the trash: all that pages know of."""
        return self.filter(deleted_at=None)

    def with_tags(self) -> "RecordingQuerySet":
        """Read the tags along, for `tag_names`."""
        tags = Tag.objects.filter(recordings=models.OuterRef("pk")).order_by().values("recordings")
        return self.annotate(joined_tags=models.Subquery(tags.annotate(joined=_Joined("name")).values("joined")))


class Recording(models.Model):
    """Stored media with its owner. Jobs work on it; deleting the media keeps the text.

    `owner` is empty only for recordings given on the command line, which belong to that command.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="recordings"
    )
    title = models.CharField(max_length=300)
    original_name = models.CharField(max_length=500, help_text="As the user's machine called it; never used as a path.")
    media_key = models.CharField(max_length=300, help_text="Where the media lies in the storage; empty once deleted.")
    media_type = models.CharField(max_length=100, help_text="From our own table, by what the file was found to be.")
    media_info = models.JSONField(default=dict)
    size_bytes = models.PositiveBigIntegerField()
    duration = models.FloatField(null=True, help_text="Seconds.")
    has_video = models.BooleanField(default=False)
    content_hash = models.CharField(
        max_length=64, blank=True, default="", help_text="SHA-256 of the file as it came, in hexadecimal."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Since when it is in the trash.")
    tags = models.ManyToManyField(Tag, blank=True, related_name="recordings")

    objects = RecordingQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("recording"), _("recordings")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="recording_library"),  # the library page
            # upload.same_as: whether somebody has a file already
            models.Index(fields=["owner", "content_hash"], name="recording_content", condition=~Q(content_hash="")),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def tag_names(self) -> list[str]:
        """In the order of the alphabet. Only of recordings that were read `with_tags`."""
        joined: str | None = self.joined_tags  # type: ignore[attr-defined]
        return sorted(joined.split(","), key=str.casefold) if joined else []

    @property
    def latest_job(self) -> "Job | None":
        """The job whose state lists show; `JobManager.telling` finds the same. Jobs are ordered newest first."""
        jobs = [job for job in self.jobs.all() if job.kind in TEXT_KINDS]
        return min(jobs, key=lambda job: telling_rank(job.status), default=None)


class Upload(models.Model):
    """A file on its way in, received piece by piece. Gone once it became a recording or was refused."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads")
    original_name = models.CharField(max_length=500)
    size_bytes = models.PositiveBigIntegerField()
    received_bytes = models.PositiveBigIntegerField(default=0)
    metadata = models.TextField(blank=True, default="", help_text="As the client sent it: keys with values in base64.")
    content_hash = models.CharField(
        max_length=64, blank=True, default="", help_text="SHA-256 of the whole file, once it was asked for."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("upload"), _("uploads")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(received_bytes__lte=models.F("size_bytes")), name="upload_not_beyond_its_size"
            )
        ]

    def __str__(self) -> str:
        return self.original_name
