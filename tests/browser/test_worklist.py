"""The worklist in a real browser, on a phone: three stops, nothing but scans."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Balance
from staging.models import Alert, AlertReason
from tests.browser import POLICY, sign_in, troubles_of
from tests.browser.test_floor_day import Floor
from tests.browser.test_guided import asks
from tests.plant import Plant
from tests.worklists.conftest import left, raised, staged, staged_pallet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def floor(page: Page, live_server: LiveServer, plant: Plant) -> Iterator[Floor]:
    troubles = troubles_of(page, about=POLICY)
    sign_in(page, live_server, plant.operator.user.username)
    page.set_viewport_size({"width": 390, "height": 844})
    yield Floor(page, live_server)
    assert troubles == []


def test_three_stops_are_walked_by_scans_alone(floor: Floor, plant: Plant) -> None:
    page = floor.page
    for order, lane in enumerate((plant.l1, plant.l2, plant.dock)):
        lane.walk_order = order
        lane.save()
    late = staged(plant, plant.lot(40))
    raised(AlertReason.NEXT_STEP_OVERDUE, late)
    held = plant.lot(30)
    staged_pallet(plant, "PAL-1", plant.l2, held)
    raised(AlertReason.LOT_ON_HOLD, held.commitments.get(closed_at=None))
    plant.hold(lot=held)
    free = left(plant, plant.dock)
    raised(AlertReason.WITHOUT_DEMAND, lot=free, location=plant.dock, site=plant.site)
    Alert.objects.update(severity="warning")

    floor.open("/worklist/")
    asks(floor, f"Go to {plant.l1.code}", "Send on")
    floor.scan(plant.l1.code)
    asks(floor, f"Scan {late.lot.code}")
    floor.scan(held.code)  # the wrong lot
    expect(page.locator("#guided .notice.tone-bad")).to_contain_text(f"Expected: {late.lot.code}")
    floor.scan(late.lot.code)
    expect(page.locator(".notice.tone-ok")).to_contain_text("Issue: recorded")

    asks(floor, f"Go to {plant.l2.code}", "Pull to quarantine", "PAL-1")
    floor.scan(plant.l2.code)
    asks(floor, "Scan PAL-1")
    floor.scan("PAL-1")
    asks(floor, "Scan the quarantine location")
    floor.scan(plant.cage.code)

    asks(floor, f"Go to {plant.dock.code}", "Unstage")
    floor.scan(plant.dock.code)
    asks(floor, f"Scan {free.code}")
    floor.scan(free.code)
    asks(floor, "Scan the place it goes to")
    floor.scan(plant.a2.code)
    expect(page.locator(".empty")).to_contain_text("Nothing is to be done")
    assert not Alert.objects.open().exists()
    assert Balance.objects.on_hand().get(lot=free).location == plant.a2
