"""What a system says of one of its demands: the whole of it, or that it is cancelled."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from django.utils.translation import gettext_lazy as _

from integration.external.lines import IdField, SourceField
from integration.models.external import LONGEST_ID
from inventory.fields import About
from inventory.models import Site, Unit
from staging.models import DemandKind

AS_CALLED = _("As the system calls it, or our code.")


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundNeed:
    """One line of a demand, as its system counts them. Two lines may need the same."""

    line: Annotated[str, About(_("Line"), max_length=40)]
    material: Annotated[str, About(_("Material"), AS_CALLED, max_length=LONGEST_ID)]
    quantity: Annotated[Decimal, About(_("Quantity"))]
    unit: Annotated[Unit | None, About(_("Unit"))] = None
    lot: Annotated[
        str | None, About(_("Lot"), _("Only if this very lot must be used."), max_length=200)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundLine:
    """A demand as its system has it now. What is left out stays; `requirements` are all of them."""

    source: SourceField
    id: IdField
    version: Annotated[
        int | None, About(_("Version"), _("Counts up: an older message changes nothing any more."))
    ] = None
    changed_at: Annotated[
        datetime | None,
        About(_("Changed there at"), _("Tells old from new where there is no version.")),
    ] = None
    cancelled: Annotated[bool, About(_("Cancelled"))] = False
    reason: Annotated[str, About(_("Reason"), _("Kept in the audit trail."))] = ""
    reference: Annotated[
        str | None, About(_("Reference"), _("Empty: the identifier."), max_length=80)
    ] = None
    kind: Annotated[DemandKind | None, About(_("Kind"))] = None
    site: Annotated[Site | None, About(_("Site"))] = None
    needed_at: Annotated[datetime | None, About(_("Needed at"))] = None
    work_center: Annotated[
        str | None, About(_("Work centre"), AS_CALLED, max_length=LONGEST_ID)
    ] = None
    customer: Annotated[str | None, About(_("Customer"), AS_CALLED, max_length=LONGEST_ID)] = None
    route: Annotated[str | None, About(_("Route"), max_length=60)] = None
    carrier: Annotated[str | None, About(_("Carrier"), max_length=60)] = None
    product: Annotated[str | None, About(_("Product"), AS_CALLED, max_length=LONGEST_ID)] = None
    requirements: Annotated[
        tuple[InboundNeed, ...] | None,
        About(_("Materials"), _("All lines. Those that are missing are taken off.")),
    ] = None
