"""Which version of a text the pages show: so far the latest."""

import django.utils.timezone
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def since_they_were_made(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("jobs", "Transcript").objects.update(shown_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0007_names_for_people"),
    ]

    operations = [
        migrations.AddField(
            model_name="transcript",
            name="shown_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                editable=False,
                help_text="Since when the pages show it, unless another is shown since.",
            ),
        ),
        migrations.RunPython(since_they_were_made, migrations.RunPython.noop),
    ]
