"""A change that somebody else has built on since is passed over when its author undoes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0014_changes_by_request"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="change", name="change_standing_known"),
        migrations.AddField(
            model_name="change",
            name="passed_over",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The request that was to take it back, or to do it again.",
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="change",
            name="standing",
            field=models.CharField(
                choices=[
                    ("done", "Done"),
                    ("undone", "Undone"),
                    ("kept", "Cannot be undone"),
                    ("dropped", "Undone for good"),
                ],
                default="done",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(("standing__in", ["done", "undone", "kept", "dropped"])),
                name="change_standing_known",
            ),
        ),
    ]
