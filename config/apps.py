"""The project as an app: Celery's wiring and the admin site of our own."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ForestageConfig(AppConfig):
    name = "config"
    label = "forestage"
    verbose_name = "Forestage"

    def ready(self) -> None:
        # Tasks queued by web processes must use the configured app. Imported here and not in
        # config/__init__.py, because the bootstrap reads this package before Celery is installed.
        from config import celery, field_names  # noqa: F401

        field_names.translate()


class ForestageAdminConfig(AdminConfig):
    default_site = "config.admin_site.ForestageAdminSite"
