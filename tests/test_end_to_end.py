"""The main job on real stock: from an OpenBoxes export to a shipment, each step gated and kept."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from inventory import codes, verbs
from inventory.audit import Actor, system
from inventory.errors import Refused
from inventory.models import Location, Lot, Surface
from quality.models import Hold, Meaning
from staging.actions import suggest
from staging.alerting import clock
from staging.checks import breaches
from staging.models import Alert, AlertReason, Allocation, Demand, DemandState, StagedStock
from staging.timeline import timeline
from tests.factories import UserFactory
from tests.openboxes import FOLDER, needs_exports

pytestmark = [pytest.mark.django_db, needs_exports]

REFERENCE, LANE, DOCK, SHELF = "STOCKLIST-BOSTON", "BOSW-LANE-1", "BOSW-DOCK-1", "BOS-1-1"
EXPIRED, FRESH = "QX039/37627", "QX039/NEW-1"
SIGNED: dict[str, Any] = {"meaning": Meaning.APPROVAL, "reason": "Meets it", "password": "secret"}


class Boston:
    """Boston Warehouse as imported, and the people who work there."""

    def __init__(self) -> None:
        call_command("import_openboxes", str(FOLDER), "--commit", verbosity=0, stdout=_Nowhere())
        self.people = {
            name: Actor(UserFactory(username=name, role=role), Surface.BROWSER)
            for name, role in (("olga", "operator"), ("quinn", "qa"), ("lena", "qa"))
        }

    @property
    def demand(self) -> Demand:
        return Demand.objects.with_state().get(reference=REFERENCE)

    def do(self, name: str, who: str, *rows: dict[str, Any]) -> dict[str, Any]:
        """Carry a verb out as a surface would: refusals are kept in the audit trail."""
        verb = verbs.REGISTRY[name]
        kinds = {field.name: field.type for field in verb.fields}
        lines = [
            verb.line(
                **{
                    field: codes.find_one(kinds[field], value)
                    if codes.is_named(kinds[field]) and isinstance(value, str)
                    else value
                    for field, value in row.items()
                }
            )
            for row in rows
        ]
        answer, _replayed = verbs.carry_out(verb, lines, by=self.people[who], at=timezone.now())
        return answer

    def refused(self, name: str, who: str, *rows: dict[str, Any]) -> Refused:
        with pytest.raises(Refused) as caught:
            self.do(name, who, *rows)
        return caught.value

    def receive_and_release(self, code: str, quantity: int, expires_on: date) -> None:
        material, number = code.split("/")
        self.do("receive", "olga", {
            "material": material, "number": number, "quantity": Decimal(quantity),
            "location": SHELF, "supplier": "MEDICAL", "expires_on": expires_on,
        })  # fmt: skip
        result = {"lot": code, "characteristic": "Identity", "value": "conforms"}
        self.do("record_inspection", "lena", result)
        self.do("release", "quinn", {"lot": code, **SIGNED})


class _Nowhere:
    def write(self, text: str) -> None:
        """What the command says is asserted elsewhere."""


@pytest.fixture
def boston() -> Boston:
    return Boston()


def staging(lot: str, **more: Any) -> dict[str, Any]:
    return {"demand": REFERENCE, "lot": lot, "lane": LANE, **more}


def test_expired_lots_are_refused_with_the_lot_that_would_do(boston: Boston) -> None:
    assert boston.refused("release", "quinn", {"lot": EXPIRED, **SIGNED}).code == "lot_expired"
    refusal = boston.refused("stage", "olga", staging(EXPIRED))
    assert (refusal.code, refusal.facts["alternatives"]) == ("lot_expired", [])

    later = timezone.localdate() + timedelta(days=400)
    boston.receive_and_release("QX039/NEW-2", 2000, later + timedelta(days=90))
    boston.receive_and_release(FRESH, 4000, later)
    refusal = boston.refused("stage", "olga", staging(EXPIRED))
    assert refusal.code == "lot_expired"
    assert [other["lot"] for other in refusal.facts["alternatives"]] == [FRESH, "QX039/NEW-2"]
    assert FRESH in str(refusal.hint)


def test_fresh_lot_waits_for_somebody_who_did_not_record_its_results(boston: Boston) -> None:
    boston.do("receive", "olga", {
        "material": "QX039", "number": "NEW-1", "quantity": Decimal(10), "location": SHELF,
    })  # fmt: skip
    assert boston.refused("stage", "olga", staging(FRESH)).code == "lot_quarantine"
    result = {"lot": FRESH, "characteristic": "Identity", "value": "conforms"}
    boston.do("record_inspection", "quinn", result)
    refusal = boston.refused("release", "quinn", {"lot": FRESH, **SIGNED})
    assert refusal.code == "signer_recorded_result"
    boston.do("release", "lena", {"lot": FRESH, **SIGNED})
    boston.do("stage", "olga", staging(FRESH))


def test_boston_stock_list_from_shelf_to_customer(boston: Boston) -> None:
    later = timezone.localdate() + timedelta(days=400)
    boston.receive_and_release(FRESH, 4000, later)
    boston.receive_and_release("TS894/NEW-1", 500, later)

    # What there is goes to the lane; what there is not stays short, and is said.
    short = {str(row.requirement.material): row.short for row in suggest(boston.demand)}
    answer = boston.do("allocate", "olga", {"demand": REFERENCE})
    assert "QX039: 1000 EA short." in answer["warnings"]
    assert len(answer["warnings"]) == sum(quantity > 0 for quantity in short.values()) == 31
    promised = list(Allocation.objects.select_related("lot", "location"))
    assert len(promised) == 30
    boston.do("stage", "olga", *(staging(row.lot.code) for row in promised))
    assert StagedStock.objects.count() == 30
    assert not Allocation.objects.exists()
    assert boston.demand.state == DemandState.STAGING

    # A hold on a staged lot blocks it where it stands, and stops the whole load.
    boston.do("place_hold", "quinn", {"lot": Lot.objects.get(code=FRESH), "reason": "Blister torn"})
    today = timezone.localdate()
    assert [(row.lot.code, row.stop) for row in StagedStock.objects.blocked(today)] == [
        (FRESH, "lot_on_hold")
    ]
    clock.sweep(by=system(), at=timezone.now())
    alert = Alert.objects.open().get(reason=AlertReason.LOT_ON_HOLD)
    assert alert.lot.code == FRESH
    goods = [{"demand": REFERENCE, "lot": row.lot.code} for row in promised]
    loading = [row | {"vehicle": DOCK} for row in goods]
    refusal = boston.refused("load", "olga", *loading)
    assert [found.code for found in refusal.all] == ["lot_on_hold"]
    assert not Location.objects.get(code=DOCK).balances.filter(quantity__gt=0).exists()

    # Lifted, it goes with the rest.
    lifted = SIGNED | {"hold": Hold.objects.get(), "reason": "Outer box only"}
    boston.do("lift_hold", "quinn", lifted)
    clock.sweep(by=system(), at=timezone.now())
    alert.refresh_from_db()
    assert alert.closed_at is not None
    boston.do("load", "olga", *loading)
    assert boston.demand.state == DemandState.STARTED
    boston.do("ship", "olga", *goods)

    missing = {
        str(row.material): row.quantity - row.progressed
        for row in boston.demand.requirements.with_progress().select_related("material")
    }
    assert missing == short
    end = {"demand": REFERENCE, "reason": "The rest follows"}
    boston.do("complete_demand", "olga", end)
    assert boston.demand.state == DemandState.COMPLETED
    assert breaches() == []
    _assert_history_of_fresh_lot_reads_right()


def _assert_history_of_fresh_lot_reads_right() -> None:
    events = timeline(Lot.objects.get(code=FRESH))
    assert [event.kind for event in events] == [
        "movement", "inspection", "decision", "movement", "hold", "alert", "refused", "lift",
        "alert_closed", "movement", "movement",
    ]  # fmt: skip
    moved = [event.source.kind for event in events if event.kind == "movement"]
    assert moved == ["receive", "stage", "load", "ship"]
    assert [event.who for event in events if event.kind in ("inspection", "decision")] == [
        "lena", "quinn",
    ]  # fmt: skip
    assert {event.surface for event in events if event.kind == "movement"} == {"Browser"}
