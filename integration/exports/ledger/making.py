"""The ZIP itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from integration.exports.archive import Archive
from integration.exports.ledger.records import RECORDS, Lines, Reading, json_lines
from integration.exports.span import Span
from inventory import audit, sites
from inventory.audit import Actor, Stamp
from inventory.models import Seal
from inventory.one_moment import as_it_was
from inventory.seals import chain
from inventory.seals.registry import SEALED
from inventory.seals.settling import settled
from inventory.sheets.answers import named
from inventory.sheets.bounds import within_bounds
from inventory.sheets.cells import dumps
from inventory.sheets.columns import BATCH
from inventory.sheets.csv import Part
from inventory.sheets.recorded import accounted
from inventory.units import plain

FORMAT = "forestage-ledger-export/1"
PATIENCE = 2.0
"""Seconds to wait for writers, so that nothing can still appear within the range."""

OF_SEALS = ("sequence", "table", "first", "last", "count", "previous", "hash", "body")


def export_ledger(
    span: Span, *, lines: Lines, by: Actor, at: datetime, bounded: bool = True
) -> tuple[str, Iterator[bytes]]:
    """The ZIP's name, and its content as it is read. That it leaves is recorded.

    `bounded` is for requests. Refuses `export_too_large`, `range_backwards`.
    """
    span.checked()
    if bounded:
        within_bounds(sites.within(span.movements(), by.user))
    stamp = audit.stamp(by, at)
    name = named("ledger", "zip", stamp.recorded_at)
    facts = {
        "file": name, "records": "ledger", "format": str(lines), **span.facts(),
        **span.narrowed(by.user),
    }  # fmt: skip
    return name, accounted(_parts(span, lines, stamp, facts), stamp, facts)


def _parts(span: Span, lines: Lines, stamp: Stamp, facts: dict[str, Any]) -> Iterator[Part]:
    kinds = [SEALED[model._meta.label_lower] for model, _columns in RECORDS.values()]
    newest = settled(kinds, patience=PATIENCE)
    with as_it_was(), timezone.override(UTC):
        archive, files = Archive(stamp.recorded_at), []
        readings: dict[str, Reading] = {}
        for name, (model, _columns) in RECORDS.items():
            table = model._meta.label_lower
            found = sites.within(span.of(model), stamp.actor)
            if table in newest:
                found = found.filter(pk__lte=newest[table])
            reading = readings[name] = Reading(name, found)
            file = f"{name}.{lines}"
            yield from archive.add(file, reading.parts(lines))
            files.append({
                "name": file, "records": table, **archive.members[file],
                "first": reading.numbers[0] if reading.numbers else None,
                "last": reading.numbers[-1] if reading.numbers else None,
                "counted": found.count(),
                "settled": table in newest or not reading.numbers,
            })  # fmt: skip
        yield from archive.add("seals.jsonl", _seals(files))
        seals = {"name": "seals.jsonl", "records": Seal._meta.label_lower}
        manifest = {
            "format": FORMAT, "file": facts["file"], "asked": span.facts(),
            **span.narrowed(stamp.actor),
            "made_at": stamp.recorded_at.isoformat(), "made_by": stamp.actor.get_username(),
            "files": files, "seals": seals | archive.members["seals.jsonl"],
            "sums": _sums(readings["movements"]),
        }  # fmt: skip
        content = f"{dumps(manifest)}\n".encode()
        yield from archive.add("manifest.json", iter([(content, 0)]))
        yield archive.finish()


def _sums(reading: Reading) -> list[dict[str, Any]]:
    """How many movements of each kind, and how much of each material they moved."""
    return [
        {"material": material, "unit": unit, "kind": kind, "movements": count,
         "quantity": plain(quantity)}
        for (material, unit, kind), (count, quantity) in sorted(reading.sums.items())
    ]  # fmt: skip


def _seals(files: list[dict[str, Any]]) -> Iterator[Part]:
    """The seals that cover what is exported, table by table."""

    def rows() -> Iterator[Any]:
        for file in files:
            if file["first"] is not None:
                over = Seal.objects.of(file["records"]).filter(
                    first__lte=file["last"], last__gte=file["first"]
                )
                for seal in over.order_by(F("sequence")).iterator(chunk_size=BATCH):
                    yield [*(getattr(seal, name) for name in OF_SEALS[:-1]), chain.body(seal)]

    return json_lines(OF_SEALS, rows())
