"""What stands in a ledger export, and how its rows are written."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from inventory.audit_export import COLUMNS
from inventory.audit_export import Records as Exported
from inventory.models import LotLink, Movement
from inventory.sheets.cells import dumps
from inventory.sheets.columns import BATCH
from inventory.sheets.csv import Part, csv_parts
from inventory.units import plain
from quality.models import Decision, Hold
from staging.models import ClaimChange

WHO_AND_WHEN = {
    "recorded_at": "recorded_at", "occurred_at": "occurred_at", "who": "actor__username",
    "surface": "surface", "why": "reason", "batch": "batch",
}  # fmt: skip

RECORDS: dict[str, tuple[Any, dict[str, str]]] = {
    "movements": (Movement, COLUMNS[Exported.MOVEMENTS]),
    "decisions": (Decision, {
        "id": "id", "lot": "lot__code", "kind": "kind", "from_status": "from_status",
        "to_status": "to_status", "meaning": "meaning", "signed_by": "signed_by",
        "until": "until", "references": "references", **WHO_AND_WHEN,
    }),
    "holds": (Hold, {
        "id": "id", "lot": "lot__code", "container": "container__code",
        "location": "location__code", "material": "material__code",
        "supplier_lot": "supplier_lot", "lifted_at": "lifted_at",
        "lifted_by": "lifted_by__username", "lift_reason": "lift_reason", **WHO_AND_WHEN,
    }),
    "claim_changes": (ClaimChange, {
        "id": "id", "demand": "requirement__demand__reference", "line": "requirement__line",
        "material": "requirement__material__code", "quantity": "quantity",
        "unit": "requirement__material__base_unit_id", **WHO_AND_WHEN,
    }),
    "lot_links": (LotLink, {
        "id": "id", "parent": "parent__code", "child": "child__code", "kind": "kind",
        "quantity": "quantity", "unit": "parent__material__base_unit_id", **WHO_AND_WHEN,
    }),
}  # fmt: skip
"""Name of the file → records, and column of the file → column of the database."""


class Lines(TextChoices):
    """How each record is written."""

    CSV = "csv", _("CSV (for spreadsheets)")
    JSONL = "jsonl", _("JSON, a line for each record")


class Reading:
    """The rows of one file, noting what the manifest says of them while they pass by."""

    def __init__(self, name: str, found: QuerySet[Any]) -> None:
        self.columns = RECORDS[name][1]
        self.found = found
        self.numbers: list[int] = []
        self.sums: dict[tuple[str, str, str], list[Any]] = {}

    def rows(self) -> Iterator[Sequence[Any]]:
        rows = self.found.order_by("pk").values_list(*self.columns.values())
        places = {name: place for place, name in enumerate(self.columns)}
        group = [places[name] for name in ("material", "unit", "kind") if name in places]
        summed = len(group) == 3
        for row in rows.iterator(chunk_size=BATCH):
            self.numbers = [self.numbers[0] if self.numbers else row[0], row[0]]
            if summed:
                self._add((row[group[0]], row[group[1]], row[group[2]]), row[places["quantity"]])
            yield row

    def _add(self, group: tuple[str, str, str], quantity: Decimal) -> None:
        tally = self.sums.setdefault(group, [0, Decimal(0)])
        tally[0] += 1
        tally[1] += quantity

    def parts(self, lines: Lines) -> Iterator[Part]:
        if lines == Lines.CSV:
            return csv_parts(list(self.columns), self.rows())
        return json_lines(list(self.columns), self.rows())


def json_lines(names: Sequence[str], rows: Iterator[Sequence[Any]]) -> Iterator[Part]:
    """Each row an object on a line of its own."""
    waiting: list[str] = []
    count = 0
    for count, row in enumerate(rows, start=1):
        plainly = (_plain(value) for value in row)
        waiting.append(dumps(dict(zip(names, plainly, strict=True))))
        if count % BATCH == 0:
            yield ("\n".join(waiting) + "\n").encode(), count
            waiting.clear()
    yield "".join(f"{line}\n" for line in waiting).encode(), count


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return plain(value) if isinstance(value, Decimal) else value
