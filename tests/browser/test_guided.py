"""The guided flows in a real browser: nothing but scans, with the focus where the next one goes."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory import actions as stock
from inventory.models import Container, Movement
from staging.models import Commitment
from tests.browser import POLICY, sign_in, troubles_of
from tests.browser.test_floor_day import Floor
from tests.plant import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def floor(page: Page, live_server: LiveServer, plant: Plant) -> Iterator[Floor]:
    troubles = troubles_of(page, about=POLICY)
    sign_in(page, live_server, plant.operator.user.username)
    yield Floor(page, live_server)
    assert troubles == []


def asks(floor: Floor, *words: str) -> None:
    """The page asks for this next, tells it to who listens, and waits for it in the scan box."""
    for word in words:
        expect(floor.page.locator(".guided-ask")).to_contain_text(word)
    expect(floor.page.locator("[name=scan]")).to_be_focused()


def pallet(plant: Plant, code: str, quantity: int, material: object) -> Container:
    lot = plant.lot(quantity, material=material)  # type: ignore[arg-type]
    line = stock.NewContainer(code=code, location=plant.a1)
    [container] = plant.do(stock.new_container, line)
    plant.do(stock.pack, stock.Pack(lot=lot, container=container))
    return container


def test_pallets_are_staged_by_scans_alone(floor: Floor, plant: Plant) -> None:
    page = floor.page
    material = plant.material(name="Sugar, fine")
    for number in (1, 2, 3):
        pallet(plant, f"PAL-{number}", 40, material)
    bad = plant.lot(40, material=material, released=False)
    order = plant.order((material, 120), reference="PO-9")

    # One pallet: three scans, and no tap.
    floor.open("/work/")
    page.locator(".guided-tiles").get_by_role("link", name="Stage", exact=False).first.click()
    asks(floor, "Scan the demand")
    floor.scan(order.reference)
    asks(floor, "Scan the lot or pallet", "Line 1: 40 KGM", "Sugar, fine", plant.a1.code)
    floor.scan("PAL-1")
    asks(floor, "Scan the lane", "Line 1: 40 KGM")
    floor.scan(plant.l1.code)
    asks(floor, "Scan the lot or pallet")
    expect(page.locator("#guided .notice.tone-ok")).to_contain_text("Stage: recorded")
    expect(page.locator("#said")).to_contain_text("Recorded. 40 KGM")
    assert Movement.objects.filter(kind="stage").count() == 1

    # What may not be used is refused at once; the lane first, then pallet after pallet.
    floor.scan(bad.code)
    expect(page.locator("#guided .notice.tone-bad")).to_contain_text("quarantine")
    asks(floor, "Scan the lot or pallet")
    floor.scan(plant.l2.code)
    expect(page.locator(".guided-known")).to_contain_text("stays")
    floor.scan("PAL-2")
    expect(page.locator(".fill-word").first).to_have_text("66 %")
    floor.scan("PAL-3")
    asks(floor, "Scan the next demand", "Nothing more can be fetched for PO-9")
    assert set(Container.objects.values_list("code", "location__code")) == {
        ("PAL-1", plant.l1.code), ("PAL-2", plant.l2.code), ("PAL-3", plant.l2.code),
    }  # fmt: skip

    # The last is undone by one press that asks nothing, and the flow goes on where it was.
    page.locator("#guided .notice.tone-ok").get_by_role("button", name="Undo").click()
    expect(page.locator("#messages")).to_contain_text("Undone")
    asks(floor, "Scan the lot or pallet")
    expect(page.locator(".guided-known")).to_contain_text(plant.l2.code)
    floor.scan(bad.code)
    floor.scan("PAL-3")  # meant to follow what is refused: not taken
    expect(page.locator("[data-dropped]")).to_be_visible()
    floor.scan("PAL-3")
    asks(floor, "Nothing more can be fetched for PO-9")
    assert Commitment.objects.open().filter(state="staged").count() == 3


def test_a_refusal_is_answered_by_a_press_and_a_quantity_by_typing(
    floor: Floor, plant: Plant
) -> None:
    page = floor.page
    material = plant.material()
    bad = plant.lot(10, material=material, expires_in=200)
    good = plant.lot(50, material=material, expires_in=400)
    plant.hold(lot=bad)
    order = plant.order((material, 30))
    floor.open(f"/guided/stage/?demand={order.reference}")
    floor.scan(bad.code)
    notice = page.locator("#guided .notice.tone-bad")
    expect(notice).to_contain_text("on hold")
    notice.get_by_role("button", name=f"Take {good}").press("Enter")  # by keyboard
    asks(floor, "Scan the lane", "30 KGM")
    floor.scan("7,5")
    asks(floor, "Scan the lane", "7.5 KGM")
    floor.scan(plant.l1.code)
    asks(floor, "Scan the lot or pallet", "22.5 KGM")
    page.reload()  # what is known stands in the address
    asks(floor, "Scan the lot or pallet", "22.5 KGM")
    assert Commitment.objects.get(state="staged").quantity == 7.5


def test_a_shipment_is_loaded_and_shipped_whole_on_a_phone(floor: Floor, plant: Plant) -> None:
    page = floor.page
    page.set_viewport_size({"width": 390, "height": 844})
    goods = plant.pieces()
    shipment = plant.shipment((goods, 30), reference="SHP-7")
    for number in (1, 2, 3):
        pallet(plant, f"PAL-{number}", 10, goods)
        floor_stage(plant, shipment, f"PAL-{number}")
    floor.open("/guided/load/")
    floor.scan("SHP-7")
    floor.scan(plant.truck.code)  # before the answer to the first is there
    page.get_by_role("button", name="Load all of it: 3 positions").click()
    expect(page.locator("#guided .notice.tone-ok")).to_contain_text("Load: recorded")
    floor.open("/guided/ship/?demand=SHP-7")
    page.get_by_role("button", name="Ship all of it: 3 positions").click()
    expect(page.locator("#guided .notice.tone-ok")).to_contain_text("Ship: recorded")
    asks(floor, "Scan the lot or pallet")
    assert Movement.objects.filter(kind="ship").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def floor_stage(plant: Plant, demand: object, code: str) -> None:
    container = Container.objects.get(code=code)
    balance = container.balances.get(quantity__gt=0)
    plant.stage(demand, balance.lot, plant.dock, container=container)  # type: ignore[arg-type]
