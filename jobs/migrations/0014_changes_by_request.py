"""A request to change a transcript is known again when it comes twice."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0013_trash_and_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="change",
            name="request",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What the page calls the request that made it; empty for none.",
                max_length=40,
            ),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("request", ""), _negated=True),
                fields=["transcript", "person", "request"],
                name="change_of_request",
            ),
        ),
    ]
