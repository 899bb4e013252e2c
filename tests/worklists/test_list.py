"""The list itself: order, grouping, filters, who sees what, files, the API, what it costs."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import RefusedAttempt
from staging.models import Alert, AlertLevel, AlertReason, AlertRule, Commitment, Severity
from staging.worklists import stops
from staging.worklists.stops import worklist
from staging.worklists.works import Work
from tests.factories import LocationFactory, SiteFactory, UserFactory
from tests.plant import Plant
from tests.worklists.conftest import Walker, done, left, raised, staged, staged_pallet, sweep

pytestmark = pytest.mark.django_db


def on_list(plant: Plant, **asked: Any) -> list[stops.Stop]:
    return worklist(plant.operator.user, timezone.now(), **asked).stops


def places(found: list[stops.Stop]) -> list[str]:
    return [str(stop.location).rpartition("-")[2] for stop in found]


def walk(plant: Plant, *lanes: Any) -> None:
    for order, lane in enumerate(lanes):
        lane.walk_order = order
        lane.save()


def weighs(reason: AlertReason, severity: Severity) -> None:
    AlertRule.objects.filter(reason=reason, site=None).update(severity=severity)


# --- order and grouping -------------------------------------------------------------------------


def test_the_most_urgent_first_then_along_the_walk(plant: Plant) -> None:
    walk(plant, plant.l2, plant.buf, plant.l1)
    weighs(AlertReason.DWELL_WARNING, Severity.NOTICE)
    weighs(AlertReason.DWELL_CRITICAL, Severity.CRITICAL)
    for lane in (plant.l1, plant.buf, plant.l2):
        raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot(), lane))
    assert places(on_list(plant)) == ["L2", "BUF", "L1"]
    raised(AlertReason.DWELL_CRITICAL, staged(plant, plant.lot(), plant.l1))
    assert places(on_list(plant)) == ["L1", "L2", "BUF", "L1"]


def test_what_has_escalated_comes_first(plant: Plant) -> None:
    walk(plant, plant.l1, plant.l2)
    for lane in (plant.l1, plant.l2):
        last = raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot(), lane))
    Alert.objects.filter(pk=last.pk).update(level=AlertLevel.SUPERVISOR)
    assert places(on_list(plant)) == ["L2", "L1"]


def test_alerts_on_one_pallet_are_one_stop(plant: Plant) -> None:
    lots = plant.lot(40), plant.lot(40)
    staged_pallet(plant, "PAL-1", plant.l1, *lots)
    for row in Commitment.objects.open():
        raised(AlertReason.DWELL_WARNING, row)
        raised(AlertReason.NEXT_STEP_OVERDUE, row)
    raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot()))
    loose, pallet = sorted(on_list(plant), key=lambda stop: len(stop.alerts))
    assert (len(loose.alerts), len(pallet.alerts)) == (1, 4)
    assert str(pallet.container) == "PAL-1"
    assert set(pallet.lots) == set(lots)


def test_one_stop_settles_all_of_its_alerts(plant: Plant, floor: Client) -> None:
    staged_pallet(plant, "PAL-1", plant.l1, plant.lot(40), plant.lot(40))
    for row in Commitment.objects.open():
        raised(AlertReason.DWELL_WARNING, row)
        raised(AlertReason.NEXT_STEP_OVERDUE, row)
    at = Walker(floor).open(plant.l1.code)
    assert done(at.scan("PAL-1"))
    assert not Alert.objects.open().exists()


def test_one_lot_for_two_demands_is_two_stops(plant: Plant) -> None:
    lot = plant.lot(100)
    for _number in range(2):
        order = plant.order((lot.material, 30))
        plant.stage(order, lot, quantity=30)
    for row in Commitment.objects.open():
        raised(AlertReason.NEXT_STEP_OVERDUE, row)
    assert [stop.quantity for stop in on_list(plant)] == [30, 30]


# --- what is on it ------------------------------------------------------------------------------


def test_snoozed_alerts_are_left_out_until_they_wake(plant: Plant) -> None:
    alert = raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot()))
    Alert.objects.update(snoozed_until=timezone.now() + timedelta(hours=1))
    assert not on_list(plant)
    later = timezone.now() + timedelta(hours=1, seconds=1)
    [stop] = worklist(plant.operator.user, later).stops
    assert stop.alerts == [alert]


def test_who_has_it_is_said_and_theirs_comes_first_if_asked(plant: Plant, floor: Client) -> None:
    walk(plant, plant.l1, plant.l2)
    raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot()))
    mine = raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot(), plant.l2))
    Alert.objects.filter(pk=mine.pk).update(assigned_to=plant.operator.user)
    assert places(on_list(plant)) == ["L1", "L2"]
    assert places(on_list(plant, mine=True)) == ["L2", "L1"]
    assert on_list(plant)[1].taken_by == [plant.operator.user]
    assert plant.operator.user.username in floor.get("/worklist/?mine=on").content.decode()


def test_it_is_narrowed_down_by_site_area_and_work(plant: Plant, floor: Client) -> None:
    area = LocationFactory(site=plant.site, code="HALL", kind="storage")
    lane = LocationFactory(
        site=plant.site, code="HALL-L3", parent=area, kind="staging", purpose="line_side"
    )
    raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot()))
    raised(AlertReason.WRONG_LANE, staged(plant, plant.lot(), lane))
    assert places(on_list(plant, area=area)) == ["L3"]
    assert places(on_list(plant, work=Work.MOVE)) == ["L3"]
    assert len(on_list(plant, work=Work.UNSTAGE)) == 2
    assert {stop.work for stop in on_list(plant, work=Work.UNSTAGE)} == {Work.UNSTAGE}
    assert not on_list(plant, site=SiteFactory())
    page = floor.get("/worklist/?area=HALL&work=move&site=")
    assert places([entry["stop"] for entry in page.context["entries"]]) == ["L3"]
    assert "area%3DHALL" in page.context["next"]["way"]["url"]


def test_each_sees_the_work_that_they_may_do(plant: Plant, client: Client) -> None:
    raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot()))
    raised(AlertReason.RELEASE_AWAITED, lot=plant.lot(released=False), site=plant.site)
    seen = {}
    for role in ("operator", "qa", "auditor"):
        user = UserFactory(role=role)
        seen[role] = [stop.work for stop in worklist(user, timezone.now()).stops]
        client.force_login(user)
        assert client.get("/worklist/").status_code == 200
    assert seen == {"operator": [Work.SEND_ON], "qa": [Work.CHASE], "auditor": []}


def test_only_the_most_urgent_alerts_are_read(
    plant: Plant, floor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stops, "MOST", 2)
    for _number in range(3):
        raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot()))
    found = worklist(plant.operator.user, timezone.now())
    assert (len(found.stops), found.cut) == (2, True)
    assert "come up as these are done" in floor.get("/worklist/").content.decode()


# --- scans at the list, wrong ones, late ones ---------------------------------------------------


def test_a_scan_opens_the_stop_it_belongs_to(plant: Plant, floor: Client) -> None:
    walk(plant, plant.l1, plant.l2)
    raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot()))
    row = staged(plant, plant.lot(), plant.l2)
    second = raised(AlertReason.DWELL_WARNING, row)
    at = Walker(floor).open(row.lot.code)
    assert at.answer.context["known"].at.given == second
    assert at.asks.startswith(f"Go to {plant.l2.code} and scan it")
    assert done(at.scan(plant.l2.code))
    assert Alert.objects.open().count() == 1


def test_a_wrong_scan_is_refused_with_what_is_expected(plant: Plant, floor: Client) -> None:
    row = staged(plant, plant.lot())
    other = staged(plant, plant.lot())
    raised(AlertReason.DWELL_WARNING, row)
    page = floor.post("/worklist/", {"scan": plant.l2.code})
    assert (page.status_code, page.context["refusal"].code) == (409, "not_expected")
    assert plant.l1.code in str(page.context["refusal"].hint)
    assert floor.post("/worklist/", {"scan": "XYZ"}).context["refusal"].code == "unknown_code"
    walker = Walker(floor)
    at = walker.at(walker.page.context["next"]["way"]["url"])
    at.scan(plant.l2.code)
    assert (at.code, str(at.step.refusals[0].facts["expected"])) == ("not_expected", plant.l1.code)
    at.scan(plant.l1.code)
    at.scan(other.lot.code)
    assert (at.code, at.step.refusals[0].facts["expected"]) == ("not_expected", row.lot.code)
    assert at.asks.startswith(f"Scan {row.lot}")
    assert done(at.scan(row.lot.code))
    assert Commitment.objects.get(pk=other.pk).closed_at is None


def test_the_second_at_a_stop_is_told_that_it_is_done(plant: Plant, floor: Client) -> None:
    row = staged(plant, plant.lot())
    raised(AlertReason.DWELL_WARNING, row)
    second = Client()
    second.force_login(UserFactory(role="operator"))
    url = Walker(floor).page.context["next"]["way"]["url"]
    at, late = Walker(floor).at(url), Walker(second).at(url)
    late.scan(plant.l1.code)
    at.scan(plant.l1.code)
    assert done(at.scan(row.lot.code))
    late.scan(row.lot.code)
    assert late.code == "stop_done"
    assert plant.operator.user.username in late.step.refusals[0].text
    page = second.get(url)
    assert "This stop is done" in page.content.decode()


def test_two_who_scan_at_the_same_moment(
    plant: Plant, floor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has read the stop while it was open, and comes to the lock too late."""
    row = staged(plant, plant.lot())
    alert = raised(AlertReason.DWELL_WARNING, row)
    at = Walker(floor).open(plant.l1.code)
    from staging.guided import known
    from staging.worklists.at_stop import at_stop

    seen = at_stop(alert.pk)
    first = Client()
    first.force_login(UserFactory(role="operator"))
    assert done(Walker(first).open(plant.l1.code).scan(row.lot.code))
    monkeypatch.setattr(known, "at_stop", lambda *_given: seen)
    at.scan(row.lot.code)
    assert at.code == "stop_done"
    assert RefusedAttempt.objects.get().code == "not_committed"


