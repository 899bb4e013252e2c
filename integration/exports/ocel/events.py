"""What happened: movements, decisions, holds."""

from collections.abc import Iterator
from typing import Any

from integration.exports.ocel.choice import Choice
from integration.exports.ocel.parts import Piece, attributes, key, moment, related
from inventory.models import Movement
from inventory.paging import every
from inventory.sheets.columns import BATCH
from inventory.sites import kept_to
from quality.models import Decision, Hold
from quality.models.holds import ROWS
from staging.models import Demand


def events(choice: Choice) -> Iterator[Piece]:
    """Movements in the order of the ledger; then decisions, holds placed, holds lifted."""
    yield from _movements(choice)
    decisions = choice.decisions().select_related("lot__material")
    for decision in decisions.order_by("pk").iterator(chunk_size=BATCH):
        yield _decision(decision)
    holds = choice.holds().select_related(*ROWS).order_by("pk")
    for hold in holds.iterator(chunk_size=BATCH):
        yield _hold("place_hold", hold, hold.occurred_at, hold.recorded_at, hold.reason)
    for hold in holds.filter(lifted_at__isnull=False).iterator(chunk_size=BATCH):
        yield _hold("lift_hold", hold, hold.lifted_at, hold.lifted_at, hold.lift_reason)


def _movements(choice: Choice) -> Iterator[Piece]:
    rows = choice.movements().select_related(
        "lot__material", "source", "target", "from_container", "to_container"
    )
    for batch in every(rows, "pk", size=BATCH):
        named = {row.reference for row in batch} - {""}
        known = kept_to(Demand.objects.filter(reference__in=named), choice.limit)
        demands = set(known.values_list("reference", flat=True))
        for row in batch:
            yield _movement(row, row.reference if row.reference in demands else "")


def _movement(row: Movement, demand: str) -> Piece:
    reversed_one = key("movement", row.reverses_id) if row.reverses_id else ""
    return {
        "id": key("movement", row.pk),
        "type": row.kind,
        "time": moment(row.occurred_at),
        "attributes": attributes(
            recorded_at=row.recorded_at, surface=row.surface, number=row.pk,
            quantity=row.quantity, unit=row.lot.material.base_unit_id,
            reference=row.reference, reverses=reversed_one,
        ),
        "relationships": related(
            of=key("lot", row.lot.code),
            made_of=key("material", row.lot.material.code),
            source=key("location", row.source.code),
            target=key("location", row.target.code),
            out_of=_code("container", row.from_container),
            into=_code("container", row.to_container),
            demanded_by=demand and key("demand", demand),
        ),
    }  # fmt: skip


def _decision(row: Decision) -> Piece:
    return {
        "id": key("decision", row.pk),
        "type": f"decide_{row.kind}",
        "time": moment(row.occurred_at),
        "attributes": attributes(
            recorded_at=row.recorded_at, surface=row.surface, number=row.pk,
            from_status=row.from_status, to_status=row.to_status, meaning=row.meaning,
        ),
        "relationships": related(
            on=key("lot", row.lot.code), made_of=key("material", row.lot.material.code)
        ),
    }  # fmt: skip


def _hold(kind: str, row: Hold, at: Any, recorded_at: Any, reason: str) -> Piece:
    target: Any = row.target
    return {
        "id": key(kind, row.pk),
        "type": kind,
        "time": moment(at),
        "attributes": attributes(
            recorded_at=recorded_at, surface=row.surface, number=row.pk, reason=reason
        ),
        "relationships": related(on=key(target._meta.model_name, target.code)),
    }


def _code(kind: str, row: Any) -> str:
    return key(kind, row.code) if row else ""
