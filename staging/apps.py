from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StagingConfig(AppConfig):
    name = "staging"
    verbose_name = _("Staging")

    def ready(self) -> None:
        from inventory.seals import registry
        from quality.reactions import AFTER_HOLD
        from staging import catalogue, evidence, pulls, sites
        from staging.guided import flows
        from staging.labels import lines
        from staging.models import AlertStep, ClaimChange, ClaimStep

        catalogue.install()
        sites.install()
        flows.install()
        evidence.install()
        lines.install()
        AFTER_HOLD.append(pulls.after_hold)
        registry.add(ClaimChange, ClaimStep, AlertStep)
