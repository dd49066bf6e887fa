"""A link by which people without an account read a recording."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.recording import Recording


class ShareManager(models.Manager["Share"]):
    def open_at(self, now: datetime) -> "models.QuerySet[Share]":
        """Those that lead anywhere at a time."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, recording__deleted_at=None)


class Share(models.Model):
    """Read-only access to one recording, as it stands when it is looked at.

    The token in the address is not kept. It is made of the id and the site's SECRET_KEY (192 bits), so the owner can
    copy the address again at any time, while a stolen database or backup opens no link. Links are found by the hash of
    the token, by an index: there is no comparison whose time could tell anything. With another SECRET_KEY the links
    given out go on working, as their hashes stay; only their addresses can no longer be shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="shares")
    token_hash = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256, in hexadecimal.")
    password = models.CharField(max_length=128, blank=True, help_text="Hashed as accounts' are; empty for none.")
    has_audio = models.BooleanField(default=True, help_text="Whether the audio or video can be played as well.")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0, help_text="Each visitor's session counts once.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ShareManager()

    class Meta:
        verbose_name, verbose_name_plural = _("share link"), _("share links")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
