"""What people call several recordings together."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_TAG_CHARS = 60


class Tag(models.Model):
    """A word of one person, without a comma, for as many of their recordings as they like."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=MAX_TAG_CHARS)

    class Meta:
        verbose_name, verbose_name_plural = _("tag"), _("tags")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="tag_name_once")]

    def __str__(self) -> str:
        return self.name
