"""Stock that the gate would let through."""

from collections.abc import Iterable
from datetime import date

from django.db.models import BigIntegerField, Exists, F, Q, Value

from inventory.models import Balance, LocationKind, Lot, LotStatus
from quality.gate.shelf_life import ShelfLives
from quality.gate.sql import stop_code
from quality.models import RestrictedUse, ShelfLifeRule


def fefo(
    materials: Iterable[int],
    on: date,
    *,
    reference: str | None = "",
    customer: int | None = None,
    site: int | None = None,
) -> list[Balance]:
    """Free stock in storage that may be staged for a demand: first expired, first out.

    With None for a reference, restricted lots are there as well, and those with any shelf life
    left: `permits` and `lives_of` tell for whom. `site` (an id) keeps to one site. One statement.
    Lots without an expiry date come last, older lots before newer ones.
    """
    anybody = reference is None
    stop = stop_code(
        on=on,
        reference=None if anybody else "asked_for",
        customer="for_customer",
        needs_life=Q(pk__in=[]) if anybody else None,
    )
    rows = (
        Balance.objects.filter(
            lot__material__in=list(materials),
            location__kind=LocationKind.STORAGE,
            location__is_open=True,
            quantity__gt=F("reserved") + F("bound"),
        )
        .annotate(
            asked_for=Value(reference or ""),
            for_customer=Value(customer, BigIntegerField()),
            ruled=Exists(ShelfLifeRule.objects.said()),
            stop=stop,
        )
        .filter(stop="")
        .select_related("lot__material__base_unit", "location", "container")
        .order_by(F("lot__expires_on").asc(nulls_last=True), "lot_id", "location__walk_order", "pk")
    )
    if site is not None:
        rows = rows.filter(location__site=site)
    return list(rows)


def permits(lots: Iterable[Lot], on: date) -> set[tuple[int, str]]:
    """Which restricted lots (by id) may be used for which demands. One statement."""
    restricted = {lot.pk for lot in lots if lot.status == LotStatus.RESTRICTED}
    rows = RestrictedUse.objects.filter(Q(until=None) | Q(until__gte=on), lot__in=restricted)
    return set(rows.values_list("lot", "reference"))


def lives_of(found: Iterable[Balance]) -> ShelfLives:
    """How much shelf life who asks for, to judge what `fefo` found for anybody. One statement at
    most, and none where there are no rules."""
    ruled = any(balance.ruled for balance in found)  # type: ignore[attr-defined]
    return ShelfLives.read() if ruled else ShelfLives({})


def alternatives(
    lot: Lot,
    on: date,
    *,
    reference: str = "",
    customer: int | None = None,
    site: int | None = None,
    most: int = 3,
) -> list[Balance]:
    """Other lots of the same material that would do, the first to expire first."""
    found = fefo([lot.material_id], on, reference=reference, customer=customer, site=site)
    return [balance for balance in found if balance.lot_id != lot.pk][:most]
