from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _

PLACED = ("actor", "surface", "reason", "occurred_at", "recorded_at", "batch")
"""What is said of a hold when it is placed, and never changes."""


class QualityConfig(AppConfig):
    name = "quality"
    verbose_name = _("Quality")

    def ready(self) -> None:
        from inventory.seals import registry
        from quality import catalogue, models, occasions, sites
        from quality.models.holds import TARGETS

        catalogue.install()
        sites.install()
        pre_migrate.connect(occasions.give_way, sender=self)
        post_migrate.connect(occasions.ensure, sender=self)
        registry.add(models.Decision, models.Proposal, models.ProposalEnd, models.Signature)
        registry.add(models.Inspection, models.InspectionResult, models.Disposition)
        registry.add(models.Attachment)
        registry.add(models.Hold, fields=(*TARGETS, *PLACED))  # lifts: audit entries
