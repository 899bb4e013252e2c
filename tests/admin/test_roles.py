"""Who may do what in the admin: role by act, and what comes back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from inventory.models import Location, Lot, Material
from quality.models import Hold, RuleSet
from staging.models import Demand
from tests.admin.conftest import SignIn, act, list_of, page_of
from tests.plant import Plant

ROLES = ("operator", "integrator", "supervisor", "qa", "auditor", "admin")

READING: list[Any] = [
    "inventory.lot", "inventory.movement", "inventory.balance", "inventory.lotlink",
    "inventory.material", "inventory.location", "inventory.site", "inventory.unit",
    "inventory.container", "inventory.seal", "quality.hold", "quality.inspection",
    "quality.decision", "quality.ruleset", "staging.demand", "staging.requirement",
    "staging.commitment", "staging.alert",
]  # fmt: skip
HISTORY = (
    "inventory.movement", "inventory.balance", "inventory.lotlink", "inventory.auditentry",
    "inventory.seal",
    "inventory.refusedattempt",
    "quality.decision", "quality.inspection", "staging.requirement", "staging.commitment",
)  # fmt: skip


def address(label: str, page: str = "changelist") -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}")


@pytest.mark.parametrize("label", READING)
@pytest.mark.parametrize(
    ("role", "status"),
    [("operator", 403), ("integrator", 403), ("supervisor", 200), ("qa", 200), ("auditor", 200),
     ("admin", 200)],
)  # fmt: skip
def test_who_reads(enter: SignIn, plant: Plant, label: str, role: str, status: int) -> None:
    client = enter(role)
    response = client.get(address(label), follow=True)
    assert response.status_code == status


@pytest.mark.parametrize(
    ("role", "status"), [("supervisor", 200), ("qa", 200), ("auditor", 200), ("admin", 200)]
)
def test_who_reads_the_audit_trail(enter: SignIn, role: str, status: int) -> None:
    assert enter(role).get(address("inventory.auditentry")).status_code == status


@pytest.mark.parametrize(
    ("label", "auditor", "others"),
    [("auth.user", 200, 403), ("auth.group", 200, 403), ("integration.apitoken", 200, 403),
     ("forestage.taskrun", 403, 403)],
)  # fmt: skip
def test_people_are_the_auditors_to_read_and_the_administrators_to_change(
    enter: SignIn, label: str, auditor: int, others: int
) -> None:
    assert enter("auditor").get(address(label)).status_code == auditor
    assert enter("qa").get(address(label)).status_code == others
    assert enter("supervisor").get(address(label)).status_code == others
    assert enter("admin").get(address(label)).status_code == 200


def test_strangers_sign_in_where_the_floor_does(client: Any, db: None) -> None:
    response = client.get(reverse("admin:index"), follow=True)
    assert response.redirect_chain[-1][0] == f"{reverse('login')}?next=/admin/"


def test_who_may_not_enter_is_told_so_and_not_sent_in_circles(enter: SignIn) -> None:
    assert enter("operator").get(reverse("admin:index"), follow=True).status_code == 403


Target = Callable[[Plant], str]
A_LOT: Target = lambda plant: act(Lot, "release", plant.lot(released=False))  # noqa: E731

ACTS: dict[str, tuple[Target, set[str]]] = {
    "release": (A_LOT, {"qa", "admin"}),
    "restrict": (lambda p: act(Lot, "restrict", p.lot(released=False)), {"qa", "admin"}),
    "reject": (lambda p: act(Lot, "reject", p.lot(released=False)), {"qa", "admin"}),
    "reopen": (lambda p: act(Lot, "reopen", p.lot()), {"qa", "admin"}),
    "close": (lambda p: act(Lot, "close_lot", p.lot()), {"qa", "admin"}),
    "inspect": (lambda p: f"{reverse('admin:inventory_lot_inspect')}?ids={p.lot().pk}",
                {"qa", "admin"}),
    "hold a lot": (lambda p: act(Lot, "place_hold", p.lot()), {"qa", "supervisor", "admin"}),
    "hold a location": (lambda p: act(Location, "place_hold", p.a1), {"qa", "supervisor", "admin"}),
    "hold a material": (lambda p: act(Material, "place_hold", p.material()),
                        {"qa", "supervisor", "admin"}),
    "lift": (lambda p: act(Hold, "lift_hold", p.hold(lot=p.lot())), {"qa", "admin"}),
    "activate rules": (lambda p: reverse("admin:quality_ruleset_activate", args=[1]),
                       {"qa", "admin"}),
    "draft rules": (lambda p: list_of(RuleSet, "add"), {"qa", "admin"}),
    "add a material": (lambda p: list_of(Material, "add"), {"supervisor", "admin"}),
    "add a location": (lambda p: list_of(Location, "add"), {"supervisor", "admin"}),
    "make a demand": (lambda p: list_of(Demand, "add"), {"supervisor", "admin"}),
    "cancel a demand": (lambda p: act(Demand, "cancel_demand", p.order((p.material(), 1))),
                        {"supervisor", "admin"}),
    "issue a token": (lambda p: reverse("admin:integration_apitoken_add"), {"admin"}),
    "add a user": (lambda p: reverse("admin:auth_user_add"), {"admin"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_who_acts(enter: SignIn, plant: Plant, name: str) -> None:
    target, may = ACTS[name]
    url = target(plant)
    for role in ROLES:
        client = enter(role)
        expected = 200 if role in may else 403
        assert client.get(url, follow=True).status_code == expected, role
        if role not in may:
            assert client.post(url, follow=True).status_code == 403, role


@pytest.mark.parametrize("role", ["auditor", "qa", "admin"])
@pytest.mark.parametrize("label", HISTORY)
def test_history_is_nobodys_to_add(enter: SignIn, label: str, role: str) -> None:
    assert enter(role).post(address(label, "add")).status_code == 403


@pytest.mark.parametrize("role", ["supervisor", "qa", "auditor", "admin"])
def test_history_is_nobodys_to_change_or_delete(enter: SignIn, plant: Plant, role: str) -> None:
    lot = plant.lot()
    rows = [lot, lot.movements.get(), lot.balances.get(), lot.decisions.get()]
    rows += [plant.hold(lot=lot), plant.order((lot.material, 1))]
    client = enter(role)
    for row in rows:
        assert client.get(page_of(row)).status_code == 200
        assert client.post(page_of(row), {"reason": "tidy up"}).status_code == 403
        assert client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["supervisor", "qa", "auditor", "admin"])
def test_master_data_is_never_deleted(enter: SignIn, plant: Plant, role: str) -> None:
    for row in (plant.site, plant.a1, plant.material()):
        response = enter(role).post(page_of(row, "delete"), {"post": "yes"})
        assert response.status_code == 403


@pytest.mark.parametrize("role", ["qa", "auditor"])
def test_master_data_is_the_supervisors(enter: SignIn, plant: Plant, role: str) -> None:
    for row in (plant.site, plant.a1, plant.material()):
        assert enter(role).post(page_of(row), {"name": "Mine"}).status_code == 403


def test_an_auditor_is_refused_every_post(enter: SignIn, plant: Plant) -> None:
    """Whatever is registered, an auditor changes nothing by it."""
    lot = plant.lot()
    client = enter("auditor")
    for model in admin.site._registry:
        assert client.post(list_of(model, "add")).status_code == 403, model
        row = model._default_manager.first()
        if row is not None:
            assert client.post(page_of(row), {}).status_code == 403, model
    chosen = {"action": "release", "_selected_action": [lot.pk], "index": 0}
    answer = client.post(list_of(Lot), chosen)
    assert answer.status_code == 200  # the list again: there is nothing to choose for an auditor
    assert 'name="action"' not in answer.content.decode()


def test_nothing_is_offered_to_delete(enter: SignIn, plant: Plant) -> None:
    plant.lot()
    client = enter("admin")
    for model in admin.site._registry:
        assert b"delete_selected" not in client.get(list_of(model)).content, model
