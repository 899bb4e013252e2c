"""What the model expects of the quality verbs. Each function takes one line."""

from typing import Any

from tests.machine.model import Model, require

DECIDABLE = ("quarantine", "released", "restricted")


def place_hold(m: Model, *, reason: str, **target: str) -> None:
    require(reason, "reason_needed")
    require(len(target) == 1, "hold_target")
    m.hold(*next(iter(target.items())))


def lift_hold(m: Model, *, hold: int, reason: str) -> None:
    require(hold in m.holds, "hold_not_open")
    del m.holds[hold]


def record_inspection(m: Model, *, lot: str, passed: bool, **words: str) -> None:
    m.inspections.append((lot, passed))


def release(m: Model, *, lot: str, password: str, **words: Any) -> None:
    _sign(m, lot, password, DECIDABLE)
    require(all(_count(m, lot)), "inspection_failed")
    _decide(m, lot, "released")


def restrict(
    m: Model, *, lot: str, password: str, references: tuple[str, ...], **words: Any
) -> None:
    _sign(m, lot, password, DECIDABLE)
    require(references, "references_needed")
    _decide(m, lot, "restricted", references)


def reject(m: Model, *, lot: str, password: str, **words: Any) -> None:
    _sign(m, lot, password, DECIDABLE)
    _decide(m, lot, "rejected")


def reopen(m: Model, *, lot: str, password: str, **words: Any) -> None:
    _sign(m, lot, password, ("released", "restricted", "rejected"))
    _decide(m, lot, "quarantine")


def close_lot(m: Model, *, lot: str, password: str, **words: Any) -> None:
    _sign(m, lot, password, (*DECIDABLE, "rejected"))
    require(not m.rows(lot), "still_on_hand")
    _decide(m, lot, "closed")


def _sign(m: Model, lot: str, password: str, statuses: tuple[str, ...]) -> None:
    require(password == "secret", "signature_wrong")
    require(m.status[lot] in statuses, "wrong_status")


def _decide(m: Model, lot: str, status: str, references: tuple[str, ...] = ()) -> None:
    m.status[lot], m.permits[lot] = status, set(references)


def _count(m: Model, lot: str) -> list[bool]:
    """Whether the inspections that count passed: the lot's last, and those of its parents since."""
    family, layer = {lot}, {lot}
    while layer:
        layer = {parent for child in layer for parent in m.parents[child]} - family
        family |= layer
    last = {of: number for number, (of, _passed) in enumerate(m.inspections) if of in family}
    return [m.inspections[number][1] for number in last.values() if number >= last.get(lot, -1)]
