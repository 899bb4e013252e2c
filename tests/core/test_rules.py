"""Usage rules: drafted by one, put into force by another; with dates, and with reasons."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from inventory.models import Movement
from quality.actions import activate_rules, change_rules, draft_rules
from quality.models import Effect, RuleSet, UsageRule
from quality.preview import compare
from staging import actions as staging
from staging.alerting.clock import sweep
from staging.models import Alert
from tests.core.refusal import refused
from tests.plant import Plant

A_DAY = timedelta(days=1)


def drafted(plant: Plant, *rules: dict[str, Any]) -> RuleSet:
    """A draft with these rules added to those in force."""
    draft = draft_rules(note="Stricter", by=plant.qa, at=plant.now)
    added = [UsageRule(rule_set=draft, **{"status": "released", "note": "x"} | r) for r in rules]
    return change_rules(draft=draft, rules=added, reason="agreed", by=plant.qa, at=plant.now)


def in_force(plant: Plant, *rules: dict[str, Any]) -> RuleSet:
    return activate_rules(
        rule_set=drafted(plant, *rules), reason="agreed", by=plant.lab, at=plant.now
    )


def test_who_wrote_or_changed_a_draft_does_not_put_it_into_force(plant: Plant) -> None:
    draft = drafted(plant)
    change_rules(draft=draft, rules=[], reason="a word", by=plant.lab, at=plant.now)
    for author in (plant.qa, plant.lab):
        with refused("own_draft"):
            activate_rules(rule_set=draft, reason="mine", by=author, at=plant.now)
    assert UsageRule.objects.of_current_set().filter(rule_set=1).exists()


def test_what_must_not_be_in_force_is_refused(plant: Plant) -> None:
    old, empty = drafted(plant), drafted(plant)
    empty.rules.all().delete()
    with refused("rules_empty"):
        activate_rules(rule_set=empty, reason="r", by=plant.lab, at=plant.now)
    in_force(plant)
    with refused("rules_outdated"):
        activate_rules(rule_set=old, reason="r", by=plant.lab, at=plant.now)


def test_two_rules_on_the_same_on_the_same_days_are_refused(plant: Plant) -> None:
    deny = {"effect": Effect.DENY, "action": "ship"}
    with refused("rules_overlap"):
        drafted(plant, deny, deny | {"effect": Effect.REASON})
    one = deny | {"valid_until": timezone.localdate()}
    with refused("rules_overlap"):
        drafted(plant, one, deny | {"valid_from": timezone.localdate()})
    drafted(plant, one, deny | {"valid_from": timezone.localdate() + A_DAY})


@pytest.mark.parametrize(
    ("column", "days", "counts"),
    [
        ("valid_until", -1, False), ("valid_until", 0, True),
        ("valid_from", 0, True), ("valid_from", 1, False),
    ],
)  # fmt: skip
def test_a_rule_counts_between_its_dates(
    plant: Plant, column: str, days: int, counts: bool
) -> None:
    dated = {column: timezone.localdate() + days * A_DAY}
    in_force(plant, {"effect": Effect.DENY, "action": "stage", **dated})
    lot = plant.lot(10)
    order = plant.order((lot.material, 5))
    if counts:
        with refused("rule_denies"):
            plant.stage(order, lot)
    else:
        plant.stage(order, lot)


def test_a_rule_may_ask_for_a_reason_which_the_movement_keeps(plant: Plant) -> None:
    rules = in_force(plant, {"effect": Effect.REASON, "purpose": "line_side"})
    lot, other = plant.lot(10), plant.lot(10)
    order = plant.order((lot.material, 5), (other.material, 5))
    with refused("reason_needed", line=1) as caught:
        plant.do(
            staging.stage,
            staging.Staging(demand=order, lot=lot, lane=plant.buf),
            staging.Staging(demand=order, lot=other, lane=plant.l1),
        )
    assert caught.value.field == "reason"  # type: ignore[attr-defined]
    line = staging.Staging(demand=order, lot=other, lane=plant.l1, reason="Line stands still")
    plant.do(staging.stage, line)
    movement = Movement.objects.latest("pk")
    assert (movement.reason, movement.rule_version) == ("Line stands still", rules.version)
    with refused("reason_needed"):
        plant.do(staging.issue, staging.Issue(lot=other))
    plant.do(staging.issue, staging.Issue(lot=other, reason="Line stands still"))


def test_the_strictest_counts(plant: Plant) -> None:
    lot = plant.lot(10)
    in_force(
        plant,
        {"effect": Effect.REASON, "material": lot.material},
        {"effect": Effect.DENY, "action": "issue"},
    )
    order = plant.order((lot.material, 5))
    with refused("reason_needed"):
        plant.stage(order, lot)
    plant.do(staging.stage, staging.Staging(demand=order, lot=lot, lane=plant.l1, reason="urgent"))
    with refused("rule_denies"):
        plant.do(staging.issue, staging.Issue(lot=lot, reason="urgent"))


def test_the_sweep_sees_a_rule_begin_to_count(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 5)), lot)
    in_force(
        plant,
        {"effect": Effect.DENY, "action": "stage", "valid_from": timezone.localdate() + A_DAY},
    )
    sweep(by=plant.operator, at=plant.now)
    assert not Alert.objects.exists()
    sweep(by=plant.operator, at=plant.now + A_DAY)
    assert Alert.objects.open().filter(reason="not_usable", lot=lot).count() == 1


def test_a_preview_tells_what_would_be_refused_that_was_allowed(plant: Plant) -> None:
    lot, other = plant.lot(10), plant.lot(10)
    order = plant.order((lot.material, 5), (other.material, 5))
    shipment = plant.shipment((lot.material, 5))
    plant.stage(order, lot)
    plant.stage(order, other)
    plant.stage(shipment, lot, plant.dock)
    draft = drafted(
        plant,
        {"effect": Effect.DENY, "material": lot.material, "purpose": "line_side", "note": "why"},
        {"effect": Effect.REASON, "customer": plant.customer, "note": "ask"},
    )
    found = {
        (str(finding.evidence.action), change.before, change.after, change.why): change.uses
        for finding in compare(draft, timezone.localdate())
        for change in finding.changes
    }
    assert found == {
        ("stage", "allow", "deny", "why"): 1,
        ("stage", "allow", "reason", "ask"): 1,
        ("issue", "allow", "deny", "why"): 1,
        ("ship", "allow", "reason", "ask"): 1,
    }


def test_a_preview_judges_by_the_status_of_then(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 5)), lot)
    type(lot).objects.filter(pk=lot.pk).update(status="rejected")
    lot.decisions.model.objects.create(
        lot=lot, kind="reject", from_status="released", to_status="rejected", meaning="approval",
        signed_by="x", actor=plant.qa.user, surface="api", occurred_at=plant.now,
        recorded_at=plant.now, batch="00000000-0000-0000-0000-000000000001",
    )  # fmt: skip
    draft = drafted(plant, {"effect": Effect.DENY, "action": "stage", "note": "why"})
    [finding] = compare(draft, timezone.localdate())
    [change] = finding.changes
    assert (change.status, change.uses, change.is_stricter) == ("released", 1, True)
    [(use, words)] = finding.uses
    assert use.lot == lot
    assert plant.l1.code in words


def test_what_changes_nothing_shows_nothing(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 5)), lot)
    assert list(compare(drafted(plant), timezone.localdate())) == []
