from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class QualityConfig(AppConfig):
    name = "quality"
    verbose_name = _("Quality")

    def ready(self) -> None:
        from quality import catalogue, occasions

        catalogue.install()
        pre_migrate.connect(occasions.give_way, sender=self)
        post_migrate.connect(occasions.ensure, sender=self)
