"""What a hold does to what is committed: reservations are broken, staged stock has to be pulled.

In the transaction of the hold, so that the demand and the operator know at once. What comes under a
hold later, as by a reversal, or while the hold was being placed, the sweep finds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from inventory import audit
from inventory.actions.common import lock_lots
from inventory.audit import Stamp
from inventory.ledger import Book, Claim
from inventory.models import Lot
from inventory.units import plain
from quality.models import Hold
from quality.models.holds import NESTING
from staging import stops
from staging.alerting.raising import of_stock
from staging.alerting.terms import Terms
from staging.bindings import Bindings
from staging.models import (
    Alert,
    AlertReason,
    Allocation,
    Commitment,
    Demand,
    PullTask,
    StagedStock,
    State,
)
from staging.suspects import Look, portions

Position = dict[str, Any]

AROUND = [f"container{'__parent' * level}_id" for level in range(NESTING)]
COLUMNS = (
    "pk", "state", "quantity", "lot_id", "lot__material_id", "lot__supplier_lot",
    "location__path", *AROUND,
)  # fmt: skip

MOST_IN_WORDS = 100
"""Demands that an answer warns of one by one."""


def after_hold(holds: Sequence[Hold], lots: Mapping[int, Lot], stamp: Stamp) -> list[str]:
    """Break the reservations that the holds stop and ask for what they stop in lanes to be pulled.

    `lots` are locked. The reservations lost are warned of.
    """
    rows = Hold.objects.filter(pk__in=[hold.pk for hold in holds])
    lying = _Lying(holds)
    positions = _positions(_under(Commitment.objects.open(), rows))
    _ask_to_pull((row for row in positions if row["state"] == State.STAGED), lying, stamp)
    reserved = [row for row in positions if row["state"] == State.RESERVED]
    return _break(reserved, lying, lots, stamp)


def catch_up(look: Look, positions: Collection[UUID], stamp: Stamp) -> None:
    """What a sweep does about holds: `positions` are staged, and may be under one."""
    for portion in portions(positions):
        rows = _positions(StagedStock.objects.filter(pk__in=portion))
        _ask_to_pull(rows, _Lying(_holds_on(rows)), stamp)
    holds = Hold.objects.open()
    if not look.thorough:
        holds = holds.filter(pk__in=look.holds)
    reserved = _under(Allocation.objects.all(), holds) if look.thorough or look.holds else None
    if reserved is not None and (found := _positions(reserved)):
        lots = lock_lots([], also=[row["lot_id"] for row in found])
        rows = _positions(Allocation.objects.filter(pk__in=[row["pk"] for row in found]))
        _break(rows, _Lying(_holds_on(rows)), lots, stamp)


def _under(rows: QuerySet[Commitment], holds: QuerySet[Hold]) -> QuerySet[Commitment]:
    """A union of what each kind of hold stops, found by its own index."""
    first, *others = [
        rows.filter(way, state__in=(State.RESERVED, State.STAGED)).order_by().values("pk")
        for way in stops.under(holds)
    ]
    return Commitment.objects.filter(pk__in=first.union(*others))


def _positions(rows: QuerySet[Commitment]) -> list[Position]:
    return list(rows.order_by("pk").values(*COLUMNS))


class _Lying:
    """Which of the holds lie on a position."""

    def __init__(self, holds: Iterable[Hold]) -> None:
        self._holds: dict[tuple[str, Any], list[Hold]] = defaultdict(list)
        for hold in holds:
            self._holds[_target(hold)].append(hold)

    def on(self, position: Position) -> list[Hold]:
        return [hold for name in _names(position) for hold in self._holds.get(name, ())]


def _target(hold: Hold) -> tuple[str, Any]:
    for kind in ("lot", "material", "container"):
        if key := getattr(hold, f"{kind}_id"):
            return kind, key
    return ("location", hold.location.code) if hold.location else ("number", hold.supplier_lot)


def _names(position: Position) -> Iterator[tuple[str, Any]]:
    """Everything by which a hold could lie on it."""
    yield "lot", position["lot_id"]
    yield "material", position["lot__material_id"]
    yield "number", position["lot__supplier_lot"]
    yield from (("container", position[column]) for column in AROUND)
    yield from (("location", code) for code in position["location__path"].split("/"))


def _holds_on(positions: Iterable[Position]) -> list[Hold]:
    """The open holds that may lie on the positions."""
    keys: dict[str, set[Any]] = defaultdict(set)
    for position in positions:
        for kind, key in _names(position):
            keys[kind] |= {key} - {None, ""}
    found = Hold.objects.open().filter(
        Q(lot__in=keys["lot"])
        | Q(material__in=keys["material"])
        | Q(supplier_lot__in=keys["number"])
        | Q(container__in=keys["container"])
        | Q(location__code__in=keys["location"])
    )
    return list(found.select_related("location")) if keys else []


def _ask_to_pull(positions: Iterable[Position], lying: _Lying, stamp: Stamp) -> None:
    """Raise the tasks that are not there yet."""
    tasks = [
        PullTask(
            hold=hold,
            commitment_id=position["pk"],
            quantity=position["quantity"],
            raised_at=stamp.recorded_at,
        )
        for position in positions
        for hold in lying.on(position)
    ]
    if tasks:
        PullTask.objects.bulk_create(tasks, ignore_conflicts=True)


def _break(
    reserved: Iterable[Position], lying: _Lying, lots: Mapping[int, Lot], stamp: Stamp
) -> list[str]:
    """Take reservations of locked lots back, and tell their demands: an alert, an audit entry."""
    holds = {
        row["pk"]: found for row in reserved if row["lot_id"] in lots and (found := lying.on(row))
    }
    if not holds:
        return []
    bindings = Bindings.read(at=stamp.occurred_at, lots=lots.values())
    rows = [row for row in bindings.find(states=[State.RESERVED]) if row.pk in holds]
    book = Book.read({row.lot_id: lots[row.lot_id] for row in rows}.values())
    lost = [(row, row.quantity, holds[row.pk][0]) for row in rows]
    for row, quantity, _hold in lost:
        balance = book.at(row.lot, row.location, row.container)
        assert balance is not None  # noqa: S101 - what is reserved is on hand
        book.claim(balance, quantity, draws=Claim.RESERVED, adds=Claim.FREE)
        bindings.take(row, quantity)
    book.save()
    bindings.save(stamp)
    return _tell(lost, stamp)


def _tell(lost: Sequence[tuple[Commitment, Any, Hold]], stamp: Stamp) -> list[str]:
    alerts: list[Alert] = []
    terms = Terms.read()
    words: dict[Demand, list[str]] = defaultdict(list)
    by_hold: dict[Demand, dict[int, str]] = defaultdict(dict)
    for row, quantity, hold in lost:
        amount = f"{plain(quantity)} {row.lot.material.base_unit_id}"
        if terms.of(AlertReason.RESERVATION_LOST, row.location.site_id).enabled:
            detail = f"{amount}, hold {hold.pk}"
            alerts.append(of_stock(AlertReason.RESERVATION_LOST, row, detail, stamp.recorded_at))
        demand = row.requirement.demand
        words[demand].append(f"{amount} of {row.lot} @ {row.container or row.location}")
        by_hold[demand][hold.pk] = hold.reason
    Alert.objects.bulk_create(alerts, ignore_conflicts=True)  # one may come back instead
    audit.record_many(
        "staging.break_reservation",
        [
            audit.Entry(
                subject=demand,
                facts={"holds": sorted(by_hold[demand]), "claims": claims},
                reason="; ".join(dict.fromkeys(by_hold[demand].values())),
            )
            for demand, claims in words.items()
        ],
        stamp=stamp,
    )
    told = [
        _("%(demand)s has lost what was reserved for it: %(claims)s.")
        % {"demand": demand, "claims": ", ".join(claims)}
        for demand, claims in list(words.items())[:MOST_IN_WORDS]
    ]
    if len(words) > MOST_IN_WORDS:
        told.append(_("And %(count)s more demands.") % {"count": len(words) - MOST_IN_WORDS})
    return told
