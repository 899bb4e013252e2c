"""Exports of the audit trail, movements and refused attempts, raw, and recorded themselves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.audit import Actor, Stamp
from inventory.models import AuditEntry, Movement, RefusedAttempt
from inventory.sheets.answers import named
from inventory.sheets.bounds import within_bounds
from inventory.sheets.cells import dumps
from inventory.sheets.columns import BATCH, FileType
from inventory.sheets.columns import CONTENT_TYPES as OF_LISTS
from inventory.sheets.csv import Part, csv_parts
from inventory.sheets.recorded import accounted
from inventory.sheets.xlsx import xlsx_parts
from inventory.units import plain


class Records(TextChoices):
    """What can be exported."""

    AUDIT = "audit", _("Audit trail")
    MOVEMENTS = "movements", _("Movement ledger")
    ATTEMPTS = "attempts", _("Refused attempts")


class Format(TextChoices):
    CSV = "csv", _("CSV (for spreadsheets)")
    XLSX = "xlsx", _("Excel (XLSX)")
    JSON = "json", _("JSON (for programs)")


CONTENT_TYPES = {
    Format.CSV: OF_LISTS[FileType.CSV],
    Format.XLSX: OF_LISTS[FileType.XLSX],
    Format.JSON: "application/json",
}

COLUMNS: dict[Records, dict[str, str]] = {
    Records.AUDIT: {
        "id": "id", "recorded_at": "recorded_at", "occurred_at": "occurred_at",
        "who": "actor__username", "surface": "surface", "action": "action",
        "subject_type": "subject_type", "subject_id": "subject_id", "subject": "subject",
        "why": "reason", "changes": "changes", "facts": "facts", "batch": "batch",
    },
    Records.MOVEMENTS: {
        "id": "id", "recorded_at": "recorded_at", "occurred_at": "occurred_at",
        "who": "actor__username", "surface": "surface", "kind": "kind",
        "material": "lot__material__code", "lot": "lot__code", "quantity": "quantity",
        "unit": "lot__material__base_unit_id", "source": "source__code", "target": "target__code",
        "from_container": "from_container__code", "to_container": "to_container__code",
        "reference": "reference", "reverses": "reverses_id", "rule_version": "rule_version",
        "why": "reason", "batch": "batch",
    },
    Records.ATTEMPTS: {
        "id": "id", "recorded_at": "recorded_at", "occurred_at": "occurred_at",
        "who": "actor__username", "surface": "surface", "tried": "verb", "code": "code",
        "message": "message", "field": "field", "line": "line", "lot": "lot__code",
        "material": "material__code", "place": "location__code", "container": "container__code",
        "demand": "demand", "quantity": "quantity", "unit": "unit",
        "base_unit": "material__base_unit_id", "rule": "rule", "rule_version": "rule_version",
        "hold": "hold", "asked": "asked", "why": "reason", "batch": "batch",
    },
}  # fmt: skip
"""Column of the export → column of the database."""

MODELS: dict[Records, Any] = {
    Records.AUDIT: AuditEntry,
    Records.MOVEMENTS: Movement,
    Records.ATTEMPTS: RefusedAttempt,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is to be exported: records recorded from `since` on and before `until`."""

    records: Records
    format: Format
    since: datetime | None = None
    until: datetime | None = None

    def name(self, stamp: Stamp) -> str:
        """The file's name: what, and when it was made (UTC)."""
        return named(self.records, self.format, stamp.recorded_at)

    def facts(self, stamp: Stamp) -> dict[str, Any]:
        return {
            "file": self.name(stamp),
            "records": str(self.records),
            "format": str(self.format),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


def stream(export: Export, *, by: Actor, at: datetime) -> tuple[str, Iterator[bytes]]:
    """The file's name, and its content as it is read. See `accounted`.

    Refuses `export_too_large`: a worksheet has an end, other files have none.
    """
    if export.format == Format.XLSX:
        within_bounds(_records(export))
    stamp = audit.stamp(by, at)
    facts = export.facts(stamp)
    return facts["file"], accounted(_parts(export, facts), stamp, facts)


def _parts(export: Export, facts: Mapping[str, Any]) -> Iterator[Part]:
    with timezone.override(UTC):
        if export.format == Format.JSON:
            yield from _json(export, facts)
        else:
            write = csv_parts if export.format == Format.CSV else xlsx_parts
            yield from write(list(COLUMNS[export.records]), _rows(export))


def _records(export: Export) -> QuerySet[Any]:
    wanted = Q()
    if export.since:
        wanted &= Q(recorded_at__gte=export.since)
    if export.until:
        wanted &= Q(recorded_at__lt=export.until)
    found: QuerySet[Any] = MODELS[export.records].objects.filter(wanted)
    return found


def _rows(export: Export) -> Iterator[tuple[Any, ...]]:
    found = _records(export).order_by("pk").values_list(*COLUMNS[export.records].values())
    yield from found.iterator(chunk_size=2000)


def _json(export: Export, facts: Mapping[str, Any]) -> Iterator[Part]:
    """One JSON object; each row on a line of its own, the count at the end."""
    names = list(COLUMNS[export.records])
    count, waiting = 0, [f'{{"export": {dumps(facts)},\n"rows": [']
    for count, values in enumerate(_rows(export), start=1):
        row = {name: _plain(value) for name, value in zip(names, values, strict=True)}
        waiting.append(f"{',' if count > 1 else ''}\n{dumps(row)}")
        if count % BATCH == 0:
            yield "".join(waiting).encode(), count
            waiting.clear()
    waiting.append(f'\n],\n"count": {count}}}\n')
    yield "".join(waiting).encode(), count


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    return value if value is None or isinstance(value, int | dict | list) else str(value)
