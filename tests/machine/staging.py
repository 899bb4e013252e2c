"""What the model expects of the staging verbs. Each function takes one line."""

from decimal import Decimal

from tests.machine.model import KINDS, ZERO, Claim, Demand, Model, No, Place, require
from tests.machine.stock import STORES, new_lot

Quantity = Decimal | None


# --- into the lane ------------------------------------------------------------------------------


def stage(m: Model, *, demand: str, lot: str, lane: str, source: str | None = None,
          container: str | None = None, quantity: Quantity = None) -> None:  # fmt: skip
    _needs(m, demand, lot, lane)
    require(source != lane, "same_place")
    at = _source(m, demand, lot, lane, source, container)
    require(KINDS[at[1]] in ("storage", "staging", "quarantine"), "wrong_location_kind")
    quantity = _wanted(m, demand, at, quantity)
    own: Claim = (demand, "reserved", *at)
    reserved = min(m.claims.get(own, (ZERO, m.at))[0], quantity)
    m.gate("stage", at, lane, demand)
    if reserved:
        m.unclaim(own, reserved)
    box = m.move(at, lane, quantity)
    m.claim((demand, "staged", lot, lane, box), quantity)
    m.settle(demand, m.material[lot])
    m.hold_to_capacity(lane)


def assign(m: Model, *, demand: str, lot: str, lane: str, container: str | None = None,
           quantity: Quantity = None) -> None:  # fmt: skip
    _needs(m, demand, lot, lane)
    here = [key for key in m.rows(lot) if _usable(m, demand, key)]
    at = m.pick(lot, lane, container, here or None)
    quantity = _wanted(m, demand, at, quantity)
    m.gate("stage", at, lane, demand)
    require(m.free(at) >= quantity, "not_enough")
    m.claim((demand, "staged", *at), quantity)
    m.settle(demand, m.material[lot])


def _needs(m: Model, demand: str, lot: str, lane: str) -> None:
    require(not m.demands[demand].closed, "demand_closed")
    require(KINDS[lane] == "staging", "wrong_location_kind")
    require(m.material[lot] in m.demands[demand].needs, "not_required")


def _usable(m: Model, demand: str, at: Place) -> Decimal:
    """What is free there, or reserved for the demand."""
    return m.free(at) + m.claims.get((demand, "reserved", *at), (ZERO, m.at))[0]


def _source(
    m: Model, demand: str, lot: str, lane: str, source: str | None, container: str | None
) -> Place:
    offered = [
        key
        for key in m.rows(lot)
        if key[1] != lane
        and (source or (KINDS[key[1]] in ("storage", "staging") and _usable(m, demand, key) > 0))
    ]
    if not source and not container:
        offered = [key for key in offered if (demand, "reserved", *key) in m.claims] or offered
    return m.pick(lot, source, container, offered or m.rows(lot))


def _wanted(m: Model, demand: str, at: Place, quantity: Quantity) -> Decimal:
    missing = m.missing(demand, m.material[at[0]])
    require(missing > 0, "more_than_required")
    wanted = m.amount(quantity, min(missing, _usable(m, demand, at)))
    require(wanted <= missing, "more_than_required")
    return wanted


# --- reservations -------------------------------------------------------------------------------


def allocate(m: Model, *, demand: str, lot: str | None = None, source: str | None = None,
             quantity: Quantity = None) -> None:  # fmt: skip
    require(not m.demands[demand].closed, "demand_closed")
    needs = m.demands[demand].needs
    if lot:
        require(m.material[lot] in needs, "not_required")
    require(lot or quantity is None, "lot_needed")
    if lot and quantity is not None:
        m.amount(quantity, ZERO)
        require(quantity <= _unreserved(m, demand, m.material[lot]), "more_than_required")
    got = False
    offered = _chosen(m, lot) if lot else _first_expired(m, demand)
    for material in [m.material[lot]] if lot else needs:
        wanted = _unreserved(m, demand, material)
        wanted = min(wanted, quantity) if quantity is not None else wanted
        for at in offered:
            part = min(m.free(at), wanted)
            if m.material[at[0]] == material and source in (None, at[1]) and part > 0:
                m.gate("stage", at, at[1], demand)
                m.claim((demand, "reserved", *at), part)
                wanted -= part
                got = True
    require(got, "nothing_to_allocate")


def _unreserved(m: Model, demand: str, material: str) -> Decimal:
    return max(m.missing(demand, material) - m.committed(demand, material, "reserved"), ZERO)


def _chosen(m: Model, lot: str) -> list[Place]:
    rows = [key for key in m.rows(lot) if KINDS[key[1]] == "storage"]
    return sorted(rows, key=lambda key: key[1])  # the order of walking


def _first_expired(m: Model, demand: str) -> list[Place]:
    """What may be staged for the demand: first expired first, then the older lot."""
    found = []
    for lot in m.material:
        for at in m.rows(lot):
            try:
                require(KINDS[at[1]] == "storage", "not_offered")
                m.gate("stage", at, at[1], demand)
            except No:
                continue
            found.append(at)
    ages = list(m.material)
    came = list(m.stock)
    return sorted(
        found,
        key=lambda at: (
            m.expiry[at[0]] is None, m.expiry[at[0]] or 0, ages.index(at[0]), came.index(at)
        ),
    )  # fmt: skip


