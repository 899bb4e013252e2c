"""The on-hand picture: general, reserved, staged, in process and in transit, always apart.

`on hand = general + reserved + staged + in process + in transit`, by construction: each balance's
quantity is split by the kind of place it stands in and by what is claimed of it.
"""

from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, F, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from inventory.models import Balance, LocationKind
from inventory.models.materials import QUANTITY

PARTS = ("general", "reserved", "staged", "in_process", "in_transit")
"""The parts that make up what is on hand, in the order in which they are shown."""

GROUPS = {
    "material": ("lot__material__code", "lot__material__name", "lot__material__base_unit"),
    "lot": ("lot", "lot__code", "lot__material__code", "lot__material__base_unit"),
    "location": ("location__code", "location__name", "lot__material__base_unit"),
}
"""Columns by which the picture can be grouped. Units are never added up across each other."""


def split(balances: QuerySet[Balance], *group: str) -> QuerySet[Balance, dict[str, Any]]:
    """Sum balances into the parts and their `total`, by the given columns, in one statement.

    Quantities are in the base unit of the material: group by material or unit, or a total mixes
    units. Without a group, one row sums up everything.
    """
    rows: QuerySet[Balance, Any] = balances.filter(quantity__gt=0).order_by(*group).values(*group)
    return rows.annotate(
        **{part: _total(expression) for part, expression in _parts().items()},
        total=_total(F("quantity")),
    )


def picture(balances: QuerySet[Balance]) -> dict[str, Decimal]:
    """The parts and the total of balances of one material, as a dict."""
    zero = dict.fromkeys((*PARTS, "total"), Decimal(0))
    row = next(iter(split(balances, "lot__material__base_unit")), None)
    return zero | {name: row[name] for name in zero} if row else zero


def _parts() -> dict[str, Case]:
    in_process = When(location__kind=LocationKind.WORK_CENTER, then=F("quantity"))
    in_transit = When(location__kind=LocationKind.TRANSIT, then=F("quantity"))
    staged = When(location__kind=LocationKind.STAGING, then=F("bound"))
    moving = [LocationKind.WORK_CENTER, LocationKind.TRANSIT]
    return {
        "general": _case(
            When(location__kind__in=moving, then=Value(Decimal(0))),
            default=F("quantity") - F("reserved") - F("bound"),
        ),
        "reserved": _case(
            When(location__kind__in=moving, then=Value(Decimal(0))), default=F("reserved")
        ),
        "staged": _case(staged),
        "in_process": _case(in_process),
        "in_transit": _case(in_transit),
    }


def _case(*whens: When, default: Any = None) -> Case:
    return Case(
        *whens,
        default=Value(Decimal(0)) if default is None else default,
        output_field=DecimalField(**QUANTITY),
    )


def _total(expression: Any) -> Coalesce:
    return Coalesce(
        Sum(expression, output_field=DecimalField(**QUANTITY)),
        Value(Decimal(0)),
        output_field=DecimalField(**QUANTITY),
    )
