"""Texts whose accents are characters of their own are found, and titles have the order that people expect."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from jobs import search_index, title_order


def make(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(title_order.POSTGRESQL, None)
    search_index.index_decomposed(schema_editor.connection)


def drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(title_order.POSTGRESQL_BACK, None)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0016_subtitled_videos"),
    ]

    operations = [migrations.RunPython(make, drop)]
