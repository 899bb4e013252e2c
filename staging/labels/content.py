"""What a label says, apart from how it looks."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import gs1
from inventory.gs1 import Element
from inventory.models import Container, Location, Lot, Material, Tracking
from inventory.templatetags.components import STATUSES
from inventory.units import plain
from staging.labels.symbols import Code
from staging.models import Demand

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label. `facts` stand in the order of their weight: where there is no room for all, those
    after the first `needed` give way.

    `code` is in the DataMatrix; `bars` go below it as Code 128, where there is room. `sscc` and
    `contents` are the GS1-128 symbols of a logistic label.
    """

    kind: str
    heading: str
    title: str
    subtitle: str = ""
    strong: str = ""
    facts: Facts = ()
    needed: int = 0
    code: Code
    bars: Code | None = None
    sscc: Code | None = None
    contents: gs1.Elements = ()
    foot: str = ""
    copies: int = 1

    def with_foot(self, foot: str) -> "Label":
        return replace(self, foot=foot)


@dataclass(frozen=True, slots=True)
class Content:
    """What a container holds of one lot."""

    lot: Lot
    quantity: Decimal


def moment(at: datetime) -> str:
    """Date and time with their zone: a status is true at a time only."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M %Z}"


def lot_label(
    lot: Lot, badges: list[str], *, quantity: Decimal | None, copies: int, at: datetime
) -> Label:
    """A lot: what it is, until when, and its status at the time of printing."""
    elements = _of_lot(lot)
    if elements and quantity is not None:
        said = gs1.measure(quantity, lot.material.base_unit_id) or gs1.count("30", quantity)
        elements = gs1.in_order((*elements, *([said] if said else [])))
    status = " · ".join(str(STATUSES[code.removeprefix("lot_")][2]) for code in badges)
    facts = [(_("Lot"), lot.number)]
    if quantity is not None:
        facts.append((_("Quantity"), _amount(quantity, lot.material)))
    facts += _dates(lot)
    facts.append((_("Status at"), moment(at)))
    needed = len(facts)
    if lot.supplier_lot:
        facts.append((_("Supplier lot"), lot.supplier_lot))
    if lot.material.storage_condition:
        facts.append((_("Store"), lot.material.get_storage_condition_display()))
    return Label(
        kind="lots",
        heading=lot.material.code,
        title=lot.material.name,
        strong=status.upper(),
        facts=tuple(facts),
        needed=needed,
        code=Code(elements=elements) if elements else Code(lot.code),
        copies=copies,
    )


def container_label(container: Container, contents: list[Content], *, copies: int) -> Label:
    """A container; by GS1 where it has an SSCC, with what is in it where that is one lot."""
    facts: list[tuple[str, str]] = []
    only = contents[0] if len(contents) == 1 else None
    if only:
        facts += [
            (_("Material"), only.lot.material.code),
            (_("Lot"), only.lot.number),
            (_("Quantity"), _amount(only.quantity, only.lot.material)),
            *_dates(only.lot),
        ]
    elif contents:
        facts.append((_("Contents"), _("%d lots") % len(contents)))
    needed = len(facts)
    if container.kind:
        facts.append((_("Kind"), container.kind))
    number = Element("00", container.sscc) if container.sscc else None
    contained = _contained(only) if only and number else ()
    return Label(
        kind="containers",
        heading=_("SSCC") if number else _("Container"),
        title=container.code,
        subtitle=only.lot.material.name if only else "",
        facts=tuple(facts),
        needed=needed,
        code=Code(elements=(number, *contained)) if number else Code(container.code),
        bars=None if number else Code(container.code),
        sscc=Code(elements=(number,)) if number else None,
        contents=contained,
        copies=copies,
    )


def location_label(location: Location, *, copies: int) -> Label:
    """A place: its code, to be read and scanned from where a truck stands."""
    facts = [(_("Within"), location.parent.code)] if location.parent else []
    if location.state_label:
        facts.append((_("For"), location.state_label))
    if location.zone:
        facts.append((_("Store"), location.get_zone_display()))
    return Label(
        kind="locations",
        heading=location.site.name,
        title=location.code,
        subtitle=location.name,
        facts=tuple(facts),
        code=_of_place(location),
        bars=Code(location.code),
        copies=copies,
    )


def demand_label(demand: Demand, *, copies: int) -> Label:
    """A demand: for the cart, the kit or the pick list that is made up for it."""
    facts = [(_("Needed at"), moment(demand.needed_at))]
    goal = demand.work_center or demand.customer
    if goal:
        facts.append((_("To"), f"{goal.code} {goal.name}"))
    for name, value in ((_("Route"), demand.route), (_("Carrier"), demand.carrier)):
        if value:
            facts.append((name, value))
    return Label(
        kind="demands",
        heading=demand.get_kind_display(),
        title=demand.reference,
        subtitle=demand.product.name if demand.product else "",
        facts=tuple(facts),
        needed=1,
        code=Code(demand.reference),
        bars=Code(demand.reference),
        copies=copies,
    )


def _of_place(location: Location) -> Code:
    """(414) with (254) where the place has a GLN; else our own code."""
    if not location.gln:
        return Code(location.code)
    extension = location.gln_extension
    more = (Element("254", extension),) if extension else ()
    return Code(elements=(Element("414", location.gln), *more))


def _dates(lot: Lot) -> list[tuple[str, str]]:
    named = ((_("Expires"), lot.expires_on), (_("Retest"), lot.retest_on))
    return [(name, day.isoformat()) for name, day in named if day]


def _amount(quantity: Decimal, material: Material) -> str:
    return f"{plain(quantity)} {material.base_unit_id}"


def _of_lot(lot: Lot) -> gs1.Elements:
    """(01) (17) and (10) or (21); nothing where GS1 cannot carry it, so that our code does."""
    gtin = gs1.gtin14(lot.material.gtin)
    if not gtin or not gs1.is_text(lot.number):
        return ()
    serial = lot.material.tracking == Tracking.SERIAL
    number = Element("21" if serial else "10", lot.number)
    return (Element("01", gtin), *_expiry(lot.expires_on), number)


def _contained(content: Content) -> gs1.Elements:
    """What a logistic unit holds: a count of trade items, (02) and (37); or, of what is weighed or
    measured, the unit as a trade item itself, (01) and (310n). Nothing of a lot without GTIN."""
    lot = content.lot
    gtin, unit = gs1.gtin14(lot.material.gtin), lot.material.base_unit_id
    if not gtin or not gs1.is_text(lot.number):
        return ()
    expiry, number = _expiry(lot.expires_on), Element("10", lot.number)
    if unit in gs1.MEASURED:
        measured = gs1.measure(content.quantity, unit)
        return (Element("01", gtin), *([measured] if measured else []), *expiry, number)
    counted = gs1.count("37", content.quantity)
    return (Element("02", gtin), counted, *expiry, number) if counted else ()


def _expiry(day: date | None) -> gs1.Elements:
    return (Element("17", gs1.day(day)),) if day else ()
