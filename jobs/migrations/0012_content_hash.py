"""Files are known again by what is in them; uploads keep what their client said."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0011_export_preferences"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="recording",
            name="content_hash",
            field=models.CharField(
                blank=True, default="", help_text="SHA-256 of the file as it came, in hexadecimal.", max_length=64
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="content_hash",
            field=models.CharField(
                blank=True, default="", help_text="SHA-256 of the whole file, once it was asked for.", max_length=64
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="metadata",
            field=models.TextField(
                blank=True, default="", help_text="As the client sent it: keys with values in base64."
            ),
        ),
        migrations.AddIndex(
            model_name="recording",
            index=models.Index(
                condition=models.Q(("content_hash", ""), _negated=True),
                fields=["owner", "content_hash"],
                name="recording_content",
            ),
        ),
    ]
