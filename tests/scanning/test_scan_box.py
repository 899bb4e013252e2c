"""The scan box understands labels, and says what is wrong with those it does not."""

import pytest
from django.test import Client

from config import static_headers
from inventory import actions as stock
from inventory.models import Location, Lot
from tests.plant import Plant

pytestmark = pytest.mark.django_db

GTIN = "9501101530003"
ITEM = f"]C1010{GTIN}"
SSCC = "106141412345678908"


@pytest.fixture
def lot(plant: Plant) -> Lot:
    return plant.lot(material=plant.material(code="MILK", gtin=GTIN), number="AB-1")


@pytest.fixture
def floor(client: Client, plant: Plant) -> Client:
    client.force_login(plant.operator.user)
    return client


def test_labels_lead_to_pages(floor: Client, plant: Plant, lot: Lot) -> None:
    line = stock.NewContainer(code="PAL1", location=plant.a1, sscc=SSCC)
    stock.new_container(lines=[line], by=plant.operator, at=plant.now)
    Location.objects.filter(pk=plant.l1.pk).update(gln="9520123456788", gln_extension="1")
    demand = plant.order((lot.material, 1), reference="PO-7")
    pages = {
        f"{ITEM}10AB-1": f"/lots/{lot.pk}/",
        f"https://example.com/01/0{GTIN}/10/AB-1": f"/lots/{lot.pk}/",
        f"(00){SSCC}": "/containers/PAL1/",
        "(414)9520123456788(254)1": f"/locations/{plant.l1.code}/",
        "(400)PO-7": f"/demands/{demand.reference}/",
        GTIN: "/materials/MILK/",
    }
    for text, page in pages.items():
        answer = floor.get("/scan/", {"q": text})
        assert (answer.status_code, answer.get("Location")) == (302, page), text


def test_a_pallet_and_what_is_on_it(floor: Client, plant: Plant, lot: Lot) -> None:
    line = stock.NewContainer(code="PAL1", location=plant.a1, sscc=SSCC)
    stock.new_container(lines=[line], by=plant.operator, at=plant.now)
    answer = floor.get("/scan/", {"q": f"]C100{SSCC}020{GTIN}3724\x1d10AB-1"})
    assert [thing["label"] for thing in answer.context["found"]] == ["MILK/AB-1", "PAL1"]


def test_a_suppliers_number_of_several_lots(floor: Client, plant: Plant, lot: Lot) -> None:
    for number in ("X1", "X2"):
        plant.lot(material=lot.material, number=number, supplier_lot="SUP-9")
    found = floor.get("/scan/", {"q": f"{ITEM}10SUP-9"}).context["found"]
    assert {thing["label"] for thing in found} == {"MILK/X1", "MILK/X2"}


def test_a_lot_that_is_not_here_yet_can_be_received(floor: Client, lot: Lot) -> None:
    text = f"{ITEM}310300250010NEW-1"
    answer = floor.get("/scan/", {"q": text})
    assert answer.context["new"]["number"] == "NEW-1"
    form = floor.get(answer.context["new"]["url"]).context["form"]
    values = {name: form[name].value() for name in ("material", "number", "quantity")}
    assert values == {"material": "MILK", "number": "NEW-1", "quantity": "2.5"}


def test_who_may_not_receive_is_not_told_to(client: Client, plant: Plant, lot: Lot) -> None:
    client.force_login(plant.qa.user)
    answer = client.get("/scan/", {"q": f"{ITEM}10NEW-1"})
    assert answer["Location"] == "/materials/MILK/"


@pytest.mark.parametrize(
    ("text", "code"),
    [("]C10109501101530004", "bad_check_digit"), ("https://example.com/x", "bad_link")],
)
def test_a_wrong_label_is_said_to_be_wrong(floor: Client, text: str, code: str) -> None:
    answer = floor.get("/scan/", {"q": text})
    assert answer.status_code == 409
    assert answer.context["refusal"].code == code
    assert code in answer.content.decode()


def test_a_label_that_names_nothing_here(floor: Client) -> None:
    answer = floor.get("/scan/", {"q": f"{ITEM}10\x1d"})
    assert answer.status_code == 409
    assert floor.get("/scan/", {"q": f"{ITEM}10A\x1d"}).status_code == 404


@pytest.mark.parametrize(("url", "has"), [
    ("/static/js/camera-worker.js", True), ("/static/js/camera-worker.0a1b2c3d4e5f.js", True),
    ("/static/js/camera.js", False), ("/static/js/scan.js", False),
])  # fmt: skip
def test_webassembly_is_allowed_to_the_decoder_alone(url: str, has: bool) -> None:
    headers: dict[str, str] = {}
    static_headers.add(headers, "", url)
    assert ("wasm-unsafe-eval" in headers.get("Content-Security-Policy", "")) is has


def test_no_page_may_compile_webassembly(floor: Client) -> None:
    policy = floor.get("/work/stage/")["Content-Security-Policy"]
    assert "wasm-unsafe-eval" not in policy
    assert "worker-src 'self'" in policy
