"""What is asked for: labels of which things, how many, of what size, in which format."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.actions.moves import LotField
from inventory.actions.numbering import ContainerField
from inventory.codes import Naming
from inventory.fields import About, Words
from inventory.models import Location
from staging.models import Demand, LabelSize

LocationField = Annotated[Location, About(_("Location"), _("Scan the location."))]
DemandField = Annotated[Demand, About(_("Demand"), _("Scan the order or shipment."))]
CopiesField = Annotated[int, About(_("Copies"), _("Of each label."))]
ReasonField = Annotated[
    str, About(_("Reason"), _("For a reprint: what became of the first one."), max_length=500)
]


class Format(models.TextChoices):
    PDF = "pdf", _("PDF, for any printer")
    ZPL = "zpl", _("ZPL, for a label printer")


class Resolution(models.TextChoices):
    """Dots per inch of a label printer."""

    COARSE = "203", _("203 dpi (8 dots per mm)")
    FINE = "300", _("300 dpi (12 dots per mm)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LotLabel:
    """Labels of one lot, with its status at this time."""

    lot: LotField
    quantity: Annotated[
        Decimal | None, About(_("Quantity"), _("In the base unit. Empty: none on the label."))
    ] = None
    copies: CopiesField = 1
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLabel:
    """Labels of one container: GS1 logistic labels where it has an SSCC."""

    container: ContainerField
    copies: CopiesField = 1
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationLabel:
    """Labels of one location."""

    location: LocationField
    copies: CopiesField = 1
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandLabel:
    """Labels of one demand."""

    demand: DemandField
    copies: CopiesField = 1
    reason: ReasonField = ""


Line: TypeAlias = LotLabel | ContainerLabel | LocationLabel | DemandLabel


@dataclass(frozen=True, slots=True)
class Kind:
    """What labels there are of: the line that asks, its field, who may read it, the usual size."""

    name: str
    label: Words
    line: type[Any]
    field: str
    reads: str
    usual_size: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("lots", _("Lot labels"), LotLabel, "lot", "inventory.view_lot", "100x50"),
        Kind("containers", _("Container labels"), ContainerLabel, "container",
             "inventory.view_container", "100x150"),
        Kind("locations", _("Location labels"), LocationLabel, "location",
             "inventory.view_location", "100x150"),
        Kind("demands", _("Demand labels"), DemandLabel, "demand", "staging.view_demand", "100x50"),
    )
}  # fmt: skip

PERMISSION = "staging.print_labels"


def install() -> None:
    """Let label sizes be named by code."""
    codes.register(LabelSize, Naming(("code",)))
