"""How a person wants files that they take away."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ExportPreference(models.Model):
    """What a person chose last; the next files are made the same way.

    Attributes:
        choices: Those of `ExportChoices`.
        archive_formats: The names of what several recordings were last taken away in; empty for every format.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="export_preference"
    )
    choices = models.JSONField(default=dict)
    archive_formats = models.JSONField(default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("export preference"), _("export preferences")

    def __str__(self) -> str:
        return str(self.person)
