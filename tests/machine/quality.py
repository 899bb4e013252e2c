"""What the model expects of the quality verbs. Each function takes one line."""

from typing import Any

from tests.machine.model import Model, require

DECIDABLE = ("quarantine", "released", "restricted")


def place_hold(m: Model, *, reason: str, **target: str) -> None:
    require(reason, "reason_needed")
    require(len(target) == 1, "hold_target")
    m.hold(*next(iter(target.items())))
    for claim in [key for key in m.claims if key[1] == "reserved"]:
        _demand, _state, lot, place, box = claim
        if m.held(lot, (place,), box):
            m.unclaim(claim, m.claims[claim][0])


def lift_hold(m: Model, *, hold: int, reason: str, password: str) -> None:
    require(password == "secret", "signature_wrong")
    require(hold in m.holds, "hold_not_open")
    del m.holds[hold]


def record_inspection(m: Model, *, lot: str, passed: bool, **words: str) -> None:
    m.inspections.append((lot, passed, ""))


def dispose_inspection(m: Model, *, inspection: int, outcome: str, reason: str) -> None:
    lot, passed, _before = m.inspections[inspection]
    require(not passed, "inspection_passed")
    require(
        all(of != lot for of, *_rest in m.inspections[inspection + 1 :]), "inspection_superseded"
    )
    require(reason, "reason_needed")
    m.inspections[inspection] = lot, passed, outcome


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
    """Whether what counts is fine: the lot's last inspection, and those of its parents since."""
    family, layer = {lot}, {lot}
    while layer:
        layer = {parent for child in layer for parent in m.parents[child]} - family
        family |= layer
    last = {of: number for number, (of, *_rest) in enumerate(m.inspections) if of in family}
    counting = [m.inspections[number] for number in last.values() if number >= last.get(lot, -1)]
    return [passed or outcome == "accept" for _of, passed, outcome in counting]
