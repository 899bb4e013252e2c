"""Which of our records is which event: business step, disposition and the rest, as data.

`docs/epcis.md` shows the same table. Each condition is on the columns of the record, so that a
query for a business step becomes a query for records.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Case, CharField, Q, Value, When
from django.db.models.functions import TruncDate

from inventory.models import LocationKind, MovementKind, Purpose
from quality.models import DecisionKind

OBJECT, AGGREGATION, TRANSFORMATION = "ObjectEvent", "AggregationEvent", "TransformationEvent"
TYPES = (OBJECT, AGGREGATION, TRANSFORMATION)
OBSERVE, ADD, DELETE = "OBSERVE", "ADD", "DELETE"
M = MovementKind

TO_STORE = (M.PUT_AWAY, M.MOVE, M.UNSTAGE, M.RETURN)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event. The first one whose condition holds is the record's."""

    name: str
    when: Q
    type: str = OBJECT
    action: str = OBSERVE
    step: str = ""
    disposition: str = ""
    sets: tuple[str, ...] = ()
    unsets: tuple[str, ...] = ()

    def movements(self, prefix: str = "") -> set[str]:
        """The kinds of movements of which its condition speaks."""
        said = dict(child for child in _leaves(self.when))
        one = said.get(f"{prefix}kind")
        return {one} if one else set(said.get(f"{prefix}kind__in", ()))


def _leaves(condition: Q) -> Iterator[tuple[str, Any]]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _leaves(child)
        else:
            yield cast("tuple[str, Any]", child)


def movement_kinds(prefix: str = "") -> tuple[Kind, ...]:
    """The kinds of movements; of the movements that reversals undo with `prefix="reverses__"`."""

    def at(*kinds: MovementKind, **more: Any) -> Q:
        return Q(**{f"{prefix}{name}": value for name, value in more.items()}) & Q(
            **{f"{prefix}kind__in": kinds}
        )

    into_quarantine = at(*TO_STORE, target__kind=LocationKind.QUARANTINE)
    expired = Q(**{f"{prefix}lot__expires_on__lt": TruncDate(f"{prefix}occurred_at")})
    for_demand = {"task__isnull": False, "target__kind": LocationKind.STAGING}
    outbound = for_demand | {"target__purpose": Purpose.SHIPPING_LANE}
    return (
        Kind("receive", at(M.RECEIVE), step="receiving"),
        Kind("send_back", at(M.RETURN, target__kind=LocationKind.SUPPLIER),
             step="shipping", disposition="returned"),
        Kind("expired", into_quarantine & expired, step="holding", disposition="expired"),
        Kind("quarantine", into_quarantine, step="holding", disposition="non_sellable_other"),
        Kind("stage_outbound", at(M.STAGE, M.MOVE, **outbound), step="staging_outbound"),
        Kind("stage_production", at(M.STAGE, M.MOVE, **for_demand), step="picking"),
        Kind("transport", at(M.MOVE, target__kind=LocationKind.TRANSIT), step="transporting"),
        Kind("putaway", at(*TO_STORE), step="storing"),
        Kind("issue_to_production", at(M.ISSUE), TRANSFORMATION, action=""),
        Kind("consume", at(M.CONSUME), TRANSFORMATION, action=""),
        Kind("lot_created_in_house", at(M.PRODUCE), action=ADD, step="commissioning",
             disposition="active"),
        Kind("load", at(M.LOAD), AGGREGATION, ADD, "loading"),
        Kind("unload", at(M.UNLOAD), AGGREGATION, DELETE, "unloading"),
        Kind("ship_depart", at(M.SHIP), step="departing", disposition="in_transit"),
        Kind("count", at(M.ADJUST), step="cycle_counting", sets=("mismatch_quantity",)),
        Kind("scrap", at(M.SCRAP), action=DELETE, step="destroying", disposition="destroyed"),
        Kind("sample", at(M.SAMPLE), step="sampling"),
        Kind("convert_from", at(M.SPLIT, M.MERGE, target__kind=LocationKind.PRODUCTION),
             TRANSFORMATION, action=""),
        Kind("convert_to", at(M.SPLIT, M.MERGE), TRANSFORMATION, action=""),
        Kind("kit", at(M.PACK), AGGREGATION, ADD, "packing"),
        Kind("unkit", at(M.UNPACK), AGGREGATION, DELETE, "unpacking"),
        Kind("ship_cancelled", at(M.REVERSE), step="void_shipping"),
    )  # fmt: skip


def output_kinds(prefix: str = "") -> tuple[Kind, ...]:
    """What was produced, as the other side of the transformation."""
    return (Kind("output", Q(**{f"{prefix}kind": M.PRODUCE}), TRANSFORMATION, action=""),)


def contained_kinds(prefix: str = "") -> tuple[Kind, ...]:
    """What was received in a container, as its contents."""
    return (Kind("received_in", Q(**{f"{prefix}kind": M.RECEIVE}), AGGREGATION, ADD, "packing"),)


def _decided(kind: DecisionKind) -> Q:
    return Q(kind=kind)


DECISION_KINDS = (
    Kind("qc_release", _decided(DecisionKind.RELEASE), step="inspecting",
         disposition="conformant", sets=("conformant",)),
    Kind("restrict", _decided(DecisionKind.RESTRICT), step="inspecting",
         disposition="non_sellable_other"),
    Kind("qc_reject", _decided(DecisionKind.REJECT), step="inspecting",
         disposition="non_conformant", sets=("non_conformant",)),
    Kind("reopen_released", _decided(DecisionKind.REOPEN) & Q(from_status="released"),
         step="inspecting", disposition="non_sellable_other", unsets=("conformant",)),
    Kind("reopen_rejected", _decided(DecisionKind.REOPEN) & Q(from_status="rejected"),
         step="inspecting", disposition="non_sellable_other", unsets=("non_conformant",)),
    Kind("reopen", _decided(DecisionKind.REOPEN), step="inspecting",
         disposition="non_sellable_other"),
    Kind("close_lot", _decided(DecisionKind.CLOSE), action=DELETE, step="decommissioning",
         disposition="inactive"),
)  # fmt: skip

PLACED_KINDS = (
    Kind("qc_hold", Q(pk__isnull=False), step="holding", disposition="non_sellable_other"),
)
LIFTED_KINDS = (Kind("hold_lifted", Q(pk__isnull=False), step="storing", disposition="available"),)


def which(kinds: tuple[Kind, ...]) -> Case:
    """The name of a row's kind, in the statement that reads it."""
    return Case(
        *(When(kind.when, then=Value(kind.name)) for kind in kinds),
        default=Value(""),
        output_field=CharField(),
    )