def test_a_step_can_be_undone_from_the_list(plant: Plant, floor: Client) -> None:
    row = staged(plant, plant.lot())
    raised(AlertReason.DWELL_WARNING, row)
    done(Walker(floor).open(plant.l1.code).scan(row.lot.code))
    entry = floor.get("/worklist/").context["accepted"]
    floor.post(f"/work/undo/{entry['batch']}/", {"back": "/worklist/"})
    assert Commitment.objects.open().get().state == "staged"


# --- files, the API, what it costs --------------------------------------------------------------


def test_the_api_reads_the_same_in_the_same_order(plant: Plant, floor: Client) -> None:
    walk(plant, plant.l2, plant.l1)
    for lane in (plant.l1, plant.buf):
        raised(AlertReason.DWELL_WARNING, staged(plant, plant.lot(), lane))
    raised(
        AlertReason.WITHOUT_DEMAND, lot=left(plant, plant.l2), location=plant.l2, site=plant.site
    )
    answer = floor.get("/api/v1/worklist/").json()
    assert answer["complete"] is True
    entries = floor.get("/worklist/").context["entries"]
    shown = [stop["alerts"] for stop in answer["stops"]]
    assert shown == [[alert.pk for alert in entry["stop"].alerts] for entry in entries]
    assert {stop["quantity"] for stop in answer["stops"]} == {"100", "40"}
    narrowed = floor.get(f"/api/v1/worklist/?area={plant.l2.code}").json()
    assert [stop["location"] for stop in narrowed["stops"]] == [plant.l2.code]
    assert floor.get("/api/v1/worklist/?site=NONE").json()["stops"] == []
    assert floor.get("/api/v1/worklist/?wrk=move").status_code == 400


