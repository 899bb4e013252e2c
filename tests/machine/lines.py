"""What the machine asks for: a strategy for a line of each verb.

Lots, boxes and demands are numbers, counted round among those that there are. `like` picks a claim
that there is, and takes over its lot and demand, so that the verbs meet often enough.
"""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[dict[str, Any]]

number = st.integers(0, 11)


def seldom(drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly nothing: what makes a line harder to fit."""
    return st.none() | st.none() | st.none() | st.none() | drawn


def mostly(usual: list[Any], *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(usual) | st.sampled_from(usual) | st.sampled_from([*usual, *others])


some = mostly([Decimal(1), Decimal(3), Decimal("2.5")], Decimal(40), Decimal(0))
quantity = st.none() | some
reason = mostly(["because"], "")
store = st.sampled_from(["a1", "a2", "cage"])
lane = mostly(["l1", "l2", "dock"], "a1")
everywhere = mostly(["a1", "a2", "l1", "dock"], "cage", "l2", "truck")
away = mostly(["a1", "a2", "cage"], "l1", "l2", "dock", "truck")
material = st.sampled_from(["M0", "M1"])


def line(optional: dict[str, Any] | None = None, **fields: Any) -> Strategy:
    found: Strategy = st.fixed_dictionaries(fields, optional=optional or {})
    return found


def taking(**fields: Any) -> Strategy:
    """A line that takes from claims: mostly from one that there is."""
    may = {"quantity": quantity, "container": seldom(number), "demand": seldom(number)}
    may = {name: drawn for name, drawn in may.items() if name not in fields}
    exact = line({"quantity": quantity}, like=number, **fields)
    return exact | exact | exact | line(may, lot=number, **fields)


def removing() -> Strategy:
    may = {"source": seldom(everywhere), "container": seldom(number)}
    return line(may, lot=number, quantity=some, reason=reason)


def signing(**fields: Any) -> Strategy:
    password = mostly(["secret"], "guess")
    return line(lot=number, reason=st.just("because"), password=password, **fields)


FROM = {"source": seldom(everywhere), "container": seldom(number), "quantity": quantity}
NEED = st.dictionaries(
    st.sampled_from(["M0", "M1", "P"]),
    st.sampled_from([Decimal(5), Decimal(30), Decimal(60)]),
    min_size=1,
)

LINES: dict[str, Strategy] = {
    "receive": line(
        {"container": seldom(number)}, material=material, quantity=some, location=away,
        number=st.sampled_from(["R0", "R1", "R2"]),
    ),
    "put_away": line(FROM, lot=number, target=store),
    "move": line(FROM, lot=number, target=away),
    "adjust": line(
        {"container": seldom(number)}, lot=number, location=everywhere, quantity=some,
        reason=reason,
    ),
    "sample": removing(),
    "scrap": removing(),
    "send_back": removing(),
    "new_container": line(code=st.sampled_from(["BOX3", "BOX4"]), location=store),
    "number_container": line(container=number),
    "pack": line({"quantity": quantity}, lot=number, container=number),
    "unpack": line({"quantity": quantity}, lot=number, container=number),
    "move_container": line(container=number, target=away),
    "split_lot": line(
        {"source": seldom(everywhere), "container": seldom(number)}, lot=number, quantity=some,
        number=st.sampled_from(["S0", "S1", "S2"]),
    ),
    "merge_lots": line(FROM, lot=number, into=number),
    "place_hold": line(lot=number, reason=reason)
    | line(container=number, reason=reason)
    | line(location=everywhere, reason=reason)
    | line({"lot": seldom(number)}, material=material, reason=reason),
    "lift_hold": line(
        hold=number, reason=st.just("because"), password=mostly(["secret"], "guess")
    ),
    "record_inspection": line(lot=number, passed=st.booleans()),
    "dispose_inspection": line(
        inspection=number, reason=reason,
        outcome=st.sampled_from(["accept", "reinspect", "reject"]),
    ),
    "release": signing(),
    "restrict": signing(references=st.lists(number, max_size=3)),
    "reject": signing(),
    "reopen": signing(),
    "close_lot": signing(),
    "stage": line(FROM, demand=number, lot=number, lane=lane),
    "assign": line(
        {"container": seldom(number), "quantity": quantity}, demand=number, lot=number,
        lane=lane,
    ),
    "unstage": taking(target=away),
    "transfer": taking(target=lane),
    "borrow": taking(borrower=number, reason=reason),
    "allocate": line(
        {"lot": number, "source": seldom(everywhere), "quantity": quantity}, demand=number
    ),
    "deallocate": taking(),
    "issue": taking(),
    "consume": taking(),
    "produce": line(
        {"next_demand": number}, demand=number, quantity=some, location=everywhere,
        number=st.sampled_from(["F0", "F1", "F2"]),
    ),
    "return_remainder": taking(target=away),
    "load": taking(vehicle=mostly(["truck"], "l1")),
    "unload": taking(target=mostly(["dock", "l1", "a1"], "cage", "truck")),
    "ship": taking(demand=number),
    "create_demand": line(
        reference=st.sampled_from(["D4", "D5", "D6"]), needs=NEED,
        kind=st.sampled_from(["production", "shipment"]),
    ),
    "change_demand": line(demand=number, needs=NEED, reason=reason),
    "cancel_demand": line(demand=number, reason=reason),
    "complete_demand": line(demand=number, reason=reason),
}  # fmt: skip

OFTEN = {
    "stage": 6, "allocate": 2, "assign": 2, "transfer": 2, "unstage": 2, "issue": 3, "consume": 3,
    "return_remainder": 2, "load": 3, "unload": 2, "ship": 3, "lift_hold": 2, "pack": 2,
}  # fmt: skip
"""Verbs that are asked for more often than others, so that material gets somewhere."""

TAKES = {
    "unstage": {"staged"},
    "transfer": {"staged"},
    "borrow": {"staged"},
    "deallocate": {"reserved"},
    "issue": {"staged"},
    "consume": {"issued"},
    "return_remainder": {"issued"},
    "load": {"staged"},
    "unload": {"issued"},
    "ship": {"staged", "issued"},
}
"""The states of the claims that a verb takes from."""

GOES_ON = {
    ("production", "reserved"): ["deallocate"],
    ("shipment", "reserved"): ["deallocate"],
    ("production", "staged"): ["issue", "issue", "borrow", "transfer", "unstage"],
    ("shipment", "staged"): ["load", "load", "ship", "borrow", "transfer", "unstage"],
    ("production", "issued"): ["consume", "consume", "return_remainder"],
    ("shipment", "issued"): ["ship", "ship", "unload"],
}
"""What can be done next, by the kind of demand and the state of the claim."""


def asking(*verbs: str) -> st.SearchStrategy[tuple[str, list[dict[str, Any]]]]:
    """A verb and its lines, one mostly."""

    def lines(verb: str) -> st.SearchStrategy[list[dict[str, Any]]]:
        one = st.lists(LINES[verb], min_size=1, max_size=1)
        return one | one | st.lists(LINES[verb], min_size=2, max_size=3)

    drawn = {verb: st.tuples(st.just(verb), lines(verb)) for verb in verbs}
    return st.one_of([drawn[verb] for verb in verbs for _n in range(OFTEN.get(verb, 1))])
