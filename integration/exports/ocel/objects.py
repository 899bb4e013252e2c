"""What it happened to, and how that changed."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from integration.exports.ocel.choice import Choice
from integration.exports.ocel.parts import Piece, always, key, related, since
from inventory.models import Lot
from inventory.paging import every
from inventory.sheets.columns import BATCH
from quality.models import Decision, Hold
from staging.models import Demand

Changes = dict[int, list[Piece]]
"""Attributes with their times, by the object's key."""


def objects(choice: Choice) -> Iterator[Piece]:
    """Lots, materials, containers, places and demands, with what each was when."""
    yield from _each(choice.lots().select_related("material"), lambda rows: _lots(choice, rows))
    yield from _each(choice.materials(), _materials)
    boxes = choice.containers().select_related("location", "parent")
    yield from _each(boxes, lambda rows: _containers(choice, rows))
    places = choice.locations().select_related("site", "parent")
    yield from _each(places, lambda rows: _locations(choice, rows))
    demands = choice.demands().select_related("work_center", "customer")
    yield from _each(demands, lambda rows: _demands(choice, rows))


def _each(rows: QuerySet[Any], pieces: Callable[[list[Any]], Iterator[Piece]]) -> Iterator[Piece]:
    """Batch by batch: the same statements for each."""
    for batch in every(rows, "pk", size=BATCH):
        yield from pieces(batch)


def _piece(kind: str, code: str, said: list[Piece], to: list[Piece] | None = None) -> Piece:
    return {"id": key(kind, code), "type": kind, "attributes": said, "relationships": to or []}


def _lots(choice: Choice, rows: list[Lot]) -> Iterator[Piece]:
    decided, held = _decided(rows), _held("lot", rows)
    parents: dict[int, list[Piece]] = defaultdict(list)
    for link in choice.links(rows).select_related("parent").order_by("pk"):
        parents[link.child_id] += related(made_from=key("lot", link.parent.code))
    for row in rows:
        first, changes = decided.get(row.pk, (row.status, []))
        yield _piece(
            "lot",
            row.code,
            [
                *always(
                    number=row.number, supplier_lot=row.supplier_lot, made_on=row.made_on,
                    expires_on=row.expires_on, quality_status=first, on_hold=False,
                ),
                *changes,
                *held[row.pk],
            ],
            [*related(of_material=key("material", row.material.code)), *parents[row.pk]],
        )  # fmt: skip


def _decided(rows: Sequence[Lot]) -> dict[int, tuple[str, list[Piece]]]:
    """The status that each lot had first, and what it became: of all times, not of the range only,
    or else the first would be wrong."""
    found: dict[int, tuple[str, list[Piece]]] = {}
    for row in Decision.objects.filter(lot__in=rows).order_by("pk"):
        _first, changes = found.setdefault(row.lot_id, (row.from_status, []))
        changes += since(row.occurred_at, quality_status=row.to_status)
    return found


def _held(target: str, rows: Sequence[Any]) -> Changes:
    """From when to when an object itself was on hold: while at least one hold lay on it."""
    times: dict[int, list[tuple[Any, int]]] = defaultdict(list)
    for hold in Hold.objects.filter(**{f"{target}__in": rows}).order_by("pk"):
        of = times[getattr(hold, f"{target}_id")]
        of.append((hold.occurred_at, 1))
        if hold.lifted_at:
            of.append((hold.lifted_at, -1))
    found: Changes = defaultdict(list)
    for number, steps in times.items():
        holds = 0
        for at, step in sorted(steps):
            before, holds = holds > 0, holds + step
            if (holds > 0) != before:
                found[number] += since(at, on_hold=holds > 0)
    return found


def _materials(rows: list[Any]) -> Iterator[Piece]:
    for row in rows:
        said = always(name=row.name, kind=row.kind, unit=row.base_unit_id)
        yield _piece("material", row.code, said)


def _containers(choice: Choice, rows: list[Any]) -> Iterator[Piece]:
    held = _held("container", [row for row in rows if choice.shows(row.location)])
    for row in rows:
        said = always(kind=row.kind, sscc=row.sscc, on_hold=False)
        yield _piece("container", row.code, [*said, *held[row.pk]])


def _locations(choice: Choice, rows: list[Any]) -> Iterator[Piece]:
    held = _held("location", [row for row in rows if choice.shows(row)])
    for row in rows:
        if not choice.shows(row):
            yield _piece("location", row.code, always(site=row.site.code))
            continue
        said = always(
            name=row.name, kind=row.kind, purpose=row.purpose,
            site=row.site.code if row.site else "", on_hold=False,
        )  # fmt: skip
        yield _piece("location", row.code, [*said, *held[row.pk]])


def _demands(choice: Choice, rows: list[Demand]) -> Iterator[Piece]:
    needs: dict[int, list[Piece]] = defaultdict(list)
    for line in choice.needs(rows).select_related("material").order_by("pk"):
        needs[line.demand_id] += related(needs=key("material", line.material.code))
    for row in rows:
        said = always(
            kind=row.kind, needed_at=row.needed_at,
            work_center=row.work_center.code if row.work_center else "",
            customer=row.customer.code if row.customer else "",
            route=row.route, carrier=row.carrier, closed=False, cancelled=False,
        )  # fmt: skip
        if row.closed_at:
            said += since(row.closed_at, closed=True, cancelled=row.cancelled)
        yield _piece("demand", row.reference, said, needs[row.pk])