def statements(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(path).status_code == 200
    return len(found)


def test_the_list_costs_the_same_however_long_it_is(plant: Plant, floor: Client) -> None:
    def more(count: int) -> None:
        for number in range(count):
            staged_pallet(plant, f"PAL-{timezone.now().timestamp()}-{number}")
        left(plant, plant.buf)
        for row in Commitment.objects.open().filter(alerts=None, state="staged"):
            raised(AlertReason.DWELL_WARNING, row)
        sweep(plant)

    more(1)
    floor.get("/worklist/")
    before = statements(floor, "/worklist/")
    more(6)
    assert statements(floor, "/worklist/") == before


def test_the_work_costs_the_same_however_many_alerts_it_settles(
    plant: Plant, floor: Client
) -> None:
    costs = []
    for number, lots in enumerate((1, 5)):
        staged_pallet(plant, f"PAL-{number}", plant.l1, *(plant.lot(40) for _lot in range(lots)))
        for row in Commitment.objects.open().filter(alerts=None, state="staged"):
            raised(AlertReason.DWELL_WARNING, row)
            raised(AlertReason.NEXT_STEP_OVERDUE, row)
        at = Walker(floor).open(plant.l1.code)
        with CaptureQueriesContext(connection) as found:
            assert done(at.scan(f"PAL-{number}"))
        costs.append(len(found))
        assert not Alert.objects.open().exists()
    assert costs[0] == costs[1]


def test_scans_that_a_device_kept_are_carried_out_at_their_stop(
    plant: Plant, floor: Client
) -> None:
    row = staged(plant, plant.lot())
    alert = raised(AlertReason.DWELL_WARNING, row)
    scans = [
        {"key": f"kept-{number}", "at": timezone.now().isoformat(), "scan": text}
        for number, text in enumerate((plant.l1.code, row.lot.code))
    ]
    body = {"user": str(plant.operator.user.pk), "given": {"stop": str(alert.pk)}, "scans": scans}

    def send() -> Any:
        answer = floor.post("/guided/issue/kept/", body, content_type="application/json").json()
        return [part["fate"] for part in answer["parts"]], answer["given"]

    assert send() == (["done"], {})
    assert not Alert.objects.open().exists()
    assert send()[0] == ["repeated"]


def test_a_stop_that_never_was_is_none(plant: Plant, floor: Client) -> None:
    for stop in ("0", "999999999999999999", "9" * 40, "x", "-1", "\u0661"):
        page = floor.get("/guided/issue/", {"stop": stop})
        assert (page.status_code, page.context["at"]) == (200, None)


def test_its_file_has_the_stops_of_the_page(plant: Plant, floor: Client) -> None:
    row = staged(plant, plant.lot())
    raised(AlertReason.DWELL_WARNING, row)
    lines = b"".join(floor.get("/worklist/?download=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert row.lot.code in lines[1]
