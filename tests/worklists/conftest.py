"""A lane in which something waits for somebody."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inventory.models import Balance, Container, Lot
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert, AlertReason, Commitment
from tests.plant import Plant
from tests.test_guided import Scanner, pallet


@pytest.fixture
def floor(plant: Plant, client: Client) -> Client:
    client.force_login(plant.operator.user)
    return client


def sweep(plant: Plant) -> None:
    clock.sweep(by=plant.operator, at=timezone.now())


def raised(reason: AlertReason, row: Commitment | None = None, **about: Any) -> Alert:
    """An open alert, as the clock would raise it."""
    if row is not None:
        about = {
            "commitment": row, "demand": row.requirement.demand, "lot": row.lot,
            "location": row.location, "container": row.container, "site": row.location.site,
        } | about  # fmt: skip
    return Alert.objects.create(reason=reason, raised_at=timezone.now(), **about)


def staged(plant: Plant, lot: Lot, lane: Any = None, **kwargs: Any) -> Commitment:
    """All of a lot staged in a lane for an order of its own."""
    standing = sum(row.quantity for row in Balance.objects.on_hand().filter(lot=lot))
    order = plant.order((lot.material, standing), **kwargs)
    plant.stage(order, lot, lane or plant.l1)
    return Commitment.objects.open().get(requirement__demand=order)


def staged_pallet(plant: Plant, code: str, lane: Any = None, *lots: Lot) -> Container:
    """A pallet of one or more lots staged for one order."""
    lots = lots or (plant.lot(40),)
    box = pallet(plant, code, *lots)
    order = plant.order(*((lot.material, 40) for lot in lots))
    lane = lane or plant.l1
    lines = [staging.Staging(demand=order, lot=lot, lane=lane, container=box) for lot in lots]
    plant.do(staging.stage, *lines)
    return box


def left(plant: Plant, lane: Any = None) -> Lot:
    """A lot that stands in a lane for nobody."""
    lot, lane = plant.lot(40), lane or plant.l1
    staged(plant, lot, lane)
    plant.do(staging.unstage, staging.Unstaging(lot=lot, target=lane))
    return lot


def gone_by(plant: Plant, row: Commitment, **span: float) -> None:
    """As if it had stood there for so long."""
    at = timezone.now() - timedelta(**span)
    Commitment.objects.filter(pk=row.pk).update(since=at, due_at=at, rings_at=at)


class Walker:
    """Somebody who walks the list: each scan at the list, then at the stop it leads to."""

    def __init__(self, client: Client, query: str = "") -> None:
        self.client = client
        self.path = "/worklist/" + query

    @property
    def page(self) -> Any:
        return self.client.get(self.path)

    @property
    def next(self) -> Any:
        entry = self.page.context["next"]
        return entry and entry["stop"]

    def open(self, scan: str) -> Any:
        """Scan at the list; the stop that it opens, ready for the next scan."""
        answer = self.client.post(self.path, {"scan": scan})
        assert answer.status_code == 302, answer.context["refusal"].text
        return self.at(answer["Location"])

    def at(self, url: str) -> Scanner:
        path, _mark, query = url.partition("?")
        return Scanner(self.client, path.strip("/").rpartition("/")[2], f"?{query}")


def done(answer: Any) -> bool:
    """Whether the step was recorded, and the list comes next."""
    return str(answer.headers.get("HX-Redirect", "")).startswith("/worklist/")
