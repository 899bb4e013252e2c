"""Compare history with its seals, and name what does not agree."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Max
from django.utils import timezone

from inventory.models import Seal, SealNotice
from inventory.seals import chain, content, merkle
from inventory.seals.registry import SEALED

MOST = 1000
"""Findings after which it stops: by then nobody reads on."""

AT_ONCE = 10
"""Seals in memory, with the entries of their batches."""

SEAL = Seal._meta.label_lower

RECORDED = "seals.verified"
"""What the audit trail calls a verification."""


class Kind(StrEnum):
    """What was done to a row."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    UNSEALED = "unsealed"


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that is not what was sealed. `expected` and `found` are digests of its content."""

    table: str
    number: int
    kind: Kind
    detail: str = ""
    expected: bytes | None = field(default=None, repr=False, compare=False)
    found: bytes | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.table} {self.number}{self.detail and f' ({self.detail})'}"

    def plain(self) -> dict[str, Any]:
        """As data, for a program."""
        said = asdict(self)
        del said["expected"], said["found"]
        return said


@dataclass(slots=True)
class Report:
    """What a verification looked at, and found."""

    findings: list[Finding] = field(default_factory=list)
    seals: int = 0
    rows: int = 0
    newest: str = ""

    @property
    def sound(self) -> bool:
        return not self.findings

    @property
    def cut_short(self) -> bool:
        return len(self.findings) >= MOST

    def plain(self) -> dict[str, Any]:
        """As data, for a program and for the audit trail."""
        return {
            "sound": self.sound,
            "cut_short": self.cut_short,
            "seals": self.seals,
            "rows": self.rows,
            "newest": self.newest,
            "findings": [finding.plain() for finding in self.findings],
        }


def verify(
    *,
    start: int = 1,
    end: int | None = None,
    published: Mapping[int, str] | None = None,
    backlog: timedelta | None = None,
) -> Report:
    """Read the seals from `start` to `end`, and every row that they cover.

    `published` are hashes by the seal's number, as they were sent out of the house: with one of
    them, even a chain that was made anew is found out. Rows that wait longer than `backlog` for
    their seal are named too. Memory does not grow with the rows.
    """
    report = Report()
    checks = _Verification(report, start, end, dict(published or {}))
    for finding in checks.run():
        report.findings.append(finding)
        if report.cut_short:
            break
    if backlog is not None:
        report.findings += unsealed(older_than=backlog)
    report.findings = moved(report.findings)
    return report


class _Verification:
    """One pass along the chain."""

    def __init__(
        self, report: Report, start: int, end: int | None, published: dict[int, str]
    ) -> None:
        self.report = report
        self.start, self.end = start, end
        sent = SealNotice.objects.filter(sequence__gte=start).values_list("sequence", "hash")
        self.expected = dict(sent.iterator()) | published
        before = Seal.objects.filter(sequence__lt=start)
        self.sequence, self.hash = start - 1, chain.BEGINNING
        if start > 1 and (newest := before.filter(sequence=start - 1).first()):
            self.hash = newest.hash
        ends = before.order_by().values("table").annotate(last=Max("last"))
        self.last = dict(ends.values_list("table", "last"))

    def run(self) -> Iterator[Finding]:
        for seal in self._seals():
            yield from self._link(seal)
            yield from self._batch(seal)
        yield from self._cut_off()

    def _seals(self) -> Iterator[Seal]:
        """A few at a time: an open cursor would have the server keep a copy of all entries."""
        wanted = Seal.objects.defer(None).order_by("sequence")
        if self.end is not None:
            wanted = wanted.filter(sequence__lte=self.end)
        page = list(wanted.filter(sequence__gte=self.start)[:AT_ONCE])
        while page:
            yield from page
            page = list(wanted.filter(sequence__gt=page[-1].sequence)[:AT_ONCE])

    def _link(self, seal: Seal) -> Iterator[Finding]:
        """The seal itself: its place in the chain, its hash, and where its batch begins."""
        for missing in range(self.sequence + 1, min(seal.sequence, self.sequence + 1 + MOST)):
            yield Finding(SEAL, missing, Kind.REMOVED)
        problems = []
        if seal.sequence == self.sequence + 1:  # else what it followed is missing, and is named
            if seal.previous != self.hash:
                problems.append("it does not follow the seal before")
            if seal.first != self.last.get(seal.table, 0) + 1:
                problems.append("its batch does not begin where the one before ended")
        if chain.link(seal.previous, chain.digest(seal)) != seal.hash:
            problems.append("its hash is not that of what it says")
        if self.expected.pop(seal.sequence, seal.hash) != seal.hash:
            problems.append("it is not the one that was published")
        if problems:
            yield Finding(SEAL, seal.sequence, Kind.ALTERED, "; ".join(problems))
        self.sequence, self.hash = seal.sequence, seal.hash
        self.last[seal.table] = seal.last
        self.report.seals += 1
        self.report.newest = seal.published_as

    def _batch(self, seal: Seal) -> Iterator[Finding]:
        """The rows of the batch, each beside its entry."""
        pairs = list(seal.pairs())
        if not pairs or merkle.root([content.entry(*pair) for pair in pairs]).hex() != seal.root:
            span = f"rows {seal.first} to {seal.last} of {seal.table} can no longer be told"
            yield Finding(SEAL, seal.sequence, Kind.ALTERED, f"its entries are not its own; {span}")
            return
        model = _model(seal)
        if model is None:
            yield Finding(
                SEAL, seal.sequence, Kind.ALTERED, f"{seal.table} or its columns are gone"
            )
            return
        after = seal.first - 1 or None  # below the first row of all there must be none either
        rows = content.rows(model, seal.columns, after=after, to=seal.last)
        yield from compare(seal.table, pairs, self._counted(rows))

    def _counted(self, rows: Iterable[content.Row]) -> Iterator[tuple[int, bytes]]:
        for number, row in rows:
            self.report.rows += 1
            yield number, content.digest(row)

    def _cut_off(self) -> Iterator[Finding]:
        """Seals that were published and are no longer there."""
        for sequence in sorted(self.expected):
            if sequence > self.sequence and (self.end is None or sequence <= self.end):
                yield Finding(SEAL, sequence, Kind.REMOVED, "it was published")


def _model(seal: Seal) -> type[models.Model] | None:
    """What the seal is about, if all the columns that it covers are still there."""
    try:
        model = apps.get_model(seal.table)
    except (LookupError, ValueError):
        return None
    return model if set(seal.columns) <= {f.attname for f in model._meta.concrete_fields} else None


def compare(
    table: str, sealed: Iterable[tuple[int, bytes]], stored: Iterable[tuple[int, bytes]]
) -> Iterator[Finding]:
    """Two lists of numbers and digests, both in order, side by side."""
    there = iter(stored)
    row = next(there, None)
    for number, expected in sealed:
        while row and row[0] < number:
            yield Finding(table, row[0], Kind.INSERTED, found=row[1])
            row = next(there, None)
        if row is None or row[0] > number:
            yield Finding(table, number, Kind.REMOVED, expected=expected)
            continue
        if row[1] != expected:
            yield Finding(table, number, Kind.ALTERED, expected=expected, found=row[1])
        row = next(there, None)
    while row:
        yield Finding(table, row[0], Kind.INSERTED, found=row[1])
        row = next(there, None)


def moved(findings: list[Finding]) -> list[Finding]:
    """Rows that hold what another was sealed with have not been altered: they changed places."""
    was = {(one.table, one.expected): one for one in findings if one.expected}
    now = {(one.table, one.found): one for one in findings if one.found}

    def told(one: Finding) -> Finding:
        if one.found and (origin := was.get((one.table, one.found))):
            return replace(one, kind=Kind.REORDERED, detail=f"was row {origin.number}")
        if (
            one.kind == Kind.REMOVED
            and one.expected
            and (goal := now.get((one.table, one.expected)))
        ):
            return replace(one, kind=Kind.REORDERED, detail=f"is row {goal.number} now")
        return one

    return [told(one) for one in findings]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Records of one kind that no seal covers yet. `since` is unknown where no time is kept."""

    table: str
    first: int
    rows: int
    more: bool
    since: Any


def backlog() -> list[Waiting]:
    """What is not sealed yet, counted so far and no further."""
    found = []
    for kind in SEALED.values():
        newest = Seal.objects.of(kind.table).order_by("-last").first()
        rest = kind.model._default_manager.filter(pk__gt=newest.last if newest else 0)
        row = rest.order_by("pk").first()
        if row is not None:
            count = rest.order_by().values("pk")[:MOST].count()
            since = getattr(row, "recorded_at", None)
            found.append(Waiting(kind.table, row.pk, count, count == MOST, since))
    return found


def unsealed(*, older_than: timedelta) -> list[Finding]:
    """The oldest row of each kind of record, if it has waited too long for its seal."""
    before = timezone.now() - older_than
    return [
        Finding(
            waiting.table, waiting.first, Kind.UNSEALED, f"since {waiting.since:%Y-%m-%d %H:%M}Z"
        )
        for waiting in backlog()
        if waiting.since and waiting.since < before
    ]
