"""Files whose leaving is recorded: streamed, counted, with a checksum.

The SHA-256 digest covers the file exactly as it was sent. It is not known before the last row, so
it does not stand in the file: the export's own entry in the audit trail carries it with the count,
and `manifest` hands it out. Whoever doubts a file compares `sha256sum FILE` with that entry.
"""

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from typing import Any

from django.utils import timezone

from inventory import audit
from inventory.audit import Stamp
from inventory.models import AuditEntry
from inventory.sheets.csv import Part

STARTED, FINISHED = "audit.export", "audit.exported"


def accounted(parts: Iterator[Part], stamp: Stamp, facts: dict[str, Any]) -> Iterator[bytes]:
    """The content of any file that leaves, as it is read.

    The start is recorded at once; the end with the number of rows, the size and the digest, or as
    incomplete if the reader went away.
    """
    audit.record(STARTED, stamp=stamp, facts=facts)
    return _counted(parts, stamp, facts)


def _counted(parts: Iterator[Part], stamp: Stamp, facts: dict[str, Any]) -> Iterator[bytes]:
    digest, size, rows, complete = sha256(), 0, 0, False
    try:
        # Closed before the end is recorded: it may read in a transaction that writes nothing.
        with closing(parts):  # type: ignore[type-var]  # all of them are generators
            for chunk, rows in parts:  # noqa: B007 - the last one counts
                digest.update(chunk)
                size += len(chunk)
                if chunk:
                    yield chunk
        complete = True
    finally:
        end = Stamp(
            actor=stamp.actor, surface=stamp.surface, occurred_at=timezone.now(), batch=stamp.batch
        )
        counts = {"rows": rows, "bytes": size, "complete": complete}
        checked = {"sha256": digest.hexdigest()} if complete else {}
        audit.record(FINISHED, stamp=end, facts=facts | counts | checked)


def manifest(finished: AuditEntry) -> dict[str, Any]:
    """What a finished export holds, for whoever keeps the file."""
    return dict(finished.facts) | {
        "exported_by": finished.actor.get_username(),
        "exported_at": finished.recorded_at.isoformat(),
        "audit_entry": finished.pk,
    }
