"""What a signer sees of a lot: bound into the signature, compared before and after.

A lot's *sight* is plain data, part by part: status, dates, the results that count, open holds, the
last movement, the last decision. Its *version* is short, made of it, and says which part differs.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

from django.db.models import Max, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from inventory.models import Lot, LotLink, Movement
from inventory.units import plain
from quality.models import Decision, Disposition, Hold, Inspection, InspectionResult

Sight = dict[str, Any]

PARTS = {
    "status": _("the status"),
    "dates": _("the dates"),
    "results": _("the inspection results"),
    "holds": _("the open holds"),
    "movement": _("movements"),
    "decision": _("the decisions"),
}
"""The parts of a sight, and what to call it when one differs."""

SHORT = 8
"""Hexadecimal digits of a part in a version."""


def canonical(data: Any) -> str:
    """The one way to write it down: keys in order, no blanks."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def version_of(sight: Sight) -> str:
    """A lot's version, to be sent along with what one asks for after having seen it."""
    return ".".join(digest_of(canonical(sight[part]))[:SHORT] for part in PARTS)


def changed_since(version: str, sight: Sight) -> list[str]:
    """The parts that differ from those of an earlier version; all, if it never was one."""
    before, now = version.strip().split("."), version_of(sight).split(".")
    if len(before) != len(now):
        return list(PARTS)
    return [part for part, a, b in zip(PARTS, before, now, strict=True) if a != b]


def differences(before: Sight, now: Sight) -> list[str]:
    """The parts in which two sights of a lot differ."""
    return [part for part in PARTS if before[part] != now[part]]


def in_words(parts: Iterable[str]) -> str:
    return ", ".join(str(PARTS[part]) for part in parts)


def look_at(
    lots: Mapping[int, Lot], counting: Mapping[int, list[Inspection]] | None = None
) -> dict[int, Sight]:
    """The sight of each lot, from a handful of statements. `counting` saves reading it again."""
    counting = counting if counting is not None else counting_inspections(families_of(lots))
    results = _results(counting)
    holds, heads = _open_holds(lots), _heads(lots)
    return {
        pk: {
            "status": lot.status,
            "dates": [_day(lot.made_on), _day(lot.expires_on), _day(lot.retest_on)],
            "results": [
                [row.pk, row.passed, row.outcome, results[row.pk]]  # type: ignore[attr-defined]
                for row in sorted(counting[pk], key=lambda row: row.pk)
            ],
            "holds": holds[pk],
            "movement": heads[pk]["movement"],
            "decision": heads[pk]["decision"],
        }
        for pk, lot in lots.items()
    }


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None


def _results(counting: Mapping[int, list[Inspection]]) -> dict[int, list[list[str]]]:
    found: dict[int, list[list[str]]] = defaultdict(list)
    wanted = {row.pk for rows in counting.values() for row in rows}
    for row in InspectionResult.objects.filter(inspection__in=wanted).order_by("pk"):
        limits = [plain(limit) if limit is not None else "" for limit in (row.lower, row.upper)]
        passed = "passed" if row.passed else "failed"
        found[row.inspection_id].append([row.characteristic, row.value, row.unit, *limits, passed])
    return found


def _open_holds(lots: Mapping[int, Lot]) -> dict[int, list[list[Any]]]:
    """Those on the lot itself, its material and its supplier lot; those on places are theirs."""
    by_lot: dict[int, list[list[Any]]] = defaultdict(list)
    by_material: dict[int, list[list[Any]]] = defaultdict(list)
    materials = {lot.material_id for lot in lots.values()}
    by_number: dict[str, list[list[Any]]] = defaultdict(list)
    numbers = {lot.supplier_lot for lot in lots.values()} - {""}
    rows = Hold.objects.open().filter(
        Q(lot__in=lots) | Q(material__in=materials) | Q(supplier_lot__in=numbers)
    )
    for hold in rows.order_by("pk"):
        said = [hold.pk, hold.reason, hold.actor_id]
        if hold.lot_id:
            by_lot[hold.lot_id].append(said)
        elif hold.material_id:
            by_material[hold.material_id].append(said)
        else:
            by_number[hold.supplier_lot].append(said)
    return {
        pk: sorted(by_lot[pk] + by_material[lot.material_id] + by_number[lot.supplier_lot])
        for pk, lot in lots.items()
    }


def _heads(lots: Collection[int]) -> dict[int, dict[str, Any]]:
    """The newest movement and decision of each lot: the end of an index for each."""
    movements = Movement.objects.filter(lot=OuterRef("pk")).order_by("-pk")
    decisions = Decision.objects.filter(lot=OuterRef("pk")).order_by("-pk")
    rows = Lot.objects.filter(pk__in=lots).order_by().annotate(
        movement=Subquery(movements.values("pk")[:1]),
        decision=Subquery(decisions.values("pk")[:1]),
    )  # fmt: skip
    return {row["pk"]: {**row} for row in rows.values("pk", "movement", "decision")}


# --- the inspections that count -------------------------------------------------------------------


def counting_inspections(families: Mapping[int, Collection[int]]) -> dict[int, list[Inspection]]:
    """The inspections that count for each lot: its own last one, and those of lots that it was
    split from or took up, where it has not been inspected since. `outcome` is what was decided
    on one that failed."""
    relatives = set().union(*families.values())
    newest = Inspection.objects.filter(lot__in=relatives).order_by().values("lot")
    rows = Inspection.objects.filter(pk__in=newest.annotate(last=Max("pk")).values("last"))
    last: dict[int, Inspection] = {
        row.lot_id: row for row in rows.annotate(outcome=newest_outcome("pk"))
    }
    counting = {}
    for lot, family in families.items():
        since = last[lot].pk if lot in last else 0
        counting[lot] = [last[pk] for pk in family if pk in last and last[pk].pk >= since]
    return counting


def families_of(lots: Collection[int]) -> dict[int, set[int]]:
    """Each lot with all that it was split from or took up by merging. A statement a generation."""
    parents: dict[int, set[int]] = defaultdict(set)
    known, layer = set(lots), set(lots)
    while layer:
        links = LotLink.objects.filter(child__in=layer, kind__in=("split", "merge"))
        pairs = list(links.values_list("child", "parent"))
        for child, parent in pairs:
            parents[child].add(parent)
        layer = {parent for _child, parent in pairs} - known
        known |= layer
    return {lot: _ancestry(lot, parents) for lot in lots}


def newest_outcome(inspection: str) -> Subquery:
    """What was last decided on a failed inspection; `inspection` names the column of its key."""
    found = Disposition.objects.filter(inspection=OuterRef(inspection)).order_by("-pk")
    return Subquery(found.values("outcome")[:1])


def _ancestry(lot: int, parents: dict[int, set[int]]) -> set[int]:
    found, waiting = {lot}, [lot]
    while waiting:
        further = parents.get(waiting.pop(), set()) - found
        found |= further
        waiting += further
    return found
