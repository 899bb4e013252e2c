"""What each reason calls for, and how it is worked off: reason → work → scan → closed."""

from datetime import timedelta

import pytest
from django.test import Client

from inventory.guided import GUIDED
from inventory.models import Balance, Movement
from inventory.verbs import REGISTRY
from staging import actions as staging
from staging.models import Alert, AlertReason, Commitment
from staging.worklists.at_stop import FLOWS
from staging.worklists.works import CALLS_FOR, VERBS, Work, best_first
from tests.plant import Plant
from tests.worklists.conftest import (
    Walker,
    done,
    gone_by,
    left,
    raised,
    staged,
    staged_pallet,
    sweep,
)

pytestmark = pytest.mark.django_db


def test_every_reason_calls_for_something() -> None:
    assert set(CALLS_FOR) == set(AlertReason)
    assert all(CALLS_FOR.values())


def test_every_kind_of_work_is_called_for_and_has_verbs_and_an_icon() -> None:
    assert {work for works in CALLS_FOR.values() for work in works} == set(Work) == set(VERBS)
    permissions = {verb.permission for verb in REGISTRY.values()}
    assert set().union(*VERBS.values()) <= permissions
    assert set(FLOWS.values()) <= set(GUIDED)


def test_what_may_not_be_used_is_pulled_and_nothing_else_is_done_with_it() -> None:
    reasons = [AlertReason.DWELL_CRITICAL, AlertReason.LOT_ON_HOLD]
    assert best_first(reasons, Work) == (Work.PULL,)
    assert best_first(reasons, set(Work) - {Work.PULL}) == ()


def test_what_is_done_as_a_rule_comes_before_what_would_do() -> None:
    found = best_first([AlertReason.DWELL_CRITICAL, AlertReason.WRONG_LANE], Work)
    assert found == (Work.MOVE, Work.SEND_ON, Work.UNSTAGE, Work.COUNT)


def test_what_stands_too_long_is_sent_on_by_two_scans(plant: Plant, floor: Client) -> None:
    row = staged(plant, plant.lot(40))
    gone_by(plant, row, hours=2)
    sweep(plant)
    assert Alert.objects.open().of(AlertReason.DWELL_CRITICAL).exists()
    walker = Walker(floor)
    assert walker.next.work == Work.SEND_ON
    at = walker.open(plant.l1.code)
    assert at.asks.startswith(f"Scan {row.lot}")
    assert done(at.scan(row.lot.code))
    assert Commitment.objects.open().get().state == "issued"
    assert not Alert.objects.open().exists()
    page = walker.page
    assert page.context["accepted"]["undoable"]
    assert 'data-feedback="accepted"' in page.content.decode()
    assert walker.next is None


def test_a_shipment_is_sent_on_by_loading_it(plant: Plant, floor: Client) -> None:
    lot = plant.lot(40)
    order = plant.shipment((lot.material, 40), needed_at=plant.now - timedelta(minutes=1))
    plant.stage(order, lot, plant.dock)
    sweep(plant)
    at = Walker(floor).open(plant.dock.code)
    at.scan(lot.code)
    assert at.asks.startswith("Scan the truck")
    assert done(at.scan(plant.truck.code))
    assert not Alert.objects.open().exists()


def test_what_is_on_hold_is_pulled_by_pallet(plant: Plant, floor: Client) -> None:
    lot = plant.lot(40)
    box = staged_pallet(plant, "PAL-1", plant.l1, lot)
    plant.hold(lot=lot)
    sweep(plant)
    assert Alert.objects.open().exists()
    walker = Walker(floor)
    assert walker.next.work == Work.PULL
    at = walker.open(plant.l1.code)
    assert at.asks.startswith("Scan PAL-1")
    at.scan("PAL-1")
    assert at.asks.startswith("Scan the quarantine location")
    assert done(at.scan(plant.cage.code))
    box.refresh_from_db()
    assert box.location == plant.cage
    assert not Alert.objects.open().exists()


def test_what_stands_for_nobody_is_put_away(plant: Plant, floor: Client) -> None:
    row = staged(plant, plant.lot(40))
    line = staging.DemandEnd(demand=row.requirement.demand, reason="Called off")
    plant.do(staging.cancel_demand, line)
    sweep(plant)
    assert Alert.objects.open().exists()
    walker = Walker(floor)
    stop = walker.next
    assert (stop.work, stop.quantity) == (Work.UNSTAGE, 40)
    at = walker.open(plant.l1.code)
    at.scan(row.lot.code)
    assert done(at.scan(plant.a2.code))
    assert not Alert.objects.open().exists()


