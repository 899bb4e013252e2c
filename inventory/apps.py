from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InventoryConfig(AppConfig):
    name = "inventory"
    verbose_name = _("Inventory")

    def ready(self) -> None:
        from inventory import audit_people, catalogue
        from inventory.models import AuditEntry, LotLink, Movement, RefusedAttempt
        from inventory.seals import registry

        catalogue.install()
        audit_people.connect()
        registry.add(Movement, AuditEntry, RefusedAttempt, LotLink)
