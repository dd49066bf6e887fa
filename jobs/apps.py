from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Transcriber"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jobs import checks, search_index  # noqa: F401  registers the system checks

        connection_created.connect(search_index.teach, dispatch_uid="search_words")
        post_migrate.connect(search_index.keep_in_step, sender=self, dispatch_uid="search_index")
