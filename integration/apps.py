from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationConfig(AppConfig):
    name = "integration"
    verbose_name = _("Integration")

    def ready(self) -> None:
        from integration import sites
        from integration.access import scopes
        from integration.external.naming import also_by_system
        from inventory import codes
        from staging.api.dwell import VERBS as DWELL_VERBS

        codes.also(also_by_system)
        sites.install()
        for verb in DWELL_VERBS:
            scopes.register(verb.permission, verb.label)
        scopes.register("integration.capture_epcis", _("Capture EPCIS events, as whatever verbs"))
        scopes.register("integration.add_subscription", _("Set webhooks up"))
        scopes.register("integration.change_subscription", _("Change webhooks"))
        scopes.register("integration.choose_notices", _("Choose one's own notifications"))
