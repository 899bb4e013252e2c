"""What a system sends that has a token for one site: of that site, and nothing of the others."""

from typing import Any

import pytest

from integration.models import ExternalId, InboundDemand
from inventory.models import Location, Lot, Material
from staging.models import Demand
from tests.api.conftest import Api
from tests.api.two_sites import HERE, THERE, Two, text_of, token_for
from tests.factories import SiteFactory
from tests.inbound.test_b2mml import material, schedule, segment, send
from tests.inbound.test_demands import message
from tests.plant import Plant
from tests.standing import built_once

pytestmark = pytest.mark.django_db


@built_once
def two() -> Two:
    here, there = (Plant(SiteFactory(code=word)) for word in (HERE, THERE))
    here.material(code="COMMON")
    return Two(here, there, token_for(here))


def put(api: Api, path: str, body: Any) -> Any:
    return api.put(f"/api/v1/external/ERP/{path}/", body, format="json")


def refused(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, "site_not_in_scope"), answer.content
    assert THERE not in text_of(answer)


def test_demands_are_of_the_site(two: Two) -> None:
    need = ("1", "COMMON", 3)
    assert put(two.api, "demands/PO-1", message(two.here, need)).status_code == 201
    less = {"route": "R7"}  # which names no site: the demand's is known
    assert put(two.api, "demands/PO-1", less).json()["outcome"] == "changed"
    assert two.api.read("external/ERP/demands/PO-1/").status_code == 200
    assert put(two.api, "demands/PO-1", {"cancelled": True}).json()["outcome"] == "cancelled"
    refused(put(two.api, "demands/PO-2", message(two.there, need)))
    refused(put(two.api, "demands/PO-2", message(two.here, need, work_center=two.there.wc.code)))
    refused(put(two.api, "demands/PO-2", message(two.here, need, customer=two.there.customer.code)))
    assert list(Demand.objects.values_list("reference", flat=True)) == ["PO-1"]
    assert InboundDemand.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"route": "R9"}, {"cancelled": True}, {}], ids=["change", "cancel", "the same"]
)
def test_a_demand_of_another_site_is_not_touched(two: Two, change: dict[str, Any]) -> None:
    body = message(two.there, ("1", "COMMON", 3))
    assert put(token_for(two.there), "demands/PO-1", body).status_code == 201
    refused(put(two.api, "demands/PO-1", change or body))
    refused(put(two.api, "demands/PO-1", message(two.here, ("1", "COMMON", 3))))
    refused(two.api.post(
        "/api/v1/inbound/demands/", {"source": "ERP", "id": "PO-1", **change}, format="json"
    ))  # fmt: skip
    assert two.api.read("external/ERP/demands/PO-1/").status_code == 404
    assert two.api.read("inbound-demands/").json()["results"] == []
    assert Demand.objects.get().closed_at is None


def test_what_is_cancelled_before_it_is_known_has_no_site(two: Two) -> None:
    refused(put(two.api, "demands/PO-9", {"cancelled": True, "version": 2}))
    assert not InboundDemand.objects.exists()


def test_a_lot_of_another_site_is_not_asked_for(two: Two) -> None:
    theirs = two.there.lot(material=Material.objects.get(code="COMMON"), number="L1")
    body = message(two.here, ("1", "COMMON", 3))
    body["requirements"][0]["lot"] = theirs.code
    answer = put(two.api, "demands/PO-1", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "site_not_in_scope")
    assert not Demand.objects.exists()


def test_locations_are_of_the_site(two: Two) -> None:
    new = {"name": "Rack 9", "kind": "storage", "site": HERE}
    assert put(two.api, "locations/R9", new).status_code == 201
    assert put(two.api, "locations/R9", {"name": "Rack nine"}).status_code == 200
    assert two.api.read("external/ERP/locations/R9/").json()["name"] == "Rack nine"
    refused(put(two.api, "locations/R10", new | {"site": THERE}))
    refused(put(two.api, "locations/R9", {"site": THERE}))
    refused(put(two.api, "locations/R11", {"code": two.there.a1.code, "name": "mine now"}))
    assert not Location.objects.filter(name="mine now").exists()
    assert ExternalId.objects.get().identifier == "R9"


def test_what_all_sites_share_is_not_put(two: Two) -> None:
    salt = {"name": "Salt", "kind": "raw", "base_unit": "KGM", "tracking": "lot"}
    refused(put(two.api, "materials/M1", salt))
    refused(put(two.api, "materials/M2", {"code": "COMMON", "name": "Salt"}))
    refused(put(two.api, "lots/L1", {"material": "COMMON"}))
    assert not Lot.objects.exists()
    assert Material.objects.get().name != "Salt"


def test_a_document_is_of_the_site(two: Two) -> None:
    def sent(plant: Plant) -> Any:
        needs = segment(plant, material("COMMON", "5"))
        return send(two.api, schedule(plant, needs))

    refused(sent(two.there))
    assert sent(two.here).status_code == 200
    refused(sent(two.there))  # which is the same demand by its name
    assert Demand.objects.get().site == two.here.site
