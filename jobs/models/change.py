"""What people did to the words of a recording."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.transcript import Transcript


class ChangeKind(models.TextChoices):
    TEXT = "text", _("Text corrected")
    SPLIT = "split", _("Split in two")
    JOIN = "join", _("Joined")
    SPEAKER = "speaker", _("Speaker changed")
    RENAME = "rename", _("Speaker renamed")
    MERGE = "merge", _("Speakers merged")
    TIMES = "times", _("Times changed")
    SHIFT = "shift", _("Moved in time")
    INSERT = "insert", _("Inserted")
    DELETE = "delete", _("Deleted")
    REPLACE = "replace", _("Replaced")
    CONFIRM = "confirm", _("Word confirmed")
    UNDO = "undo", _("Undone")
    REDO = "redo", _("Done again")
    RESTORE = "restore", _("Restored")


class Standing(models.TextChoices):
    """Where a change stands for undo and redo."""

    DONE = "done", _("Done")
    UNDONE = "undone", _("Undone")
    KEPT = "kept", _("Cannot be undone")  # somebody else has changed the same since
    DROPPED = "dropped", _("Undone for good")  # its author, or somebody else, did something else instead


class Change(models.Model):
    """One change of a transcript; taking one back is a change too. Rows are only added; `standing` alone moves.

    `speakers_before` and `speakers_after` hold, by the speaker's id, {"label", "name"} or null where there is none.
    """

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="changes")
    number = models.PositiveIntegerField(help_text="The revision of the transcript it led to.")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=20, choices=ChangeKind.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.DONE)
    request = models.CharField(
        max_length=40, blank=True, default="", help_text="What the page calls the request that made it; empty for none."
    )
    passed_over = models.CharField(
        max_length=40, blank=True, default="", help_text="The request that was to take it back, or to do it again."
    )
    target = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", help_text="What was taken back or done again."
    )
    speakers_before = models.JSONField(default=dict)
    speakers_after = models.JSONField(default=dict)

    class Meta:
        verbose_name, verbose_name_plural = _("change"), _("changes")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["transcript", "number"], name="change_number_once"),
            models.CheckConstraint(condition=models.Q(kind__in=ChangeKind.values), name="change_kind_known"),
            models.CheckConstraint(condition=models.Q(standing__in=Standing.values), name="change_standing_known"),
        ]
        indexes = [
            # Finds what a request did when it comes again. One of several operations makes several changes, so that
            # the lock on the transcript, not a unique key, keeps it from doing them twice.
            models.Index(
                fields=["transcript", "person", "request"], condition=~models.Q(request=""), name="change_of_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_kind_display()}"


class SegmentChange(models.Model):
    """What a change did to one segment: the values of the fields that it changed.

    `before` is null where the segment was made, `after` where it was deleted; the other one then has all fields.
    """

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="segments")
    segment = models.BigIntegerField(help_text="The id of a segment, which may be gone.")
    revision = models.PositiveIntegerField(help_text="The segment's, afterwards.")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("change of a segment"), _("changes of segments")
        ordering = ["pk"]
        constraints = [
            # Also finds what happened to one segment.
            models.UniqueConstraint(fields=["segment", "revision"], name="segment_revision_once"),
        ]

    def __str__(self) -> str:
        return f"{self.segment}, revision {self.revision}"