def deallocate(m: Model, *, lot: str, demand: str | None = None, source: str | None = None,
               container: str | None = None, quantity: Quantity = None) -> None:  # fmt: skip
    for key, part in take(m, lot, ("reserved",), source, container, demand, quantity):
        m.unclaim(key, part)


# --- out of the lane ----------------------------------------------------------------------------


def take(
    m: Model,
    lot: str,
    states: tuple[str, ...],
    place: str | None,
    container: str | None,
    demand: str | None,
    quantity: Quantity,
) -> list[tuple[Claim, Decimal]]:
    """Which claims a line takes from, the oldest first, and how much of each."""
    if quantity is not None:
        m.amount(quantity, ZERO)
    found = m.aged(
        lambda key: (
            key[1] in states
            and key[2] == lot
            and place in (None, key[3])
            and container in (None, key[4])
            and demand in (None, key[0])
        )
    )
    require(len({key[0] for key in found}) <= 1, "demand_needed")
    require(len({key[3] for key in found}) <= 1, "lane_needed")
    available = sum((m.claims[key][0] for key in found), ZERO)
    require(available, "not_committed")
    wanted = available if quantity is None else quantity
    require(wanted <= available, "not_enough")
    parts = []
    for key in found:
        part = min(m.claims[key][0], wanted)
        if part > 0:
            parts.append((key, part))
            wanted -= part
    return parts


def _go(m: Model, parts: list[tuple[Claim, Decimal]], to: str, becomes: str | None,
        *, carries: bool = True) -> None:  # fmt: skip
    """Take claimed stock somewhere else, and the claim with it, or off it."""
    for (demand, state, *at), part in parts:
        place: Place = tuple(at)  # type: ignore[assignment]
        since = m.claims[(demand, state, *place)][1]
        m.unclaim((demand, state, *place), part)
        box = m.move(place, to, part, carries=carries)
        if becomes == "used":
            m.used[demand, place[0]] = m.used.get((demand, place[0]), ZERO) + part
        elif becomes:
            keeps = state == becomes == "staged"
            m.claim((demand, becomes, place[0], to, box), part, since if keeps else None)
    if becomes == "staged":
        m.hold_to_capacity(to)


def _ask(m: Model, asks: str, parts: list[tuple[Claim, Decimal]], to: str) -> None:
    for (demand, _state, *at), _part in parts:
        m.gate(asks, tuple(at), to, demand)  # type: ignore[arg-type]


def _must_be(m: Model, parts: list[tuple[Claim, Decimal]], *, shipment: bool) -> None:
    kinds = {m.demands[key[0]].kind == "shipment" for key, _part in parts}
    require(kinds == {shipment}, "wrong_demand_kind")


def unstage(m: Model, *, lot: str, target: str, lane: str | None = None,
            demand: str | None = None, container: str | None = None,
            quantity: Quantity = None) -> None:  # fmt: skip
    parts = take(m, lot, ("staged",), lane, container, demand, quantity)
    if all(key[3] == target for key, _part in parts):
        for key, part in parts:
            m.unclaim(key, part)
        return
    require(KINDS[target] in STORES, "wrong_location_kind")
    _go(m, parts, target, None)


def transfer(m: Model, *, lot: str, target: str, lane: str | None = None,
             demand: str | None = None, container: str | None = None,
             quantity: Quantity = None) -> None:  # fmt: skip
    require(KINDS[target] == "staging", "wrong_location_kind")
    parts = take(m, lot, ("staged",), lane, container, demand, quantity)
    require(all(key[3] != target for key, _part in parts), "same_place")
    _ask(m, "stage", parts, target)
    _go(m, parts, target, "staged")


def borrow(m: Model, *, lot: str, borrower: str, reason: str, demand: str | None = None,
           lane: str | None = None, container: str | None = None,
           quantity: Quantity = None) -> None:  # fmt: skip
    require(reason, "reason_needed")
    require(not m.demands[borrower].closed, "demand_closed")
    material = m.material[lot]
    require(material in m.demands[borrower].needs, "not_required")
    missing = max(m.missing(borrower, material), ZERO)
    goes = []
    for key, there in take(m, lot, ("staged",), lane, container, demand, quantity):
        require(key[0] != borrower, "same_demand")
        part = min(there, missing)
        missing -= part
        require(part == there or quantity is None, "more_than_required")
        if part:
            goes.append((key, part))
    require(goes, "more_than_required")
    for key, _part in goes:
        m.gate("stage", key[2:], key[3], borrower)
    for key, part in goes:
        since = m.claims[key][1]
        m.unclaim(key, part)
        m.claim((borrower, *key[1:]), part, since)
    m.settle(borrower, material)


# --- into the next step -------------------------------------------------------------------------