@pytest.mark.parametrize("reason", [AlertReason.WRONG_LANE, AlertReason.DEMAND_REROUTED])
def test_what_stands_in_the_wrong_lane_is_moved(
    reason: AlertReason, plant: Plant, floor: Client
) -> None:
    row = staged(plant, plant.lot(40))
    raised(reason, row)
    walker = Walker(floor)
    assert walker.next.work == Work.MOVE
    at = walker.open(plant.l1.code)
    at.scan(row.lot.code)
    lanes = at.answer.context["lanes"]
    assert [one.lane for one in lanes] == [plant.l2]
    assert "Lanes that fit" in at.answer.content.decode()
    assert done(at.choose(lanes[0].choice))
    assert Commitment.objects.open().get().location == plant.l2
    assert not Alert.objects.open().exists()


def test_a_count_is_blind_and_says_the_difference(plant: Plant, floor: Client) -> None:
    lot = left(plant)
    sweep(plant)
    assert Alert.objects.open().of(AlertReason.WITHOUT_DEMAND).exists()
    at = Walker(floor, "?work=count").open(plant.l1.code)
    at.scan(lot.code)
    assert at.asks.startswith("Enter how much is there")
    assert "40" not in at.asks
    at.scan("0")
    assert at.asks == "Say why | 40 KGM less than by the books"
    assert done(at.scan(reason="It was thrown away"))
    [said] = floor.get("/worklist/").context["accepted"]["texts"]
    assert said.startswith(f"40 KGM of {lot}")
    assert Movement.objects.get(kind="adjust").reason == "It was thrown away"
    assert not Balance.objects.on_hand().filter(lot=lot).exists()
    assert not Alert.objects.open().of(AlertReason.WITHOUT_DEMAND).exists()


def test_a_count_that_agrees_asks_nothing_and_closes_nothing(plant: Plant, floor: Client) -> None:
    lot = left(plant)
    sweep(plant)
    at = Walker(floor, "?work=count").open(plant.l1.code)
    at.scan(lot.code)
    assert done(at.scan("40"))
    assert not Movement.objects.filter(kind="adjust").exists()
    assert Alert.objects.open().exists()


def test_what_a_demand_lacks_is_staged(plant: Plant, floor: Client) -> None:
    lot = plant.lot(60)
    order = plant.order((lot.material, 40))
    plant.do(staging.allocate, staging.AllocationLine(demand=order, lot=lot))
    other = plant.lot(100, material=lot.material)
    plant.hold(lot=lot)
    assert Alert.objects.open().get().reason == AlertReason.RESERVATION_LOST
    walker = Walker(floor)
    stop = walker.next
    assert (stop.work, stop.location, stop.demand) == (Work.FETCH, None, order)
    at = walker.open(order.reference)
    at.scan(other.code)
    assert done(at.scan(plant.l1.code))
    assert not Alert.objects.open().exists()


def test_a_release_is_chased_by_quality(plant: Plant, floor: Client, client: Client) -> None:
    lot = plant.lot(40, released=False)
    raised(AlertReason.RELEASE_AWAITED, lot=lot, site=plant.site)
    assert Walker(floor).next is None
    client.force_login(plant.qa.user)
    entry = client.get("/worklist/").context["next"]
    assert entry["stop"].work == Work.CHASE
    plant.qa.user.is_staff = True
    plant.qa.user.save()
    assert client.get(entry["way"]["url"]).status_code == 200


def test_only_what_is_too_much_is_unstaged(plant: Plant, floor: Client) -> None:
    """A demand that has more than it needs keeps what it needs."""
    lot = plant.lot(60)
    order = plant.order((lot.material, 60))
    plant.stage(order, lot)
    order.requirements.update(quantity=45)
    row = Commitment.objects.open().get()
    raised(AlertReason.OVER_STAGED, row)
    at = Walker(floor).open(plant.l1.code)
    at.scan(lot.code)
    assert "15 KGM" in at.asks
    assert done(at.scan(plant.a2.code))
    row.refresh_from_db()
    assert row.quantity == 45


def test_an_alert_leads_to_its_stop(plant: Plant, floor: Client, client: Client) -> None:
    alert = raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot()))
    assert floor.get(f"/worklist/{alert.pk}/")["Location"].startswith("/guided/issue/?stop=")
    assert floor.get(f"/worklist/{alert.pk + 1}/").status_code == 404
    client.force_login(plant.qa.user)
    assert client.get(f"/worklist/{alert.pk}/")["Location"] == "/worklist/"
