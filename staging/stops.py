"""Which stops lie on a lot today, for lists and pages. The gate knows the stops themselves."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from inventory.models import Balance, Lot
from quality import gate
from quality.models import Hold


def on_hold(on: date) -> Q:
    """Lots under an open hold: their own, their material's, or one on where some of it stands."""
    holds = Hold.objects.open()
    held = (
        Balance.objects.filter(lot=OuterRef("pk"), quantity__gt=0)
        .annotate(stop=gate.stop_code(on=on))
        .filter(stop="lot_on_hold")
    )
    return (
        Q(Exists(holds.filter(lot=OuterRef("pk"))))
        | Q(Exists(holds.filter(material=OuterRef("material"))))
        | Q(Exists(held))
    )


def with_stop(balances: QuerySet[Balance], on: date) -> QuerySet[Any]:
    """Annotate `stop`: why the gate would not let it be staged for just any demand, or ''.

    What is restricted to named demands is stopped by that.
    """
    no_demand: QuerySet[Any] = balances.annotate(asked_for=Value(""))
    stopped: QuerySet[Any] = no_demand.annotate(stop=gate.stop_code(on=on, reference="asked_for"))
    return stopped


def held_among(lots: Iterable[Lot], on: date) -> dict[int, str]:
    """`on_hold` or `partly_on_hold` for those of the lots that are under an open hold.

    Partly: the hold lies on a container or a place, and some of the lot stands elsewhere. One
    statement.
    """
    stock = Balance.objects.filter(lot=OuterRef("pk"), quantity__gt=0)
    elsewhere = with_stop(stock, on).exclude(stop="lot_on_hold")
    rows = Lot.objects.filter(pk__in=[lot.pk for lot in lots]).filter(on_hold(on))
    partly = Exists(elsewhere)
    return {
        pk: "partly_on_hold" if some else "on_hold"
        for pk, some in rows.annotate(partly=partly).values_list("pk", "partly")
    }


def badges(lot: Lot, on: date, *, held: str = "") -> list[str]:
    """What to show of a lot: its status, and what stops it besides. `held`: as `held_among`."""
    dates = [stop.code for stop in gate.DATE_STOPS if stop.met(lot, on)]
    return [lot.status, *([held] if held else []), *dates]


def holds_on(lot: Lot, balances: Iterable[Balance]) -> QuerySet[Hold]:
    """Open holds that stop the lot or any part of it, wherever they were placed.

    `balances` come with their location and container.
    """
    balances = list(balances)
    codes = {code for balance in balances for code in balance.location.ancestry}
    containers = {
        pk
        for balance in balances
        if balance.container
        for pk in (balance.container.pk, balance.container.parent_id)
        if pk
    }
    touching = Q(lot=lot) | Q(material=lot.material_id)
    touching |= Q(location__code__in=codes) | Q(container__in=containers)
    rows = Hold.objects.open().filter(touching)
    return rows.select_related("actor", "lot", "location", "container", "material").order_by("pk")
