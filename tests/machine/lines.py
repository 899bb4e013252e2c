"""What the machine asks for: a strategy for a line of each verb.

Lots, boxes and demands are numbers, counted round among those that there are. `like` picks a claim
that there is, and takes over its lot and demand, so that the verbs meet often enough.
"""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[dict[str, Any]]

number = st.integers(0, 11)
some = st.sampled_from([Decimal(1), Decimal(3), Decimal("2.5"), Decimal(40), Decimal(0)])
quantity = st.none() | some
reason = st.sampled_from(["because", "because", "because", ""])
place = st.sampled_from(["a1", "a2", "cage", "l1", "l2", "dock", "truck"])
store = st.sampled_from(["a1", "a2", "cage"])
lane = st.sampled_from(["l1", "l2", "dock", "dock", "a1"])
material = st.sampled_from(["M0", "M1"])


def line(optional: dict[str, Any] | None = None, **fields: Any) -> Strategy:
    found: Strategy = st.fixed_dictionaries(fields, optional=optional or {})
    return found


def taking(**fields: Any) -> Strategy:
    """A line that takes from claims: mostly from one that there is, of one demand."""
    may = {"quantity": quantity, "container": number, "demand": number}
    may = {name: drawn for name, drawn in may.items() if name not in fields}
    exact = line({"quantity": quantity}, like=number, **fields)
    return exact | exact | line(may, lot=number, **fields)


def removing() -> Strategy:
    return line({"source": place, "container": number}, lot=number, quantity=some, reason=reason)


def signing(**fields: Any) -> Strategy:
    password = st.sampled_from(["secret", "secret", "secret", "guess"])
    return line(lot=number, reason=st.just("because"), password=password, **fields)


FROM = {"source": place, "container": number, "quantity": quantity}
NEED = st.dictionaries(
    st.sampled_from(["M0", "M1", "P"]),
    st.sampled_from([Decimal(5), Decimal(30), Decimal(60)]),
    min_size=1,
)

LINES: dict[str, Strategy] = {
    "receive": line(
        {"container": number}, material=material, number=st.sampled_from(["R0", "R1", "R2"]),
        quantity=some, location=place,
    ),
    "put_away": line(FROM, lot=number, target=store),
    "move": line(FROM, lot=number, target=place),
    "adjust": line({"container": number}, lot=number, location=place, quantity=some, reason=reason),
    "sample": removing(),
    "scrap": removing(),
    "send_back": removing(),
    "new_container": line(code=st.sampled_from(["BOX3", "BOX4"]), location=store),
    "pack": line({"quantity": quantity}, lot=number, container=number),
    "unpack": line({"quantity": quantity}, lot=number, container=number),
    "move_container": line(container=number, target=place),
    "split_lot": line(
        {"source": place, "container": number}, lot=number, quantity=some,
        number=st.sampled_from(["S0", "S1", "S2"]),
    ),
    "merge_lots": line(FROM, lot=number, into=number),
    "place_hold": line(lot=number, reason=reason)
    | line(container=number, reason=reason)
    | line(location=place, reason=reason)
    | line({"lot": number}, material=material, reason=reason),
    "lift_hold": line(hold=number, reason=st.just("because")),
    "record_inspection": line(lot=number, passed=st.booleans()),
    "release": signing(),
    "restrict": signing(references=st.lists(number, max_size=3)),
    "reject": signing(),
    "reopen": signing(),
    "close_lot": signing(),
    "stage": line(FROM, demand=number, lot=number, lane=lane),
    "assign": line(
        {"container": number, "quantity": quantity}, demand=number, lot=number, lane=lane
    ),
    "unstage": taking(target=place),
    "transfer": taking(target=lane),
    "borrow": taking(borrower=number, reason=reason),
    "allocate": line({"lot": number, "source": place, "quantity": quantity}, demand=number),
    "deallocate": taking(),
    "issue": taking(),
    "consume": taking(),
    "produce": line(
        {"next_demand": number}, demand=number, quantity=some, location=place,
        number=st.sampled_from(["F0", "F1", "F2"]),
    ),
    "return_remainder": taking(target=place),
    "load": taking(vehicle=st.sampled_from(["truck", "truck", "truck", "l1"])),
    "unload": taking(target=place),
    "ship": taking(demand=number),
    "create_demand": line(
        reference=st.sampled_from(["D4", "D5", "D6"]), needs=NEED,
        kind=st.sampled_from(["production", "shipment"]),
    ),
    "change_demand": line(demand=number, needs=NEED, reason=reason),
    "cancel_demand": line(demand=number, reason=reason),
    "complete_demand": line(demand=number, reason=reason),
}  # fmt: skip

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
