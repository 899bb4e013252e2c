"""The pages of the verbs, of the demands and of the scan box: who may, what stays, what is said."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inventory.models import AuditEntry, Balance, Movement
from inventory.verbs import REGISTRY
from staging import actions as staging
from staging.models import Demand
from tests.factories import UserFactory
from tests.plant import Plant

HTMX = {"HX-Request": "true"}


@pytest.fixture
def floor(plant: Plant, client: Client) -> Client:
    client.force_login(plant.operator.user)
    return client


def send(client: Client, verb: str, values: dict[str, Any], **extra: Any) -> Any:
    return client.post(f"/work/{verb}/", values, headers=HTMX, **extra)


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/work/", "/work/stage/", "/demands/", "/scan/"])
def test_strangers_are_sent_to_sign_in(db: None, client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("role", ["operator", "supervisor", "qa", "auditor", "integrator"])
def test_a_verb_asks_for_its_own_permission(db: None, role: str) -> None:
    client = signed_in(role)
    user = User.objects.get(pk=client.session["_auth_user_id"])
    may_enter = user.has_perm("inventory.use_floor")
    for name, verb in REGISTRY.items():
        expected = 200 if may_enter and user.has_perm(verb.permission) else 403
        path = f"/work/{name.replace('_', '-')}/"
        assert client.get(path).status_code == expected, name
        assert client.post(path, {}).status_code == expected, name


@pytest.mark.parametrize(
    "path", ["/work/no-such/", "/work/put_away/", "/demands/NONE/", "/demands/%00/", "/lots/0/"]
)
def test_what_is_not_there_is_not_found(floor: Client, path: str) -> None:
    assert floor.get(path).status_code == 404


def test_the_menu_shows_what_the_person_may_do(plant: Plant, floor: Client) -> None:
    page = floor.get("/work/").content.decode()
    assert reverse("inventory:verb", args=["put-away"]) in page
    assert reverse("inventory:verb", args=["scrap"]) not in page
    assert "Nothing to do here" in signed_in("auditor").get("/work/").content.decode()


def test_an_account_of_the_api_is_told_so_at_the_door(db: None, client: Client) -> None:
    user = UserFactory(role="integrator")
    answer = client.post("/sign-in/", {"username": user.username, "password": "secret"})
    assert answer.status_code == 200
    assert "through the API only" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_person_of_the_floor_starts_at_the_board(db: None, client: Client) -> None:
    user = UserFactory(role="operator")
    answer = client.post("/sign-in/", {"username": user.username, "password": "secret"})
    assert answer.status_code == 302
    assert answer["Location"] == "/"


# --- doing --------------------------------------------------------------------------------------


def staging_of(plant: Plant, quantity: int = 10, **lot: Any) -> dict[str, str]:
    stock = plant.lot(quantity, **lot)
    order = plant.order((stock.material, quantity))
    return {"demand": order.reference, "lot": stock.code, "lane": plant.l1.code}


def test_a_success_keeps_the_context_and_says_what_was_done(plant: Plant, floor: Client) -> None:
    values = staging_of(plant)
    answer = send(floor, "stage", values | {"idempotency_key": "k1"}, follow=True)
    page = answer.content.decode()
    assert "<html" not in page
    assert 'data-feedback="accepted"' in page
    assert f"10 KGM of {values['lot']}" in page
    assert f'value="{values["demand"]}"' in page
    assert f'value="{values["lane"]}"' in page
    assert f'value="{values["lot"]}"' not in page
    again = floor.get("/work/stage/").content.decode()
    assert "data-feedback" not in again
    assert values["lot"] in again  # in the list of what was done


def test_a_form_sent_twice_has_one_effect(plant: Plant, floor: Client) -> None:
    values = staging_of(plant, 10) | {"quantity": "4", "idempotency_key": "once"}
    assert send(floor, "stage", values).status_code == 302
    assert send(floor, "stage", values).status_code == 302
    assert Movement.objects.filter(kind="stage").count() == 1
    assert len(floor.session["done"]) == 1
    page = send(floor, "stage", values, follow=True).content.decode()
    assert 'data-feedback="accepted"' in page  # whoever lost the first answer gets it now


def test_a_page_sent_again_with_other_values_is_refused(plant: Plant, floor: Client) -> None:
    values = staging_of(plant, 10) | {"quantity": "4", "idempotency_key": "once"}
    send(floor, "stage", values)
    answer = send(floor, "stage", values | {"quantity": "5"})
    assert answer.status_code == 409
    assert "sent before" in answer.content.decode()
    assert Movement.objects.filter(kind="stage").count() == 1


def test_it_works_without_a_script(plant: Plant, floor: Client) -> None:
    values = staging_of(plant)
    answer = floor.post("/work/stage/", values, follow=True)
    assert answer.redirect_chain[0][1] == 302
    page = answer.content.decode()
    assert "<html" in page
    assert 'data-feedback="accepted"' in page


def test_the_query_fills_the_form(plant: Plant, floor: Client) -> None:
    page = floor.get("/work/stage/?demand=PO-7&source=A-1&odd=x").content.decode()
    assert 'value="PO-7"' in page
    assert '<details class="more" open>' in page
    assert 'name="odd"' not in page


# --- refused ------------------------------------------------------------------------------------


def test_a_refusal_stands_beside_its_field_with_a_way_out(plant: Plant, floor: Client) -> None:
    material = plant.material()
    good = plant.lot(10, material=material)
    values = staging_of(plant, material=material, released=False)
    answer = send(floor, "stage", values | {"quantity": "3"})
    assert answer.status_code == 409
    form = answer.context["form"]
    assert form.errors.as_data()["lot"][0].code == "lot_quarantine"
    page = answer.content.decode()
    assert 'data-feedback="refused"' in page
    assert f"Take {good.code} at {plant.a1.code}" in page
    offer = form.errors.as_data()["lot"][0].facts["offers"][0]
    filled = floor.get(offer["url"]).context["form"]
    assert filled["lot"].value() == good.code
    assert filled["quantity"].value() == "3"
    assert AuditEntry.objects.filter(action="refused").count() == 1


def test_a_refusal_is_a_whole_page_without_a_script(plant: Plant, floor: Client) -> None:
    answer = floor.post("/work/stage/", staging_of(plant, released=False))
    assert answer.status_code == 200
    assert "<html" in answer.content.decode()


def test_the_demands_of_a_lot_are_offered(plant: Plant, floor: Client) -> None:
    lot = plant.lot(20)
    orders = [plant.order((lot.material, 5)) for _ in range(2)]
    for order in orders:
        plant.stage(order, lot)
    answer = send(floor, "issue", {"lot": lot.code})
    assert answer.context["form"].errors.as_data()["demand"][0].code == "demand_needed"
    page = answer.content.decode()
    assert all(f"demand={order.reference}" in page for order in orders)


def test_what_cannot_be_read_is_not_carried_out(plant: Plant, floor: Client) -> None:
    answer = send(floor, "stage", {"demand": "x", "lot": "", "lane": ""})
    assert answer.status_code == 422
    assert not AuditEntry.objects.filter(action="refused").exists()


def test_a_bad_reference_stands_beside_its_field(plant: Plant) -> None:
    client = signed_in("supervisor")
    values = {
        "reference": "PO 1/2", "kind": "production", "site": plant.site.code,
        "needed_at": "2030-01-01T10:00", "requirements": f"{plant.material().code} 1",
    }  # fmt: skip
    answer = send(client, "create-demand", values)
    assert answer.status_code == 409
    assert "reference" in answer.context["form"].errors


def test_a_signature_is_never_shown_again(plant: Plant) -> None:
    lot = plant.lot(1, released=False)
    client = Client()
    client.force_login(plant.qa.user)
    values = {"lot": lot.code, "meaning": "approval", "reason": "fine", "password": "wr0ng-one",
              "signer": plant.qa.user.username}  # fmt: skip
    answer = send(client, "release", values)
    assert answer.status_code == 409
    assert "wr0ng-one" not in answer.content.decode()
    done = send(client, "release", values | {"password": "secret"}, follow=True)
    assert done.status_code == 200
    assert "secret" not in done.content.decode()
    lot.refresh_from_db()
    assert lot.status == "released"


# --- undo ---------------------------------------------------------------------------------------


def test_one_press_takes_back_what_was_done(plant: Plant, floor: Client) -> None:
    send(floor, "stage", staging_of(plant))
    batch = Movement.objects.get(kind="stage").batch
    answer = floor.post(f"/work/undo/{batch}/", {"verb": "stage"}, follow=True)
    assert "Undone" in answer.content.decode()
    assert not Balance.objects.filter(location=plant.l1, quantity__gt=0).exists()
    assert floor.session["done"][0]["undone"]
    again = floor.post(f"/work/undo/{batch}/", {"verb": "stage"}, follow=True)
    assert "nothing left to undo" in again.content.decode()


def test_what_others_did_is_not_undone(plant: Plant, floor: Client) -> None:
    send(floor, "stage", staging_of(plant))
    batch = Movement.objects.get(kind="stage").batch
    signed_in("operator").post(f"/work/undo/{batch}/")
    assert not Movement.objects.filter(kind="reverse").exists()
    assert signed_in("auditor").post(f"/work/undo/{batch}/").status_code == 403


# --- demands ------------------------------------------------------------------------------------


def test_demands_are_found(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), reference="ORD-1")
    plant.shipment((plant.material(), 1), reference="SHP-1")
    plant.stage(order, lot, quantity=5)

    def listed(query: str) -> list[str]:
        entries = floor.get(f"/demands/{query}").context["entries"]
        return [entry["demand"].reference for entry in entries]

    assert listed("") == ["ORD-1", "SHP-1"]
    assert listed("?state=staging") == ["ORD-1"]
    assert listed("?kind=shipment") == ["SHP-1"]
    assert listed(f"?q={lot.material.code.lower()}") == ["ORD-1"]
    assert listed(f"?site={plant.site.code}&state=all") == ["ORD-1", "SHP-1"]
    assert listed("?q=nothing-like-it") == []
    assert listed("?state=bogus&from=x") == ["ORD-1", "SHP-1"]
    assert floor.get("/demands/").context["entries"][0]["kit"].percent == 50


def test_a_demand_page_shows_its_kit_and_what_to_do_next(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    late = plant.lot(10, material=lot.material, expires_in=300)
    order = plant.order((lot.material, 25))
    plant.stage(order, lot, quantity=4)
    plant.hold(lot=lot)
    page = floor.get(f"/demands/{order.reference}/")
    line = page.context["lines"][0]
    assert line["row"].staged == 4
    assert line["short"] == 21
    assert line["uncovered"] == 11
    assert [offer["balance"].lot for offer in line["offers"]] == [late]
    standing = page.context["standing"][0]
    assert standing["stop"] == "lot_on_hold"
    assert [str(verb["label"]) for verb in standing["verbs"]] == ["Unstage"]
    text = page.content.decode()
    assert "Blocked: on hold" in text
    assert line["blocked"] == 4
    assert "Some of what is staged may not be used" in text
    assert floor.get("/demands/").context["entries"][0]["blocked"]
    assert "Created a demand" in text
    assert f"Stage: 4 KGM {lot}" in text
    assert "Cancel demand" not in text  # a supervisor's


def test_a_complete_kit_wants_no_more_staging(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    page = floor.get(f"/demands/{order.reference}/")
    assert [verb["name"] for verb in page.context["handling"]] == ["produce"]
    assert str(page.context["standing"][0]["verbs"][0]["label"]) == "Issue"


def test_a_closed_demand_offers_nothing(plant: Plant, floor: Client) -> None:
    order = plant.order((plant.lot(5).material, 5))
    plant.do(staging.cancel_demand, staging.DemandEnd(demand=order, reason="no"))
    page = floor.get(f"/demands/{order.reference}/")
    assert page.status_code == 200
    assert page.context["handling"] == page.context["planning"] == []
    assert not page.context["lines"][0]["offers"]


def test_a_demand_page_costs_the_same_however_many_lines(
    plant: Plant, floor: Client, django_assert_max_num_queries: Any
) -> None:
    order = plant.order(*[(plant.lot(5).material, 3) for _ in range(8)])
    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    with django_assert_max_num_queries(18):
        assert floor.get(f"/demands/{order.reference}/").status_code == 200


# --- scan ---------------------------------------------------------------------------------------


def test_a_scan_leads_to_its_page(plant: Plant, floor: Client) -> None:
    lot = plant.lot(5, number="LOT-9")
    order = plant.order((lot.material, 5))
    targets = {
        lot.code: f"/lots/{lot.pk}/",
        "LOT-9": f"/lots/{lot.pk}/",
        plant.l1.code: f"/locations/{plant.l1.code}/",
        order.reference: f"/demands/{order.reference}/",
        lot.material.code: f"/materials/{lot.material.code}/",
    }
    for code, url in targets.items():
        answer = floor.get("/scan/", {"q": code})
        assert (answer.status_code, answer.get("Location")) == (302, url)


def test_a_scan_of_two_offers_both(plant: Plant, floor: Client) -> None:
    plant.lot(1, number="SAME")
    plant.lot(1, number="SAME")
    answer = floor.get("/scan/", {"q": "SAME"})
    assert len(answer.context["found"]) == 2


@pytest.mark.parametrize("code", ["", "   ", "zzz-unknown", "\x00", "%27; --"])
def test_a_scan_of_nothing_says_so(floor: Client, code: str) -> None:
    answer = floor.get("/scan/", {"q": code})
    assert answer.status_code == 404
    assert "Scan" in answer.content.decode()


def test_created_demand_is_one_press_away(plant: Plant) -> None:
    client = signed_in("supervisor")
    values = {
        "reference": "PO-1", "kind": "production", "site": plant.site.code,
        "needed_at": "2030-01-01T10:00", "requirements": f"{plant.material().code} 1",
    }  # fmt: skip
    page = send(client, "create-demand", values, follow=True).content.decode()
    assert "/scan/?q=PO-1" in page
    assert Demand.objects.get().reference == "PO-1"
