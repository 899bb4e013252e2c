"""Seal what has been recorded since the last time."""

import time

from django.utils import timezone

from inventory.models import Seal
from inventory.seals import chain, content, merkle
from inventory.seals.registry import SEALED, Sealed
from inventory.seals.settling import PATIENCE, settled

BATCH = 10_000
"""Rows that one seal covers at most."""


def seal(
    *, patience: float = PATIENCE, batch: int = BATCH, seconds: float | None = None
) -> list[Seal]:
    """Seal every row that is settled, each kind of record in the order of its numbers.

    What there is no time for in so many `seconds` is left to the next run.

    It writes one row for each batch, and nothing else: whoever kills it leaves whole seals. Two at
    once do not harm: the one whose seal comes second finds its place taken and stops.
    """
    made: list[Seal] = []
    deadline = None if seconds is None else time.monotonic() + seconds
    for table, to in settled(SEALED.values(), patience=patience).items():
        while (deadline is None or time.monotonic() < deadline) and (
            sealed := _next(SEALED[table], to, batch)
        ):
            made.append(sealed)
    return made


def _next(kind: Sealed, to: int, batch: int) -> Seal | None:
    """Seal the next batch; None if there is nothing left, or somebody else was faster."""
    newest = Seal.objects.newest()
    before = newest.sequence if newest else 0
    # Not later than `newest`: if another seal comes in between, ours must not fit.
    known = Seal.objects.of(kind.table).filter(sequence__lte=before).order_by("-last").first()
    after = known.last if known else 0
    found = content.rows(kind.model, kind.columns, after=after, to=to, most=batch)
    entries = [content.entry(number, content.digest(row)) for number, row in found]
    if not entries:
        return None
    made = Seal(
        sequence=before + 1,
        table=kind.table,
        columns=list(kind.columns),
        first=after + 1,
        last=int.from_bytes(entries[-1][:8], "big", signed=True),
        count=len(entries),
        root=merkle.root(entries).hex(),
        previous=newest.hash if newest else chain.BEGINNING,
        sealed_at=timezone.now(),
        entries=b"".join(entries),
    )
    made.hash = chain.link(made.previous, chain.digest(made))
    Seal.objects.bulk_create([made], ignore_conflicts=True)
    return made if Seal.objects.filter(hash=made.hash).exists() else None