def issue(m: Model, *, lot: str, lane: str | None = None, demand: str | None = None,
          container: str | None = None, quantity: Quantity = None) -> None:  # fmt: skip
    parts = take(m, lot, ("staged",), lane, container, demand, quantity)
    _must_be(m, parts, shipment=False)
    _ask(m, "issue", parts, "wc")
    _go(m, parts, "wc", "issued")


def consume(m: Model, *, lot: str, demand: str | None = None, container: str | None = None,
            quantity: Quantity = None) -> None:  # fmt: skip
    parts = take(m, lot, ("issued",), None, container, demand, quantity)
    _must_be(m, parts, shipment=False)
    _ask(m, "consume", parts, "production")
    _go(m, parts, "production", "used", carries=False)


def return_remainder(m: Model, *, lot: str, target: str, demand: str | None = None,
                     container: str | None = None, quantity: Quantity = None) -> None:  # fmt: skip
    require(KINDS[target] in STORES, "wrong_location_kind")
    parts = take(m, lot, ("issued",), None, container, demand, quantity)
    _must_be(m, parts, shipment=False)
    _go(m, parts, target, None)


def produce(m: Model, *, demand: str, number: str, quantity: Decimal, location: str,
            next_demand: str | None = None, product: str = "P") -> None:  # fmt: skip
    require(m.demands[demand].kind != "shipment", "wrong_demand_kind")
    require(KINDS[location] in (*STORES, "staging"), "wrong_location_kind")
    lot = f"{product}/{number}"
    require(lot not in m.status, "lot_exists")
    require(not m.demands[demand].closed, "demand_closed")
    m.amount(quantity, ZERO)
    new_lot(m, lot, product, "released")
    m.add((lot, location, None), quantity)
    m.hold_to_capacity(location)
    if next_demand:
        assign(m, demand=next_demand, lot=lot, lane=location, quantity=quantity)


def load(m: Model, *, lot: str, vehicle: str, lane: str | None = None, demand: str | None = None,
         container: str | None = None, quantity: Quantity = None) -> None:  # fmt: skip
    require(KINDS[vehicle] == "transit", "wrong_location_kind")
    parts = take(m, lot, ("staged",), lane, container, demand, quantity)
    _must_be(m, parts, shipment=True)
    _ask(m, "load", parts, vehicle)
    _go(m, parts, vehicle, "issued")


def unload(m: Model, *, lot: str, target: str, vehicle: str | None = None,
           demand: str | None = None, container: str | None = None,
           quantity: Quantity = None) -> None:  # fmt: skip
    require(KINDS[target] in (*STORES, "staging"), "wrong_location_kind")
    parts = take(m, lot, ("issued",), vehicle, container, demand, quantity)
    _must_be(m, parts, shipment=True)
    lane = KINDS[target] == "staging"
    if lane:
        _ask(m, "stage", parts, target)
    _go(m, parts, target, "staged" if lane else None)


def ship(m: Model, *, demand: str, lot: str, lane: str | None = None,
         container: str | None = None, quantity: Quantity = None) -> None:  # fmt: skip
    parts = take(m, lot, ("issued", "staged"), lane, container, demand, quantity)
    _must_be(m, parts, shipment=True)
    _ask(m, "ship", parts, "cust")
    _go(m, parts, "cust", "used")


# --- demands ------------------------------------------------------------------------------------


def create_demand(m: Model, *, reference: str, kind: str, needs: dict[str, Decimal]) -> None:
    require(reference not in m.demands, "reference_taken")
    require(needs, "requirements_needed")
    require(all(quantity > 0 for quantity in needs.values()), "quantity_not_above_zero")
    m.demands[reference] = Demand(kind, dict(needs))


def change_demand(m: Model, *, demand: str, reason: str, needs: dict[str, Decimal]) -> None:
    require(reason, "reason_needed")
    require(not m.demands[demand].closed, "demand_closed")
    for material, quantity in needs.items():
        states = ("reserved", "staged", "issued")
        taken = m.committed(demand, material, *states) + m.consumed(demand, material)
        require(quantity >= taken, "below_committed")
        m.demands[demand].needs[material] = quantity


def cancel_demand(m: Model, *, demand: str, reason: str) -> None:
    _end(m, demand, reason, stops=_total(m, demand, "issued") + m.consumed(demand),
         code="demand_started")  # fmt: skip


def complete_demand(m: Model, *, demand: str, reason: str) -> None:
    _end(m, demand, reason, stops=_total(m, demand, "issued"), code="still_issued")


def _total(m: Model, demand: str, state: str) -> Decimal:
    return sum((qty for key, (qty, _) in m.claims.items() if key[:2] == (demand, state)), ZERO)


def _end(m: Model, demand: str, reason: str, *, stops: Decimal, code: str) -> None:
    require(reason, "reason_needed")
    require(not m.demands[demand].closed, "demand_closed")
    require(not stops, code)
    m.demands[demand].closed = True
    m.claims = {key: kept for key, kept in m.claims.items() if key[0] != demand}
