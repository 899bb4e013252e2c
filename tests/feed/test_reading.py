"""What the feed says of what happened, in order."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from jsonschema import Draft7Validator, FormatChecker

from integration.feed import forgetting, reading
from integration.feed.kinds import NAMES
from integration.feed.numbering import catch_up
from integration.feed.reading import Filters, matching
from integration.models import FeedPosition
from inventory import actions as stock
from inventory.errors import Refused
from inventory.models import OutboxRow
from staging import actions as staging
from tests.core.budget.counting import statements
from tests.feed.days import TYPES, a_day, names, read
from tests.plant import Plant

SCHEMA = Path(__file__).parents[2].parent / "shared/standards/cloudevents/cloudevents.json"


def test_everything_comes_once_in_the_order_in_which_it_happened(plant: Plant) -> None:
    a_day(plant)
    events = read()
    assert names(events) == TYPES
    assert [event.position for event in events] == list(range(1, 14))
    assert len({event.id for event in events}) == 13
    assert not OutboxRow.objects.exists()
    assert read(13) == []
    assert [event.id for event in read(11)] == [event.id for event in events[11:]]


def test_every_event_is_a_cloudevent(plant: Plant) -> None:
    if not SCHEMA.exists():
        pytest.skip("needs ../shared/standards/cloudevents")
    a_day(plant)
    valid = Draft7Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker())
    events = [event.cloudevent() for event in read()]
    for event in events:
        assert list(valid.iter_errors(json.loads(json.dumps(event)))) == []
    assert [event["sequence"] for event in events] == sorted(event["sequence"] for event in events)
    assert list(valid.iter_errors(events[0] | {"id": ""})) != []


def test_an_event_says_who_what_where_when_and_why(plant: Plant) -> None:
    lot, demand, hold = a_day(plant)
    said = dict(zip(TYPES, read(), strict=True))
    stage = said["movement.stage"].data
    assert (stage["lot"], stage["material"]) == (lot.code, lot.material.code)
    assert (stage["source"], stage["target"]) == (plant.a1.code, plant.dock.code)
    assert (stage["quantity"], stage["unit"]) == ("4", "KGM")
    assert (stage["reference"], stage["target_site"]) == (demand.reference, plant.site.code)
    assert (stage["actor"], stage["surface"]) == (plant.operator.user.username, "command")
    assert {"occurred_at", "recorded_at", "batch", "reason"} <= set(stage)
    assert said["movement.stage"].subject == f"lot:{lot.code}"
    lift = said["hold.lifted"].data
    assert (lift["id"], lift["reason"], lift["placed"]["reason"]) == (hold.pk, "fine", "suspect")
    assert said["hold.placed"].data["reason"] == "suspect"
    changed = said["demand.changed"].data
    assert (changed["reference"], changed["reason"]) == (demand.reference, "late")
    assert changed["changes"]["carrier"] == ["", "DHL"]
    assert changed["requirements"][0]["material"] == lot.material.code
    assert said["alert.raised"].data["reason"] == "lot_on_hold"
    assert said["alert.acknowledged"].data["acknowledge_reason"] == "known"
    assert said["decision.release"].data["signed_by"] == plant.qa.user.username
    assert said["demand.shipped"].data["state"] == "completed"


def test_every_link_leads_to_what_the_event_is_about(plant: Plant, api_as: Any) -> None:
    a_day(plant)
    reader = api_as("auditor")
    for event in read():
        assert reader.get(event.data["link"]).status_code == 200, event.type


def test_what_is_rolled_back_did_not_happen(plant: Plant) -> None:
    before = len(read())
    with pytest.raises(Refused):
        plant.stage(plant.order((plant.material(), 1)), plant.lot(released=False))
    assert "movement.stage" not in names(read(before))


def test_a_demand_is_said_to_be_shipped_once_however_it_is_numbered(plant: Plant) -> None:
    lot = plant.lot(4)
    demand = plant.shipment((lot.material, 4))
    plant.stage(demand, lot, plant.dock)
    plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck))
    half = [staging.Shipping(demand=demand, lot=lot, quantity=Decimal(2)) for _ in range(2)]
    plant.do(staging.ship, *half)
    while catch_up(most=1):  # both halves are there when the first is numbered
        pass
    assert names(read()).count("demand.shipped") == 1
    [last] = read(types=("forestage.demand.shipped",))
    assert last.data["batch"] == read(types=("forestage.movement.ship",))[-1].data["batch"]


def test_what_a_production_order_used_up_completes_it(plant: Plant) -> None:
    lot = plant.lot(3)
    order = plant.order((lot.material, 3))
    plant.stage(order, lot)
    plant.do(staging.issue, staging.Issue(lot=lot))
    plant.do(staging.consume, staging.Consumption(demand=order, lot=lot))
    assert names(read())[-2:] == ["movement.consume", "demand.consumed"]


def test_a_demand_that_somebody_ends(plant: Plant) -> None:
    lot = plant.lot(9)
    cancelled, closed = plant.order((lot.material, 3)), plant.order((lot.material, 3))
    plant.stage(closed, lot, quantity=3)
    for verb, demand in ((staging.cancel_demand, cancelled), (staging.complete_demand, closed)):
        plant.do(verb, staging.DemandEnd(demand=demand, reason="no longer needed"))
    *_, first, second = read()
    assert names([first, second]) == ["demand.cancelled", "demand.closed"]
    assert "to_unstage" not in first.data
    [left] = second.data["to_unstage"]
    assert (left["lot"], left["quantity"]) == (lot.code, "3")


def test_holds_on_whatever_can_be_held(plant: Plant) -> None:
    lot = plant.lot(supplier_lot="S-1")
    targets: list[dict[str, Any]] = [
        {"lot": lot}, {"location": plant.l1}, {"material": lot.material}, {"supplier_lot": "S-1"},
    ]  # fmt: skip
    for target in targets:
        plant.lift(plant.hold(**target))
    placed = read(types=("forestage.hold.placed",))
    assert [event.subject for event in placed] == [
        f"lot:{lot.code}", f"location:{plant.l1.code}", f"material:{lot.material.code}",
        "supplier_lot:S-1",
    ]  # fmt: skip
    lifted = read(types=("forestage.hold.lifted",))
    assert [event.subject for event in lifted] == [event.subject for event in placed]


# --- filters ------------------------------------------------------------------------------------


def test_filters(plant: Plant) -> None:
    lot, demand, _hold = a_day(plant)
    elsewhere = Plant()
    other = elsewhere.lot(2)
    assert names(read(types=("forestage.hold.*", "forestage.movement.load"))) == [
        "hold.placed", "hold.lifted", "movement.load",
    ]  # fmt: skip
    assert names(read(lots=(other.code,))) == ["movement.receive", "decision.release"]
    assert {event.subject for event in read(lots=(lot.code,))} == {f"lot:{lot.code}"}
    assert names(read(demands=(demand.reference,), types=("forestage.demand.*",))) == [
        "demand.created", "demand.changed", "demand.shipped",
    ]  # fmt: skip
    assert names(read(sites=(elsewhere.site.code,))) == [
        "decision.release", "hold.placed", "hold.lifted", "movement.receive", "decision.release",
    ]  # fmt: skip
    assert len(read(sites=(plant.site.code, elsewhere.site.code))) == 15


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("*", len(NAMES)), ("forestage.alert.*", 9), ("forestage.hold.placed", 1), ("", 0),
     ("hold.placed", 0), ("forestage.*.placed", 0), ("forestage.hold", 0)],
)  # fmt: skip
def test_patterns_of_types(pattern: str, count: int) -> None:
    assert len(matching(pattern)) == count


def test_a_page_passes_over_what_is_not_wanted(plant: Plant) -> None:
    a_day(plant)
    wanted = Filters(types=("forestage.movement.ship",))
    first = reading.page(0, where=wanted, most=10, window=5)
    assert (first.events, first.cursor, first.more) == ([], 5, True)
    last = reading.page(10, where=wanted, most=10, window=5)
    assert (names(last.events), last.cursor, last.more) == (["movement.ship"], 13, False)
    full = reading.page(0, where=Filters(), most=4)
    assert (len(full.events), full.cursor, full.more) == (4, 4, True)


# --- how long it is kept ------------------------------------------------------------------------


def test_what_is_forgotten_is_refused_and_positions_go_on(plant: Plant, settings: Any) -> None:
    a_day(plant)
    read()
    FeedPosition.objects.filter(position__lte=10).update(
        numbered_at=plant.now - timedelta(days=settings.FEED_DAYS + 1)
    )
    assert forgetting.forget(plant.now) == 10
    for position, code in ((9, "cursor_too_old"), (14, "cursor_ahead")):
        with pytest.raises(Refused) as caught:
            read(position)
        assert caught.value.code == code
        assert caught.value.facts == {"oldest": 10, "newest": 13}
    assert names(read(10)) == TYPES[10:]
    assert forgetting.forget(plant.now + timedelta(days=settings.FEED_DAYS + 1)) == 3
    plant.lot(1)
    assert [event.position for event in read(13)] == [14, 15]
    settings.FEED_DAYS = 0
    assert forgetting.forget(plant.now + timedelta(days=9999)) == 0


# --- cost ---------------------------------------------------------------------------------------


def test_reading_costs_the_same_statements_for_few_and_many(plant: Plant) -> None:
    plant.lot(1)
    [*_, last] = read()  # the mark is made
    a_day(plant)
    numbering = statements(catch_up)
    few = statements(lambda: read(last.position))
    assert (len(numbering), len(few)) == (21, 14)
    for _ in range(3):
        a_day(plant)
    assert len(statements(catch_up)) == len(numbering)
    assert len(statements(lambda: read(last.position))) == len(few)
    assert len(read(last.position)) == 4 * 13


def test_triggers_note_a_thousand_lines_with_one_statement(plant: Plant) -> None:
    material = plant.material()
    lines = [
        stock.Receipt(material=material, number=f"N{n}", quantity=Decimal(1), location=plant.a1)
        for n in range(1000)
    ]
    plant.do(stock.receive, *lines)
    assert OutboxRow.objects.filter(topic="movement").count() == 1000
    assert [event.data["lot"] for event in read(types=("forestage.movement.receive",))][:2] == [
        f"{material.code}/N0", f"{material.code}/N1",
    ]  # fmt: skip


@pytest.mark.postgres
def test_a_page_is_found_by_its_position_alone(plant: Plant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integration_feedposition (position, type, key, demand, numbered_at) "
            "SELECT n, 'movement.stage', n, '', now() FROM generate_series(1, 50000) AS n"
        )
        cursor.execute("ANALYZE integration_feedposition")
    rows = FeedPosition.objects.filter(position__gt=100, position__lte=20_100)
    for where in (
        Filters(types=("forestage.hold.*",), lots=("X",), sites=("Y",)),
        Filters(alert_severity="critical", alert_level=3, alert_reasons=("lot_rejected",)),
    ):
        plan = where.of(rows).order_by("position")[:500].explain()
        assert "integration_feedposition_pkey" in plan
        assert "Seq Scan" not in plan.replace("Seq Scan on inventory_", "")
