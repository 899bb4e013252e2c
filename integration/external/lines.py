"""What another system says of a thing when it puts it. What it leaves out stays as it is."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from django.utils.translation import gettext_lazy as _

from integration.models.external import LONGEST_ID
from inventory.fields import About
from inventory.models import Condition, LocationKind, MaterialKind, Purpose, Site, Tracking, Unit

SourceField = Annotated[
    str, About(_("System"), _("The system that calls it so, e.g. ERP."), max_length=40)
]
IdField = Annotated[str, About(_("Identifier"), max_length=LONGEST_ID)]
Code = Annotated[
    str | None, About(_("Code"), _("Ours. Empty: the identifier, for a new one."), max_length=60)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutMaterial:
    """A material as another system keeps it. What quality decides of it stays with people."""

    source: SourceField
    id: IdField
    code: Code = None
    name: Annotated[str | None, About(_("Name"), max_length=200)] = None
    kind: Annotated[MaterialKind | None, About(_("Kind"))] = None
    category: Annotated[str | None, About(_("Category"), max_length=80)] = None
    base_unit: Annotated[Unit | None, About(_("Base unit"))] = None
    gtin: Annotated[str | None, About(_("GTIN"), max_length=14)] = None
    tracking: Annotated[Tracking | None, About(_("Tracking"))] = None
    shelf_life_days: Annotated[int | None, About(_("Shelf life, days"))] = None
    retest_days: Annotated[int | None, About(_("Retest interval, days"))] = None
    safety_stock: Annotated[Decimal | None, About(_("Safety stock"))] = None
    is_active: Annotated[bool | None, About(_("Active"))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutLocation:
    """A location as another system keeps it."""

    source: SourceField
    id: IdField
    code: Code = None
    name: Annotated[str | None, About(_("Name"), max_length=120)] = None
    site: Annotated[Site | None, About(_("Site"))] = None
    parent: Annotated[
        str | None,
        About(_("Within"), _("As the system calls it, or our code."), max_length=LONGEST_ID),
    ] = None
    kind: Annotated[LocationKind | None, About(_("Kind"))] = None
    purpose: Annotated[Purpose | None, About(_("Purpose"))] = None
    condition: Annotated[Condition | None, About(_("Storage condition"))] = None
    capacity: Annotated[int | None, About(_("Capacity"))] = None
    state_label: Annotated[str | None, About(_("State label"), max_length=60)] = None
    routes: Annotated[
        str | None,
        About(_("Routes"), _("That a shipping lane serves, with ; between."), max_length=400),
    ] = None
    carriers: Annotated[
        str | None,
        About(_("Carriers"), _("That a shipping lane serves, with ; between."), max_length=400),
    ] = None
    gln: Annotated[str | None, About(_("GLN"), max_length=13)] = None
    walk_order: Annotated[int | None, About(_("Walking order"))] = None
    is_open: Annotated[bool | None, About(_("Open"))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutLot:
    """A lot that another system announces. Nothing of it is on hand until it is received."""

    source: SourceField
    id: IdField
    material: Annotated[
        str,
        About(_("Material"), _("As the system calls it, or our code."), max_length=LONGEST_ID),
    ]
    number: Annotated[
        str | None,
        About(_("Lot or serial number"), _("Empty: the identifier."), max_length=60),
    ] = None
    supplier_lot: Annotated[str | None, About(_("Supplier lot"), max_length=60)] = None
    made_on: Annotated[date | None, About(_("Made on"))] = None
    expires_on: Annotated[date | None, About(_("Expires on"))] = None
