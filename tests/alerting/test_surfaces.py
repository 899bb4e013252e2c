"""Alerts of each kind, wherever they are read: about stock, a demand, a lot, a lane."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inventory import audit
from inventory.models import Location, Lot
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert
from tests.alerting.scenes import find
from tests.api.conftest import api_as
from tests.factories import UserFactory
from tests.plant import Plant

__all__ = ["api_as"]

KINDS = {
    "demand_short", "release_awaited", "lane_over_capacity", "without_demand", "demand_cancelled",
    "lot_on_hold",
}  # fmt: skip


@pytest.fixture
def alerts(plant: Plant) -> dict[str, Alert]:
    """One of each kind."""
    Location.objects.filter(pk=plant.l1.pk).update(capacity=1, capacity_policy="warn")
    wanted = plant.lot(10, released=False)
    plant.order((wanted.material, 10), needed_at=plant.now + timedelta(days=9))
    held, left, found = plant.lot(10), plant.lot(10), plant.lot(10)
    plant.stage(plant.order((held.material, 10)), held)
    plant.hold(lot=held)
    order = plant.order((left.material, 10))
    plant.stage(order, left)
    plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="gone"))
    find(plant, found)
    plant.order((found.material, 3))
    clock.sweep(by=audit.system(), at=timezone.now() + timedelta(hours=1))
    Lot.objects.filter(pk=wanted.pk).update(created_at=plant.now - timedelta(days=2))
    clock.sweep(by=audit.system(), at=timezone.now() + timedelta(hours=2), thorough=True)
    return {alert.reason: alert for alert in Alert.objects.open()}


def test_each_kind_can_be_read(plant: Plant, alerts: dict[str, Alert], api_as: Any) -> None:
    assert set(alerts) == KINDS
    client = Client()
    client.force_login(UserFactory(role="supervisor"))
    listed = client.get("/alerts/?whose=all").content.decode()
    written = b"".join(client.get("/alerts/?whose=all&download=csv")).decode()  # type: ignore[arg-type]
    api = api_as("supervisor")
    rows = {row["reason"]: row for row in api.get("/api/v1/alerts/").json()["results"]}
    assert rows.keys() == KINDS
    for reason, alert in alerts.items():
        assert str(alert.get_reason_display()) in listed, reason
        assert str(alert.get_reason_display()) in written, reason
        assert api.get(f"/api/v1/alerts/{alert.pk}/").json()["reason"] == reason
    assert rows["lane_over_capacity"]["detail"] == "3/1"
    assert (rows["lane_over_capacity"]["lot"], rows["demand_short"]["lot"]) == (None, None)
    for path in (
        "/", f"/locations/{plant.l1.code}/", f"/lots/{alerts['release_awaited'].lot_id}/",
        f"/demands/{alerts['demand_short'].demand}/",
    ):  # fmt: skip
        assert client.get(path, follow=True).status_code == 200, path
    admin = Client()
    admin.force_login(UserFactory(is_staff=True, is_superuser=True))
    shown = admin.get("/admin/staging/alert/").content.decode()
    for alert in alerts.values():
        assert admin.get(f"/admin/staging/alert/{alert.pk}/change/").status_code == 200
        assert str(alert.get_reason_display()) in shown


def test_each_kind_is_told_in_the_feed(alerts: dict[str, Alert], api_as: Any) -> None:
    found = api_as("auditor").read("events/", type="forestage.alert.raised", page_size=100).json()
    told = {event["data"]["reason"]: event["subject"] for event in found["results"]}
    assert told.keys() >= KINDS
    lane, demand = (alerts[name] for name in ("lane_over_capacity", "demand_short"))
    assert told["lane_over_capacity"] == f"location:{lane.location}"
    assert told["demand_short"] == f"demand:{demand.demand}"
