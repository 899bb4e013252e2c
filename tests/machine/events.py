"""What happened, as EPCIS tells it: held against the books after a random history."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from integration.epcis import asking, reading
from integration.epcis.documents import query_document
from integration.epcis.identifiers import Names
from integration.epcis.ids import record_of
from integration.epcis.streams import BY_NUMBER, DECLARED
from inventory.models import Balance, Movement, MovementKind
from quality.models import Decision, Hold
from tests.epcis.standard import FOLDER, faults

M = MovementKind
Event = dict[str, Any]
TWICE = {M.PRODUCE}
"""Commissioned, and the output of a transformation."""


def told() -> list[Event]:
    query = asking.Query(size=asking.MOST)
    return [event for events in reading.walk(query, Names()) for event in events]


def faults_of_what_is_told() -> list[str]:
    """What is wrong with the events of all that is recorded; nothing in the best case."""
    events = told()
    wrong = faults(query_document(events)) if FOLDER.is_dir() else []
    return wrong + _left_out_or_twice(events) + _stands_elsewhere(events)


def _left_out_or_twice(events: list[Event]) -> list[str]:
    """Each record is as many events as the mapping says."""
    found = Counter((record_of(event["eventID"]), "errorDeclaration" in event) for event in events)
    wrong = [f"{key}: {count} times" for key, count in found.items() if count > 1]
    return wrong + [f"{key} is missing" for key in _wanted() if key not in found] + [
        f"{key} is told of nothing" for key in found if key not in _wanted()
    ]  # fmt: skip


def _wanted() -> set[tuple[tuple[int, int], bool]]:
    wanted = {((7, pk), False) for pk in Decision.objects.values_list("pk", flat=True)}
    for hold in Hold.objects.all():
        wanted |= {((8, hold.pk), False)} | ({((9, hold.pk), False)} if hold.lifted_at else set())
    for row in Movement.objects.select_related("reverses"):
        about = row.reverses or row
        undone_shipment = row.reverses is not None and about.kind == M.SHIP
        if row.reverses is None or undone_shipment:
            wanted.add(((1, row.pk), False))
        if not undone_shipment:
            declared = row.reverses is not None
            streams = {1} if declared else set()
            streams |= {2} if about.kind in TWICE else set()
            streams |= {3} if about.kind == M.RECEIVE and about.to_container_id else set()
            wanted |= {((stream, about.pk), declared) for stream in streams}
    assert {number + DECLARED for number in (1, 2, 3)} <= BY_NUMBER.keys()
    return wanted


def _stands_elsewhere(events: list[Event]) -> list[str]:
    """Movements replayed from the events give what is on hand of each lot, at each of our places.

    What an event says is what was moved, from where and to where; a declaration takes it back.
    """
    total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    moved = {row.pk: row for row in Movement.objects.select_related("lot", "source", "target")}
    for event in events:
        number, pk = record_of(event["eventID"]) or (0, 0)
        if number == 1:
            row, sign = moved[pk], -1 if "errorDeclaration" in event else 1
            quantity = _said(event, row)
            total[row.lot.code, row.target.code] += sign * quantity
            total[row.lot.code, row.source.code] -= sign * quantity
    books: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for balance in Balance.objects.select_related("lot", "location"):
        books[balance.lot.code, balance.location.code] += balance.quantity
    ours = {key for key, value in books.items() if value}
    return [
        f"{key}: {total[key]} told, {books[key]} in the books"
        for key in ours | {key for key in total if key in books}
        if total[key] != books[key]
    ]


def _said(event: Event, row: Movement) -> Decimal:
    """The quantity that the event names. A count names what was counted, not what it changed."""
    rows = [row for name, rows in event.items() if name.endswith("uantityList") for row in rows]
    rows += event.get("forestage:contents", {}).get("childQuantityList", [])
    rows += [event["forestage:consumed"]] if "forestage:consumed" in event else []
    if row.kind == M.ADJUST:
        return row.quantity
    return sum((Decimal(str(one.get("quantity", 0))) for one in rows), Decimal(0))
