"""Which stops lie on a lot today, for lists and pages. The gate knows the stops themselves."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from django.db import connection
from django.db.models import DateField, Exists, OuterRef, Q, QuerySet, Value

from inventory.actions.containers import with_nested
from inventory.models import Balance, Container, Location, Lot, LotStatus
from inventory.statements import Given, Select
from quality import gate
from quality.models import Effect, GatedAction, Hold, UsageRule
from quality.models.holds import NESTING


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
        | Q(Exists(holds.of_suppliers().filter(supplier_lot=OuterRef("supplier_lot"))))
        | Q(Exists(held))
    )


@dataclass(frozen=True, slots=True)
class InForce:
    """What the usage rules in force say of each status, and the longest shelf life that anybody
    asks for, read once. One statement."""

    rules: tuple[UsageRule, ...]
    longest: int

    @classmethod
    def read(cls) -> Self:
        rules: tuple[Any, ...] = tuple(_RULES())
        return cls(rules, max((row.longest for row in rules), default=0))

    def doubtful(self, on: date, *, at: datetime | None = None) -> Q:
        """What a lot's own row must say for the gate to stop it, of what has a column `lot`.

        Holds and the ends of permits are not in it. Much cheaper to ask than the gate, and never
        narrower: usually it says "not released, or past a date".
        """
        rules = [rule for rule in self.rules if rule.counts_on(on)]
        allowed = _allowed(rules)
        doubt = ~Q(lot__status__in=allowed)
        for stop in gate.DATE_STOPS:
            doubt |= stop.condition(on, "lot__", at=at)
        if self.longest:
            doubt |= Q(lot__expires_on__lt=gate.later(on, self.longest))
        for rule in rules:
            if rule.effect == Effect.DENY and rule.status in allowed:
                doubt |= _meant_by(rule)
        return doubt


_RULES: Select[UsageRule] = Select(
    lambda: (
        UsageRule.objects.of_current_set()
        .filter(action__in=("", GatedAction.STAGE))
        .annotate(longest=gate.longest_life())
    )
)
"""Compiled once: each board, and each page of materials, asks."""


def _allowed(rules: Iterable[UsageRule]) -> list[str]:
    plain = (rule for rule in rules if not (rule.purpose or rule.material_id or rule.customer_id))
    allowed = {rule.status for rule in plain if rule.effect != Effect.DENY}
    return sorted(allowed - {LotStatus.RESTRICTED})


def _meant_by(rule: UsageRule) -> Q:
    """The stock that a rule is about, whoever it is for."""
    meant = Q(lot__status=rule.status)
    if rule.material_id:
        meant &= Q(lot__material=rule.material_id)
    if rule.purpose:
        meant &= Q(location__purpose=rule.purpose)
    return meant


def under(holds: QuerySet[Hold]) -> Iterator[Q]:
    """Conditions on stock of which each means what some of the holds stop. A few statements."""
    yield Q(lot__in=holds.filter(lot__isnull=False).values("lot"))
    yield Q(lot__material__in=holds.filter(material__isnull=False).values("material"))
    numbers = holds.exclude(supplier_lot="").values("supplier_lot")
    yield Q(lot__in=Lot.objects.exclude(supplier_lot="").filter(supplier_lot__in=numbers))
    yield inside(Container.objects.filter(holds__in=holds))
    yield Q(location__in=places_under(holds))


def under_one(hold: Hold) -> Q:
    """The condition on stock that means what one hold stops. Nested containers are looked up."""
    if hold.lot_id:
        return Q(lot=hold.lot_id)
    if hold.material_id:
        return Q(lot__material=hold.material_id)
    if hold.container:
        return inside([hold.container])
    if hold.location:
        return Q(location__path__startswith=hold.location.path)
    return Q(lot__supplier_lot=hold.supplier_lot)


def inside(containers: Iterable[Container]) -> Q:
    """A condition on stock: in one of the containers, however deep."""
    return Q(container__in=with_nested(containers))


def places_under(holds: QuerySet[Hold]) -> list[int]:
    """Every place that one of the holds is on, or that lies in such a place. Two statements.

    Joined by the index of paths. Django made an OR of them, which for 135 places on hold took 9 ms
    to compile, and PostgreSQL 5 to find.
    """
    held = holds.filter(location__isnull=False).order_by()
    paths = list(held.values_list("location__path", flat=True))
    if not paths:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                UNDER.format(held="unnest(%s::text[]) AS given(value)", at="~>=~", to="~<~"),
                [paths],
            )
        else:
            cursor.execute(UNDER.format(held="json_each(%s)", at=">=", to="<"), [json.dumps(paths)])
        return [pk for (pk,) in cursor.fetchall()]


UNDER = """
    WITH held(path) AS (SELECT value FROM {held})
    SELECT DISTINCT place.id FROM held JOIN inventory_location place
    ON place.path {at} held.path AND place.path {to} (rtrim(held.path, '/') || '0')
