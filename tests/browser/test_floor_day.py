"""A day on the floor, in a real browser: everything is scanned or typed, nothing is clicked away.

Each test also holds that the strict Content-Security-Policy stopped nothing of ours, and that no
script failed.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Balance, Lot
from staging.models import Demand
from tests.browser import POLICY, sign_in, troubles_of
from tests.plant import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Floor:
    """Somebody at a tablet with a wedge scanner."""

    def __init__(self, page: Page, live_server: LiveServer) -> None:
        self.page = page
        self.server = live_server

    def open(self, path: str) -> None:
        self.page.goto(f"{self.server.url}{path}")

    def scan(self, code: str) -> None:
        """What a scanner does: it types into whatever has the focus, and presses Enter."""
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def enter(self, label: str, text: str) -> None:
        self.page.locator("main").get_by_label(label).fill(text)

    def confirm(self) -> None:
        self.page.locator("#verb .form-actions button").click()

    def accepted(self, *words: str) -> None:
        """The step was recorded, and the page says so."""
        notice = self.page.locator("#verb .notice.tone-ok")
        for word in words:
            expect(notice).to_contain_text(word)
        expect(notice).to_be_visible()

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.name || ''"))


@pytest.fixture
def floor(page: Page, live_server: LiveServer) -> Iterator[Floor]:
    troubles = troubles_of(page, about=POLICY)
    yield Floor(page, live_server)
    assert troubles == []


def on_hand(lot: Lot, place: object) -> Decimal:
    return sum(
        Balance.objects.filter(lot=lot, location=place).values_list("quantity", flat=True),  # type: ignore[misc]
        Decimal(0),
    )


def test_a_production_order_from_the_dock_to_the_product(floor: Floor, plant: Plant) -> None:
    page = floor.page
    plant.operator.user.user_permissions.add(*_permissions("create_demand"))
    material = plant.material(name="Sugar, fine")
    product = plant.pieces(kind="finished", initial_status="released")

    # Sign in at the door; the board comes first.
    floor.open("/")
    floor.enter("Username", plant.operator.user.username)
    floor.enter("Password", "secret")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Staging board")

    # Receive.
    floor.open("/work/receive/")
    floor.scan(material.code)
    floor.scan("SUG-1")
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    floor.scan(plant.a1.code)
    floor.accepted("Receive: recorded", f"100 KGM of {material.code}/SUG-1")
    assert floor.focused() == "material"
    lot = Lot.objects.get(number="SUG-1")

    # Put away: nothing but two scans.
    floor.open("/work/put-away/")
    floor.scan("SUG-1")
    floor.scan(plant.a2.code)
    floor.accepted(plant.a2.code)
    assert on_hand(lot, plant.a2) == 100

    # A new demand.
    floor.open("/work/create-demand/")
    floor.enter("Reference", "PO-77")
    page.locator("main").get_by_label("Kind").select_option("production")
    floor.enter("Site", plant.site.code)
    soon = timezone.localtime() + timedelta(hours=3)
    floor.enter("Needed at", soon.strftime("%Y-%m-%dT%H:%M"))
    floor.enter("Work centre", plant.wc.code)
    floor.enter("Product", product.code)
    floor.enter("Materials", f"{material.code} 60")
    floor.confirm()
    floor.accepted("New demand: recorded", "PO-77")

    # Still in quarantine: refused beside the lot, in plain words.
    floor.open("/work/stage/?demand=PO-77")
    floor.scan(lot.code)
    floor.scan(plant.l1.code)
    expect(page.locator(".field-wrong .field-error")).to_contain_text("quarantine")
    assert floor.focused() == "lot"

    # QA releases it; now the whole demand is reserved, then staged by three scans.
    plant.release(lot)
    floor.open("/demands/PO-77/")
    page.get_by_role("link", name="Allocate all").click()
    floor.confirm()
    floor.accepted("PO-77")
    floor.open("/work/stage/")
    floor.scan("PO-77")
    floor.scan(lot.code)
    floor.scan(plant.l1.code)
    floor.accepted(f"60 KGM of {lot}", f"{plant.a2.code} → {plant.l1.code}")
    assert floor.focused() == "lot"
    expect(page.locator("main").get_by_label("Demand")).to_have_value("PO-77")

    # It stands on the board.
    floor.open("/")
    lane = page.locator("article", has=page.get_by_role("link", name=plant.l1.code))
    expect(lane).to_contain_text("PO-77")
    expect(lane).to_contain_text("Sugar, fine")
    expect(lane).to_contain_text("60 KGM")

    # Issue, consume, produce, return, count.
    floor.open("/work/issue/")
    floor.scan(lot.code)
    floor.accepted(plant.wc.code)
    floor.open("/work/consume/")
    floor.enter("Quantity", "55")
    page.locator("main").get_by_label("Lot").focus()
    floor.scan(lot.code)
    floor.accepted("55 KGM")
    floor.open("/work/produce/?demand=PO-77")
    floor.scan("OUT-1")
    page.keyboard.type("500")
    page.keyboard.press("Enter")
    floor.scan(plant.a1.code)
    floor.accepted(f"500 EA of {product.code}/OUT-1")
    floor.open("/work/return-remainder/")
    floor.scan(lot.code)
    floor.scan(plant.a2.code)
    floor.accepted("5 KGM")
    floor.open("/work/adjust/")
    floor.scan(lot.code)
    floor.scan(plant.a2.code)
    floor.enter("Counted", "44")
    floor.enter("Reason", "spilt")
    floor.confirm()
    floor.accepted("1 KGM")
    assert on_hand(lot, plant.a2) == 44
    assert list(Lot.objects.get(number="OUT-1").parent_links.values_list("parent", flat=True)) == [
        lot.pk
    ]

    # The demand's page tells it all; one undo takes the count back.
    floor.open("/demands/PO-77/")
    expect(page.locator(".timeline")).to_contain_text("Consume: 55 KGM")
    floor.open("/work/adjust/")
    page.locator(".visit li").first.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#messages")).to_contain_text("Undone")
    assert on_hand(lot, plant.a2) == 45


def test_a_shipment_from_the_lane_to_the_customer(
    floor: Floor, plant: Plant, live_server: LiveServer
) -> None:
    page = floor.page
    goods = plant.pieces()
    bad = plant.lot(10, material=goods, released=False)
    good = plant.lot(20, material=goods, expires_in=300)
    plant.shipment((goods, 10), reference="SHP-1")
    sign_in(page, live_server, plant.operator.user.username)

    # The lot in quarantine is refused; the alternative is one press away.
    floor.open("/work/stage/")
    floor.scan("SHP-1")
    floor.scan(bad.code)
    floor.scan(plant.dock.code)
    expect(page.locator(".field-wrong .field-error")).to_contain_text(f"Next best: {good}")
    page.get_by_role("link", name=f"Take {good}").click()
    expect(page.locator("main").get_by_label("Lot")).to_have_value(good.code)
    page.keyboard.press("Enter")  # everything is filled, and the focus is in the form
    floor.accepted(f"10 EA of {good}", "SHP-1")

    floor.open("/work/load/")
    floor.scan(good.code)
    floor.scan(plant.truck.code)
    floor.accepted(plant.truck.code)
    floor.open("/work/ship/")
    floor.scan("SHP-1")
    floor.scan(good.code)
    floor.accepted(plant.customer.code)
    demand = Demand.objects.with_state().get(reference="SHP-1")
    assert demand.state == "completed"


def test_a_refresh_of_the_board_leaves_the_focus_alone(
    floor: Floor, plant: Plant, live_server: LiveServer
) -> None:
    page = floor.page
    lot = plant.lot(10)
    order = plant.order((lot.material, 5))
    plant.stage(order, lot)
    sign_in(page, live_server, plant.operator.user.username)
    floor.open("/")
    link = page.locator(".lane-stock a").first
    link.focus()
    before = page.evaluate("document.activeElement.id")
    with page.expect_response(lambda response: response.status == 200):
        page.evaluate("window.forestageBoard.turnTo(location.href)")  # drawn anew, whole
    assert page.evaluate("document.activeElement.id") == before
    floor.open("/demands/")
    page.go_back()
    expect(page.locator(".app-header")).to_be_visible()  # the page, not the refreshed part of it


def test_any_code_in_the_scan_box_opens_its_page(
    floor: Floor, plant: Plant, live_server: LiveServer
) -> None:
    page = floor.page
    lot = plant.lot(10, number="LOT-X")
    sign_in(page, live_server, plant.operator.user.username)
    floor.open("/")
    floor.scan("LOT-X")
    page.wait_for_url(f"**/lots/{lot.pk}/")
    floor.open("/work/")
    floor.scan("no-such-thing")
    expect(page.locator("h1")).to_contain_text("Nothing is called")


def _permissions(*names: str) -> list[object]:
    from django.contrib.auth.models import Permission

    return list(Permission.objects.filter(codename__in=names))
