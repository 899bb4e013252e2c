"""What the model expects of the stock verbs. Each function takes one line."""

from decimal import Decimal

from tests.machine.model import KINDS, ZERO, Model, require

STORES = ("storage", "quarantine")


def receive(m: Model, *, material: str, number: str, quantity: Decimal, location: str,
            container: str | None = None) -> None:  # fmt: skip
    require(KINDS.get(location) in STORES, "wrong_location_kind")
    require(quantity > 0, "quantity_not_above_zero")
    lot = f"{material}/{number}"
    if lot not in m.status:
        new_lot(m, lot, material, "quarantine")
    require(m.status[lot] == "quarantine", "lot_already_decided")
    require(container is None or m.boxes[container] == location, "container_elsewhere")
    m.add((lot, location, container), quantity)


def new_lot(m: Model, lot: str, material: str, status: str) -> None:
    m.material[lot], m.status[lot], m.expiry[lot] = material, status, None
    m.permits[lot], m.parents[lot] = set(), set()


def put_away(m: Model, *, lot: str, target: str, source: str | None = None,
             container: str | None = None, quantity: Decimal | None = None) -> None:  # fmt: skip
    _relocate(m, STORES, lot, target, source, container, quantity)


def move(m: Model, *, lot: str, target: str, source: str | None = None,
         container: str | None = None, quantity: Decimal | None = None) -> None:  # fmt: skip
    _relocate(m, (*STORES, "transit"), lot, target, source, container, quantity)


def _relocate(
    m: Model,
    kinds: tuple[str, ...],
    lot: str,
    target: str,
    source: str | None,
    container: str | None,
    quantity: Decimal | None,
) -> None:
    require(KINDS[target] in kinds, "wrong_location_kind")
    taken = m.pick(lot, source, container)
    require(taken[1] != target, "same_place")
    m.move(taken, target, m.amount(quantity, m.free(taken)))


def scrap(m: Model, *, lot: str, quantity: Decimal, reason: str, source: str | None = None,
          container: str | None = None) -> None:  # fmt: skip
    _remove(m, "scrap", lot, quantity, reason, source, container)


def sample(m: Model, *, lot: str, quantity: Decimal, reason: str, source: str | None = None,
           container: str | None = None) -> None:  # fmt: skip
    _remove(m, "variance", lot, quantity, reason, source, container)


def send_back(m: Model, *, lot: str, quantity: Decimal, reason: str, source: str | None = None,
              container: str | None = None) -> None:  # fmt: skip
    _remove(m, "supplier", lot, quantity, reason, source, container)


def _remove(
    m: Model,
    to: str,
    lot: str,
    quantity: Decimal,
    reason: str,
    source: str | None,
    container: str | None,
) -> None:
    require(reason, "reason_needed")
    taken = m.pick(lot, source, container)
    m.move(taken, to, m.amount(quantity, ZERO), carries=to == "supplier")


def adjust(m: Model, *, lot: str, location: str, quantity: Decimal, reason: str,
           container: str | None = None) -> None:  # fmt: skip
    require(reason, "reason_needed")
    at = (lot, location, container)
    require(quantity >= m.claimed(at), "below_claims")
    more = quantity > m.stock.get(at, ZERO)
    require(not more or container is None or m.boxes[container] == location, "container_elsewhere")
    if quantity != m.stock.get(at, ZERO):
        m.stock[at] = quantity


def new_container(m: Model, *, code: str, location: str) -> None:
    require(code not in m.boxes, "code_taken")
    m.boxes[code] = location


def number_container(m: Model, *, container: str) -> None:
    require(container not in m.numbered, "numbered_already")
    m.numbered.add(container)


def pack(m: Model, *, lot: str, container: str, quantity: Decimal | None = None) -> None:
    loose = [key for key in m.rows(lot) if key[2] is None]
    taken = m.pick(lot, m.boxes[container], None, loose)
    _between(m, taken, container, m.amount(quantity, m.free(taken)))


def unpack(m: Model, *, lot: str, container: str, quantity: Decimal | None = None) -> None:
    taken = m.pick(lot, None, container)
    _between(m, taken, None, m.amount(quantity, m.free(taken)))


def _between(m: Model, taken: tuple[str, str, str | None], box: str | None, qty: Decimal) -> None:
    require(m.free(taken) >= qty, "not_enough")
    m.stock[taken] -= qty
    m.add((taken[0], taken[1], box), qty)


def move_container(m: Model, *, container: str, target: str) -> None:
    require(KINDS[target] in (*STORES, "transit"), "wrong_location_kind")
    require(m.boxes[container] != target, "same_place")
    inside = [key for key, quantity in m.stock.items() if key[2] == container and quantity > 0]
    require(not any(m.claimed(key) for key in inside), "container_claimed")
    m.boxes[container] = target
    for key in inside:
        m.add((key[0], target, container), m.stock[key])
        m.stock[key] = ZERO


def split_lot(m: Model, *, lot: str, number: str, quantity: Decimal, source: str | None = None,
              container: str | None = None) -> None:  # fmt: skip
    child = f"{m.material[lot]}/{number}"
    require(child not in m.status, "lot_exists")
    taken = m.pick(lot, source, container)
    m.amount(quantity, ZERO)
    require(m.free(taken) >= quantity, "not_enough")
    new_lot(m, child, m.material[lot], m.status[lot])
    m.expiry[child], m.permits[child] = m.expiry[lot], set(m.permits[lot])
    m.parents[child].add(lot)
    for hold in list(m.holds.values()):
        if (hold.kind, hold.name) == ("lot", lot):
            m.hold("lot", child)
    m.stock[taken] -= quantity
    m.add((child, *taken[1:]), quantity)


def merge_lots(m: Model, *, lot: str, into: str, quantity: Decimal | None = None,
               source: str | None = None, container: str | None = None) -> None:  # fmt: skip
    both = {lot, into}
    require(not any(h.kind == "lot" and h.name in both for h in m.holds.values()), "lot_on_hold")
    require(not any(m.permits[each] for each in both), "lot_restricted")
    require(lot != into, "merge_itself")
    require(m.material[lot] == m.material[into], "merge_material")
    require(m.status[lot] == m.status[into], "merge_status")
    ends, other = m.expiry[lot], m.expiry[into]
    require(ends is None or (other is not None and ends >= other), "merge_expiry")
    taken = m.pick(lot, source, container)
    quantity = m.amount(quantity, m.free(taken))
    require(m.free(taken) >= quantity, "not_enough")
    m.parents[into].add(lot)
    m.stock[taken] -= quantity
    m.add((into, *taken[1:]), quantity)
