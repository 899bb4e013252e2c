"""Exports of the audit trail, movements and refused attempts: streamed, counted, with a checksum.

The SHA-256 digest covers the file exactly as it was sent. It is not known before the last row, so
it does not stand in the file: the export's own entry in the audit trail carries it with the count,
and `manifest` hands it out. Whoever doubts a file compares `sha256sum FILE` with that entry.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.audit import Actor, Stamp
from inventory.models import AuditEntry, Movement, RefusedAttempt
from inventory.units import plain

CHUNK_ROWS = 500

STARTED, FINISHED = "audit.export", "audit.exported"


class Records(TextChoices):
    """What can be exported."""

    AUDIT = "audit", _("Audit trail")
    MOVEMENTS = "movements", _("Movement ledger")
    ATTEMPTS = "attempts", _("Refused attempts")


class Format(TextChoices):
    CSV = "csv", _("CSV (for spreadsheets)")
    JSON = "json", _("JSON (for programs)")


CONTENT_TYPES = {Format.CSV: "text/csv; charset=utf-8", Format.JSON: "application/json"}

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
        return f"forestage-{self.records}-{stamp.recorded_at:%Y%m%dT%H%M%SZ}.{self.format}"

    def facts(self, stamp: Stamp) -> dict[str, Any]:
        return {
            "file": self.name(stamp),
            "records": str(self.records),
            "format": str(self.format),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


def stream(export: Export, *, by: Actor, at: datetime) -> tuple[str, Iterator[bytes]]:
    """The file's name, and its content as it is read.

    The start is recorded at once; the end with the number of rows, the size and the digest, or as
    incomplete if the reader went away.
    """
    stamp = audit.stamp(by, at)
    facts = export.facts(stamp)
    write = _csv if export.format == Format.CSV else _json
    return facts["file"], accounted(write(export, facts), stamp, facts)


def accounted(
    parts: Iterable[tuple[str, int]], stamp: Stamp, facts: dict[str, Any]
) -> Iterator[bytes]:
    """The content of any file that leaves, as it is read: parts with the rows written so far."""
    audit.record(STARTED, stamp=stamp, facts=facts)
    return _counted(parts, stamp, facts)


def _counted(
    parts: Iterable[tuple[str, int]], stamp: Stamp, facts: dict[str, Any]
) -> Iterator[bytes]:
    digest, size, rows, complete = sha256(), 0, 0, False
    try:
        for text, so_far in _gathered(parts):
            chunk = text.encode()
            digest.update(chunk)
            size, rows = size + len(chunk), so_far
            yield chunk
        complete = True
    finally:
        end = Stamp(
            actor=stamp.actor, surface=stamp.surface, occurred_at=timezone.now(), batch=stamp.batch
        )
        counts = {"rows": rows, "bytes": size, "complete": complete}
        checked = {"sha256": digest.hexdigest()} if complete else {}
        audit.record(FINISHED, stamp=end, facts=facts | counts | checked)


def _gathered(parts: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Parts put together to chunks worth sending, each with the rows written so far."""
    waiting: list[str] = []
    count = 0
    for text, count in parts:
        waiting.append(text)
        if len(waiting) == CHUNK_ROWS:
            yield "".join(waiting), count
            waiting.clear()
    yield "".join(waiting), count


def _rows(export: Export) -> Iterator[dict[str, Any]]:
    columns = COLUMNS[export.records]
    wanted = Q()
    if export.since:
        wanted &= Q(recorded_at__gte=export.since)
    if export.until:
        wanted &= Q(recorded_at__lt=export.until)
    found = (
        MODELS[export.records].objects.filter(wanted).order_by("pk").values_list(*columns.values())
    )
    for values in found.iterator(chunk_size=2000):
        yield {name: _plain(name, value) for name, value in zip(columns, values, strict=True)}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    return value if value is None or isinstance(value, int | dict | list) else str(value)


def _csv(export: Export, facts: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    yield csv_line(COLUMNS[export.records]), 0
    for count, row in enumerate(_rows(export), start=1):
        yield csv_line(row.values()), count


def csv_line(values: Iterable[Any]) -> str:
    """One line of CSV (RFC 4180). Nested values are JSON.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_cell(value) for value in values])
    return buffer.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return _dumps(value) if value else ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(tuple("=+-@\t\r")) else text


def _json(export: Export, facts: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """One JSON object; each row on a line of its own, the count at the end."""
    count = 0
    yield f'{{"export": {_dumps(facts)},\n"rows": [', 0
    for count, row in enumerate(_rows(export), start=1):
        yield f"{',' if count > 1 else ''}\n{_dumps(row)}", count
    yield f'\n],\n"count": {count}}}\n', count


def _dumps(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def manifest(finished: AuditEntry) -> dict[str, Any]:
    """What a finished export holds, for whoever keeps the file."""
    return dict(finished.facts) | {
        "exported_by": finished.actor.get_username(),
        "exported_at": finished.recorded_at.isoformat(),
        "audit_entry": finished.pk,
    }
