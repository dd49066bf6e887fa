"""Links by which people without an account read a recording."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0009_search_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="Share",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "token_hash",
                    models.CharField(editable=False, help_text="SHA-256, in hexadecimal.", max_length=64, unique=True),
                ),
                (
                    "password",
                    models.CharField(
                        blank=True, help_text="Hashed as accounts' are; empty for none.", max_length=128
                    ),
                ),
                (
                    "has_audio",
                    models.BooleanField(default=True, help_text="Whether the audio or video can be played as well."),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "views",
                    models.PositiveIntegerField(default=0, help_text="Each visitor's session counts once."),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "recording",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shares", to="jobs.recording"
                    ),
                ),
            ],
            options={
                "verbose_name": "share link",
                "verbose_name_plural": "share links",
                "ordering": ["-created_at"],
            },
        ),
    ]