"""
"""A path ends with `/`, after which comes `0`: between the two lies what begins with it. PostgreSQL
compares bytes by these operators, which its index for LIKE knows; SQLite always does."""


def with_stop(balances: QuerySet[Balance], on: date) -> QuerySet[Any]:
    """Annotate `stop`: why the gate would not let it be staged for just any demand, or ''.

    What is restricted to named demands is stopped by that.
    """
    no_demand: QuerySet[Any] = balances.annotate(asked_for=Value(""))
    stopped: QuerySet[Any] = no_demand.annotate(stop=gate.stop_code(on=on, reference="asked_for"))
    return stopped


TODAY: Any = Given("on", DateField())
"""The day on which a `Select` asks, as `on`."""


def held() -> Q:
    """For a `Select`: stock that some open hold stops; `held` are the places under one."""
    holds = Hold.objects.open()
    # A subquery is made a hash of once; the list itself would be searched for every row.
    stopped = Q(location__in=Location.objects.filter(pk__among="held").values("pk"))
    stopped |= Q(lot__in=holds.filter(lot__isnull=False).values("lot"))
    stopped |= Q(lot__material__in=holds.filter(material__isnull=False).values("material"))
    stopped |= Q(lot__supplier_lot__in=holds.of_suppliers().values("supplier_lot"))
    containers = holds.filter(container__isnull=False).values("container")
    for level in range(NESTING):
        stopped |= Q(**{f"container{'__parent' * level}__in": containers})
    return stopped


def _held_lots() -> QuerySet[Lot, Any]:
    stock = Balance.objects.filter(lot=OuterRef("pk"), quantity__gt=0)
    elsewhere = with_stop(stock, TODAY).exclude(stop="lot_on_hold")
    rows = Lot.objects.filter(on_hold(TODAY), pk__among="lots")
    return rows.annotate(partly=Exists(elsewhere)).values_list("pk", "partly")


_HELD: Select[Lot] = Select(_held_lots)


def held_among(lots: Iterable[Lot], on: date) -> dict[int, str]:
    """`on_hold` or `partly_on_hold` for those of the lots that are under an open hold.

    Partly: the hold lies on a container or a place, and some of the lot stands elsewhere. One
    statement.
    """
    rows = _HELD.rows(lots=[lot.pk for lot in lots], on=on)
    return {pk: "partly_on_hold" if partly else "on_hold" for pk, partly in rows}


def badges(lot: Lot, on: date, *, held: str = "") -> list[str]:
    """What to show of a lot: its status, and what stops it besides. `held`: as `held_among`."""
    dates = [stop.code for stop in gate.DATE_STOPS if stop.met(lot, on)]
    return [lot.status, *([held] if held else []), *dates]


_HOLDS_ON: Select[Hold] = Select(
    lambda: (
        Hold.objects.open()
        .filter(
            Q(lot__among="lots")
            | Q(material__among="materials")
            # Joined, PostgreSQL would read all places there are, to compare their codes.
            | Q(location__in=Location.objects.filter(code__among="codes").values("pk"))
            | Q(container__among="containers")
            | Q(supplier_lot__among="supplier_lots")
        )
        .select_related("actor", "lot", "location", "container", "material")
        .order_by("pk")
    )
)


def holds_on(lot: Lot, balances: Iterable[Balance]) -> list[Hold]:
    """Open holds that stop the lot or any part of it, wherever they were placed.

    `balances` come with their location and container.
    """
    balances = list(balances)
    return _HOLDS_ON(
        lots=[lot.pk],
        materials=[lot.material_id],
        supplier_lots={lot.supplier_lot} - {""},
        codes={code for balance in balances for code in balance.location.ancestry},
        containers={
            pk
            for balance in balances
            if balance.container
            for pk in (balance.container.pk, balance.container.parent_id)
            if pk
        },
    )
