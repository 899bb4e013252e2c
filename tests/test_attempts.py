"""Refused attempts: each kept exactly once, whatever door it came through, with all it named."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory import actions as stock
from inventory import verbs
from inventory.errors import Refused
from inventory.models import AuditEntry, LotStatus, RefusedAttempt, Surface
from quality.models import Effect, RuleSet, UsageRule
from staging import actions as staging
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def reader(role: str, **kwargs: Any) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role, **kwargs))
    return client


def api(role: str) -> Api:
    client = Api()
    client.force_authenticate(UserFactory(role=role))
    return client


def tried(plant: Plant, verb: str, *lines: Any, at: Any = None, **kwargs: Any) -> RefusedAttempt:
    """The attempt that is kept of a request, which is refused."""
    before = RefusedAttempt.objects.count()
    with pytest.raises(Refused):
        verbs.carry_out(
            verbs.REGISTRY[verb], lines, by=plant.operator, at=at or plant.now, **kwargs
        )
    [attempt] = RefusedAttempt.objects.order_by("pk")[before:]
    return attempt


# --- what is kept -------------------------------------------------------------------------------


def test_all_that_the_attempt_named_is_kept(plant: Plant) -> None:
    lot = plant.lot(100)
    hold = plant.hold(lot=lot, reason="Smells odd")
    order = plant.order((lot.material, 60), reference="PO-9")
    line = staging.Staging(demand=order, lot=lot, lane=plant.l1, quantity=Decimal("2.5"))
    claimed = plant.now - timedelta(hours=2)
    kept = tried(plant, "stage", line, at=claimed)
    assert (kept.verb, kept.code, kept.field, kept.line) == (
        "staging.stage", "lot_on_hold", "lot", 0,
    )  # fmt: skip
    assert (kept.lot, kept.material, kept.location) == (lot, lot.material, plant.l1)
    assert (kept.demand, kept.quantity, kept.counted_in) == ("PO-9", Decimal("2.5"), "KGM")
    assert (kept.hold, kept.rule, kept.rule_version) == (hold.pk, None, None)
    assert (kept.actor, kept.surface) == (plant.operator.user, Surface.COMMAND)
    assert kept.occurred_at == claimed < kept.recorded_at
    assert "Smells odd" in kept.message
    assert kept.asked == {
        "demand": "PO-9", "lot": lot.code, "lane": plant.l1.code, "quantity": "2.5",
    }  # fmt: skip


def test_the_entry_of_the_trail_stands_for_all_attempts_of_a_request(plant: Plant) -> None:
    lots = [plant.lot(10, released=False) for _n in range(3)]
    order = plant.order(*((lot.material, 10) for lot in lots))
    lines = [staging.Staging(demand=order, lot=lot, lane=plant.l1) for lot in lots]
    with pytest.raises(Refused):
        verbs.carry_out(verbs.REGISTRY["stage"], lines, by=plant.operator, at=plant.now)
    entry = AuditEntry.objects.get(action="refused")
    assert entry.facts == {"verb": "staging.stage", "code": "lot_quarantine", "attempts": 3}
    assert entry.subject == lots[0].code
    kept = RefusedAttempt.objects.filter(batch=entry.batch).order_by("line")
    assert [(row.line, row.lot) for row in kept] == list(enumerate(lots))
    page = reader("auditor").get(f"/audit/{entry.pk}/").content.decode()
    assert all(lot.code in page for lot in lots)
    found = reader("auditor").get(f"/audit/?about={lots[2].code}").context["entries"]
    assert entry in [row for row, *_ in found]


def test_the_rule_that_denied_is_kept_with_its_version(plant: Plant) -> None:
    lot = plant.lot(10)
    rules = RuleSet.objects.create(
        version=RuleSet.objects.in_force().get().version + 1, note="No staging at all",
        activated_at=timezone.now(), activated_by=plant.qa.user,
    )  # fmt: skip
    rule = UsageRule.objects.create(
        rule_set=rules, status=LotStatus.RELEASED, effect=Effect.DENY, note="stocktaking"
    )
    line = staging.Staging(demand=plant.order((lot.material, 5)), lot=lot, lane=plant.l1)
    kept = tried(plant, "stage", line)
    assert (kept.code, kept.rule, kept.rule_version) == ("rule_denies", rule.pk, rules.version)


def test_secrets_are_not_kept_and_the_reason_once(plant: Plant) -> None:
    from quality import actions as quality

    lot = plant.lot(released=False)
    line = quality.Release(lot=lot, meaning="approval", reason="Conforms", password="no-such-word")
    with pytest.raises(Refused):
        verbs.carry_out(verbs.REGISTRY["release"], [line], by=plant.qa, at=plant.now)
    kept = RefusedAttempt.objects.get()
    assert (kept.code, kept.reason, kept.lot) == ("signature_wrong", "Conforms", lot)
    assert "no-such-word" not in str(kept.asked)
    assert "reason" not in kept.asked


def test_what_concerns_the_whole_request_is_one_attempt(plant: Plant) -> None:
    """It names what all lines have in common; the words tell of the rest."""
    lots = [plant.lot(), plant.lot()]
    lines = [stock.Move(lot=lot, target=plant.a2) for lot in lots]
    late = plant.now + timedelta(days=9)
    kept = tried(plant, "move", *lines, at=late)
    assert (kept.code, kept.line, kept.occurred_at) == ("time_in_future", None, late)
    assert (kept.lot, kept.location) == (None, plant.a2)
    assert kept.asked["lot"] == ", ".join(lot.code for lot in lots)


@pytest.mark.parametrize("quantity", ["NaN", "-Infinity", "1E+99", "0.0000000001", "-1"])
def test_a_quantity_beyond_all_bounds_is_kept_in_words(plant: Plant, quantity: str) -> None:
    line = stock.Move(lot=plant.lot(), target=plant.a2, quantity=Decimal(quantity))
    kept = tried(plant, "move", line)
    assert kept.asked["quantity"] == str(Decimal(quantity))
    assert kept.quantity in (None, Decimal(-1))


def test_each_try_is_an_event_and_a_stored_answer_is_none(plant: Plant) -> None:
    lot = plant.lot(10)
    line = stock.Move(lot=lot, target=plant.a2, quantity=Decimal(11))
    for _repeat in range(2):
        tried(plant, "move", line, key="K", asked="the same")
    again = stock.Move(lot=lot, target=plant.a2)
    for _repeat in range(2):
        verbs.carry_out(
            verbs.REGISTRY["move"], [again], by=plant.operator, at=plant.now, key="K2", asked="x"
        )
    assert RefusedAttempt.objects.count() == AuditEntry.objects.filter(action="refused").count()
    assert RefusedAttempt.objects.count() == 2
    assert tried(plant, "move", line, key="K2", asked="other").code == "idempotency_key_reused"


def test_the_statements_do_not_grow_with_the_lines(plant: Plant) -> None:
    def cost(count: int) -> int:
        lots = [plant.lot(10, released=False) for _n in range(count)]
        order = plant.order(*((lot.material, 10) for lot in lots))
        lines = [staging.Staging(demand=order, lot=lot, lane=plant.l1) for lot in lots]
        with CaptureQueriesContext(connection) as spent, pytest.raises(Refused):
            verbs.carry_out(verbs.REGISTRY["stage"], lines, by=plant.operator, at=plant.now)
        return sum("refusedattempt" in query["sql"].lower() for query in spent)

    assert cost(1) == cost(40) == 1


# --- every door ---------------------------------------------------------------------------------


def test_a_refusal_in_the_browser_is_kept_once(plant: Plant) -> None:
    lot = plant.lot(10)
    client = reader("operator", username="olga")
    data = {"lot": lot.code, "target": plant.a2.code, "quantity": "11", "idempotency_key": "K"}
    client.post("/work/move/", data)
    kept = RefusedAttempt.objects.get()
    assert (kept.code, kept.surface, kept.actor.username) == ("not_enough", "browser", "olga")
    assert AuditEntry.objects.filter(action="refused").count() == 1


def test_a_refusal_in_the_admin_is_kept_once(plant: Plant) -> None:
    demand = plant.order((plant.material(), 5), reference="PO-3")
    plant.do(staging.complete_demand, staging.DemandEnd(demand=demand, reason="done"))
    client = Client()
    client.force_login(UserFactory(role="supervisor", is_staff=True))
    url = f"{reverse('admin:staging_demand_act_cancel_demand')}?ids={demand.pk}"
    assert client.post(url, {"reason": "tidy", "key": "K"}).status_code == 409
    kept = RefusedAttempt.objects.get()
    assert (kept.verb, kept.surface, kept.demand) == ("staging.cancel_demand", "admin", "PO-3")
    assert (kept.code, kept.reason) == ("demand_closed", "tidy")


def test_rules_that_are_not_put_into_force_are_an_attempt(plant: Plant) -> None:
    client = Client()
    client.force_login(UserFactory(role="qa", is_staff=True))
    version = RuleSet.objects.in_force().get().version
    url = reverse("admin:quality_ruleset_activate", args=[version])
    assert client.post(url, {"reason": "once more"}).status_code == 409
    kept = RefusedAttempt.objects.get()
    assert (kept.verb, kept.code) == ("quality.activate_rules", "rules_active")
    assert (kept.reason, kept.asked) == ("once more", {"rule_set": f"v{version}"})


# --- without the permission ---------------------------------------------------------------------


def test_who_may_not_is_kept_over_the_api(plant: Plant) -> None:
    lot = plant.lot(released=False)
    line = {"lot": lot.code, "meaning": "approval", "reason": "r", "password": "secret"}
    assert api("operator").do("release", line).status_code == 403
    kept = RefusedAttempt.objects.get()
    assert (kept.verb, kept.code, kept.lot) == ("quality.release", "permission_denied", lot)
    assert kept.surface == Surface.API
    assert "secret" not in str(kept.asked)


@pytest.mark.parametrize("body", ["{", "[]", '{"lot": "NONE"}', '{"lines": []}'])
def test_who_may_not_is_kept_whatever_they_wrote(body: str) -> None:
    answer = api("operator").post(
        "/api/v1/release/", body.encode(), content_type="application/json"
    )
    assert answer.status_code == 403
    assert RefusedAttempt.objects.get().asked == {}


def test_a_stranger_is_nobody_to_name() -> None:
    Client().post("/api/v1/release/", {})
    Client().get("/work/release/")
    api("operator").get("/api/v1/release/")
    assert not RefusedAttempt.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_not_is_kept_in_the_browser(plant: Plant, method: str) -> None:
    lot = plant.lot(released=False)
    asked = {"lot": lot.code, "reason": "x\x00y", "password": "secret"}
    answer = getattr(reader("operator"), method)("/work/release/", asked)
    assert answer.status_code == 403
    kept = RefusedAttempt.objects.get()
    assert (kept.verb, kept.code, kept.lot) == ("quality.release", "permission_denied", lot)
    assert "secret" not in str(kept.asked)


def test_who_may_not_undo_is_kept(plant: Plant) -> None:
    batch = "0191d7c8-0000-7000-8000-000000000000"
    assert reader("auditor").post(f"/work/undo/{batch}/").status_code == 403
    assert RefusedAttempt.objects.get().asked == {"batch": batch}


@pytest.mark.parametrize("role", ["auditor", "supervisor"])
def test_who_may_not_is_kept_in_the_admin(plant: Plant, role: str) -> None:
    lot = plant.lot(released=False)
    client = Client()
    client.force_login(UserFactory(role=role, is_staff=True))
    pages = ("inventory_lot_act_release", "inventory_lot_inspect")
    for page in pages:
        assert client.post(f"{reverse(f'admin:{page}')}?ids={lot.pk}").status_code == 403
    activate = reverse("admin:quality_ruleset_activate", args=[1])
    assert client.post(activate, {"reason": "r"}).status_code == 403
    kept = RefusedAttempt.objects.order_by("pk")
    assert [(row.verb, row.lot) for row in kept] == [
        ("quality.release", lot), ("quality.record_inspection", lot),
        ("quality.activate_rules", None),
    ]  # fmt: skip
    assert {row.code for row in kept} == {"permission_denied"}
