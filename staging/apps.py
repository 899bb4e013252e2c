from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StagingConfig(AppConfig):
    name = "staging"
    verbose_name = _("Staging")

    def ready(self) -> None:
        from staging import catalogue, evidence

        catalogue.install()
        evidence.install()
