"""The words that search goes by, made by the database and kept in step by it."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from jobs import search_index


def make(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        search_index.make_sqlite(schema_editor.connection)
        return
    for statement in search_index.POSTGRESQL:
        schema_editor.execute(statement, None)


def drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        search_index.drop_sqlite(schema_editor.connection)
        return
    for statement in search_index.POSTGRESQL_BACK:
        schema_editor.execute(statement, None)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0008_versions_shown"),
    ]

    operations = [migrations.RunPython(make, drop)]
