"""Whether certain records are what was sealed. Of the history, only their own batches are read."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Q

from inventory.models import Seal, SealNotice
from inventory.seals import chain, content, merkle
from inventory.seals.registry import SEALED
from inventory.seals.verifying import SEAL, Finding, Kind, compare

MOST = 200
"""Seals whose batches are read at most, the newest ones: each may list 10,000 rows."""

AT_ONCE = 10

Numbers = Mapping[str, list[int]]
"""Rows by table, in order."""


@dataclass(slots=True)
class Check:
    """What was found. `rows` were asked for, `sound` are as they were sealed, `waiting` have no
    seal yet; `unread` lie in batches beyond `MOST`."""

    rows: int = 0
    sound: int = 0
    waiting: int = 0
    unread: int = 0
    seals: list[Seal] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def check(records: Mapping[str, Collection[int]]) -> Check:
    """Compare rows, named by table and number, with the seals over them.

    Each seal is checked as well: its hash, that the next one follows it, that it is the one that
    was published. Four statements, and one for each table with rows under seal.
    What is gone cannot be missed here, as nobody asks for it: `verifying.verify` finds it.
    """
    wanted: Numbers = {table: sorted(numbers) for table, numbers in records.items() if numbers}
    over = _seals_over(wanted)
    read = over[-MOST:]
    found = Check(rows=sum(map(len, wanted.values())), seals=read)
    found.unread = sum(len(_within(seal, wanted)) for seal in over[:-MOST])
    stored = _stored(read, wanted)
    found.findings += _links(read)
    for seal in _with_entries(read):
        mine = {number: stored[seal.table].get(number, b"") for number in _within(seal, wanted)}
        wrong = _wrong(seal, mine)
        found.findings += wrong
        found.sound += 0 if any(one.table == SEAL for one in wrong) else len(mine) - len(wrong)
    sealed = sum(len(_within(seal, wanted)) for seal in over)
    found.waiting = found.rows - sealed
    return found


def _seals_over(wanted: Numbers) -> list[Seal]:
    """The seals whose batches hold some of the rows, the oldest first."""
    spans = (
        Q(table=table, last__gte=numbers[0], first__lte=numbers[-1])
        for table, numbers in wanted.items()
    )
    near = Seal.objects.filter(Q(*(spans or ()), _connector=Q.OR)).order_by("sequence")
    return [seal for seal in near.iterator() if _within(seal, wanted)] if wanted else []


def _within(seal: Seal, wanted: Numbers) -> list[int]:
    numbers = wanted[seal.table]
    return numbers[bisect_left(numbers, seal.first) : bisect_left(numbers, seal.last + 1)]


def _stored(seals: Iterable[Seal], wanted: Numbers) -> dict[str, dict[int, bytes]]:
    """The digest of each row as it is now, over the columns that its seal covers."""
    found: dict[str, dict[int, bytes]] = {}
    by_table: dict[str, list[Seal]] = {}
    for seal in seals:
        by_table.setdefault(seal.table, []).append(seal)
    for table, over in by_table.items():
        columns = sorted({name for seal in over for name in seal.columns})
        numbers = [number for seal in over for number in _within(seal, wanted)]
        rows = SEALED[table].model._default_manager.filter(pk__in=numbers).order_by("pk")
        digests = found[table] = {}
        starts = [seal.first for seal in over]
        for number, *values in rows.values_list("pk", *columns).iterator(content.FETCHED):
            seal = over[bisect_left(starts, number + 1) - 1]
            named = dict(zip(columns, values, strict=True))
            row = content.content(seal.columns, [named[name] for name in seal.columns])
            digests[number] = content.digest(row)
    return found


def _links(seals: list[Seal]) -> list[Finding]:
    """What is wrong with the seals themselves."""
    numbers = [seal.sequence for seal in seals]
    nexts = Seal.objects.filter(sequence__in=[number + 1 for number in numbers])
    following = dict(nexts.values_list("sequence", "previous"))
    sent = SealNotice.objects.filter(sequence__in=numbers)
    published = dict(sent.values_list("sequence", "hash"))
    return [
        Finding(SEAL, seal.sequence, Kind.ALTERED)
        for seal in seals
        if chain.link(seal.previous, chain.digest(seal)) != seal.hash
        or following.get(seal.sequence + 1, seal.hash) != seal.hash
        or published.get(seal.sequence, seal.hash) != seal.hash
    ]


def _with_entries(seals: list[Seal]) -> Iterable[Seal]:
    numbers = [seal.sequence for seal in seals]
    rows = Seal.objects.defer(None).filter(sequence__in=numbers).order_by("sequence")
    found: Iterable[Seal] = rows.iterator(AT_ONCE)
    return found


def _wrong(seal: Seal, mine: Mapping[int, bytes]) -> list[Finding]:
    """The batch beside the rows: its entries make its root, and the rows are among them."""
    pairs = dict(seal.pairs())
    if merkle.root([content.entry(*pair) for pair in pairs.items()]).hex() != seal.root:
        return [Finding(SEAL, seal.sequence, Kind.ALTERED, "its entries are not its own")]
    sealed = ((number, pairs[number]) for number in mine if number in pairs)
    return list(compare(seal.table, sealed, mine.items()))
