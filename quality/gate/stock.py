"""Stock that the gate would let through."""

from collections.abc import Iterable
from datetime import date

from django.db.models import F, Q, Value

from inventory.models import Balance, LocationKind, Lot, LotStatus
from quality.gate.lines import require_shelf_life
from quality.gate.sql import stop_code
from quality.models import RestrictedUse


def fefo(
    materials: Iterable[int], on: date, *, reference: str | None = "", site: int | None = None
) -> list[Balance]:
    """Free stock in storage that may be staged for a demand: first expired, first out.

    With None for a reference, restricted lots are there as well: `permits` tells for whom. `site`
    (an id) keeps to one site. One statement. Lots without an expiry date come last, older lots
    before newer ones.
    """
    for_demand = {} if reference is None else {"asked_for": Value(reference)}
    stop = stop_code(on=on, reference="asked_for" if for_demand else None)
    rows = (
        Balance.objects.filter(
            lot__material__in=list(materials),
            location__kind=LocationKind.STORAGE,
            location__is_open=True,
            quantity__gt=F("reserved") + F("bound"),
        )
        .annotate(**for_demand, stop=stop)
        .filter(stop="")
        .select_related("lot__material__base_unit", "location", "container")
        .order_by(F("lot__expires_on").asc(nulls_last=True), "lot_id", "location__walk_order", "pk")
    )
    if site is not None:
        rows = rows.filter(location__site=site)
    return [row for row in rows if require_shelf_life(row.lot, on) is None]


def permits(lots: Iterable[Lot], on: date) -> set[tuple[int, str]]:
    """Which restricted lots (by id) may be used for which demands. One statement."""
    restricted = {lot.pk for lot in lots if lot.status == LotStatus.RESTRICTED}
    rows = RestrictedUse.objects.filter(Q(until=None) | Q(until__gte=on), lot__in=restricted)
    return set(rows.values_list("lot", "reference"))


def alternatives(
    lot: Lot, on: date, *, reference: str = "", site: int | None = None, most: int = 3
) -> list[Balance]:
    """Other lots of the same material that would do, the first to expire first."""
    found = fefo([lot.material_id], on, reference=reference, site=site)
    return [balance for balance in found if balance.lot_id != lot.pk][:most]
