"""What other systems call our things, and what they last said of demands."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Location, Lot, Material
from inventory.models.places import code_validator
from staging.models import Demand

LONGEST_ID = 80

identifier_validator = RegexValidator(
    r"^[^\s/?#]+$", _("No blanks, slashes, question or hash marks."), code="bad_identifier"
)


class ThingKind(models.TextChoices):
    MATERIAL = "material", _("Material")
    LOCATION = "location", _("Location")
    LOT = "lot", _("Lot")
    DEMAND = "demand", _("Demand")


MODELS: dict[str, type[models.Model]] = {
    ThingKind.MATERIAL: Material,
    ThingKind.LOCATION: Location,
    ThingKind.LOT: Lot,
    ThingKind.DEMAND: Demand,
}


def _only(kind: str) -> Q:
    """Of the four things, that of this kind and no other."""
    return Q(kind=kind, **{f"{name}__isnull": name != kind for name in MODELS})


class ExternalId(models.Model):
    """What one system calls one thing of ours.

    Two systems may name the same thing; of one system, a thing has one name at most.
    """

    source = models.CharField(
        _("system"), max_length=40, validators=[code_validator],
        help_text=_("The system that calls it so, e.g. ERP."),
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=8, choices=ThingKind, editable=False, blank=True)
    identifier = models.CharField(
        _("identifier"), max_length=LONGEST_ID, validators=[identifier_validator]
    )
    material = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="external_ids",
        verbose_name=_("material"),
    )  # fmt: skip
    location = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="external_ids",
        verbose_name=_("location"),
    )  # fmt: skip
    lot = models.ForeignKey(
        Lot, models.PROTECT, null=True, blank=True, related_name="external_ids",
        verbose_name=_("lot"),
    )  # fmt: skip
    demand = models.ForeignKey(
        Demand, models.PROTECT, null=True, blank=True, related_name="external_ids",
        verbose_name=_("demand"),
    )  # fmt: skip

    class Meta:
        ordering = ("source", "kind", "identifier")
        verbose_name = _("external identifier")
        verbose_name_plural = _("external identifiers")
        default_permissions = ("add", "change", "view")
        permissions = [
            ("put_material", _("Keep materials from another system")),
            ("put_location", _("Keep locations from another system")),
            ("put_lot", _("Announce lots from another system")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind", "identifier"], name="one_thing_per_external_id",
                violation_error_message=_("The system calls something else so."),
            ),
            models.CheckConstraint(
                condition=_only("material") | _only("location") | _only("lot") | _only("demand"),
                name="external_id_of_one_thing",
                violation_error_message=_("Name exactly one thing."),
            ),
            *(
                models.UniqueConstraint(
                    fields=["source", name], condition=Q(**{f"{name}__isnull": False}),
                    name=f"one_external_id_per_{name}",
                    violation_error_message=_("The system has another identifier for it."),
                )
                for name in MODELS
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.source}:{self.identifier}"

    def clean(self) -> None:
        named = [name for name in MODELS if getattr(self, f"{name}_id") is not None]
        if len(named) != 1:
            raise ValidationError(_("Name exactly one thing."), code="one_thing")
        self.kind = named[0]

    @property
    def thing(self) -> Any:
        return getattr(self, self.kind)


class InboundDemand(models.Model):
    """The newest message of a system about one of its demands, and the turn to take the next one.

    There is one even where the demand is unknown: a cancellation that came before what it cancels
    must not be undone by it. `requirements` are its lines as it counts them; several of them may
    be one of ours.
    """

    source = models.CharField(_("system"), max_length=40)
    identifier = models.CharField(_("identifier"), max_length=LONGEST_ID)
    demand = models.ForeignKey(
        Demand, models.PROTECT, null=True, related_name="messages", verbose_name=_("demand")
    )
    version = models.BigIntegerField(_("version"), null=True)
    changed_at = models.DateTimeField(_("changed there at"), null=True)
    cancelled = models.BooleanField(_("cancelled there"), default=False)
    requirements = models.JSONField(_("lines"), default=list)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("inbound demand")
        verbose_name_plural = _("inbound demands")
        default_permissions = ("view",)
        permissions = [("send_demand", _("Send demands from another system"))]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "identifier"], name="one_record_per_inbound_demand"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.identifier}"
