"""Whatever order messages come in, and however often, the newest one stands and nothing is lost."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.inbound.actions import receive_demands
from integration.inbound.lines import InboundLine, InboundNeed
from integration.models import InboundDemand
from inventory import actions as stock
from inventory.errors import Refused
from staging import actions as staging
from staging import unstaging
from staging.checks import breaches
from staging.models import Demand, DemandKind, UnstageTask
from tests.core.refusal import refused
from tests.plant import Plant

QUANTITIES = st.integers(1, 60).map(Decimal)
BETWEEN = st.sampled_from(["nothing", "allocate", "stage", "stage", "put away"])


@st.composite
def stories(draw: st.DrawFn) -> Any:
    """The states of a demand by version, the order in which they come, and what people do."""
    states = draw(st.lists(st.tuples(QUANTITIES, QUANTITIES), min_size=2, max_size=4))
    ends = draw(st.booleans())
    versions = list(range(len(states) + ends))
    order = draw(st.permutations(versions + draw(st.lists(st.sampled_from(versions), max_size=3))))
    return states, ends, [(version, draw(BETWEEN)) for version in order]


def act(plant: Plant, what: str, lots: Any) -> None:
    """What people do meanwhile, as far as it is allowed."""
    demand = Demand.objects.first()
    try:
        if what == "allocate" and demand:
            plant.do(staging.allocate, staging.AllocationLine(demand=demand))
        elif what == "stage" and demand:
            for lot in lots:
                plant.stage(demand, lot, quantity=7, source=plant.a1)
        elif what == "put away":
            for row in unstaging.unstage_list():
                away = stock.Move(lot=row.lot, source=row.location, target=plant.a1)
                plant.do(stock.put_away, away)
    except Refused:
        pass


@pytest.mark.django_db
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=stories())
def test_the_newest_stands(plant: Plant, story: Any) -> None:
    states, ends, events = story
    with transaction.atomic():
        lots = [plant.lot(80, expires_in=days) for days in (50, 90)]

        def message(version: int) -> InboundLine:
            if version == len(states):
                return InboundLine(source="ERP", id="A", version=version, cancelled=True)
            needs = tuple(
                InboundNeed(line=str(n), material=lot.material.code, quantity=quantity)
                for n, (lot, quantity) in enumerate(zip(lots, states[version], strict=True))
            )
            return InboundLine(
                source="ERP", id="A", version=version, kind=DemandKind.PRODUCTION,
                site=plant.site, needed_at=plant.now, requirements=needs,
            )  # fmt: skip

        first: dict[int, InboundLine] = {}
        newest = -1
        for version, between in events:
            line = first.setdefault(version, message(version))
            if version < newest:
                with refused("message_outdated"):
                    receive_demands(lines=[line], by=plant.operator, at=plant.now)
            else:
                receive_demands(lines=[line], by=plant.operator, at=plant.now)
            newest = max(newest, version)
            act(plant, between, lots)
            assert breaches() == []
            _nothing_is_lost()
        _is_the_newest(states, ends)
        transaction.set_rollback(True)


def _nothing_is_lost() -> None:
    """What stands in lanes for nobody is on the list, with who left it there."""
    lying = unstaging.lying().aggregate(sum=Sum(F("quantity") - F("bound")))["sum"] or 0
    left = sum(task.left for task in UnstageTask.objects.open())
    assert left == lying


def _is_the_newest(states: Any, ends: bool) -> None:
    assert InboundDemand.objects.get().version == len(states) - (not ends)
    demand = Demand.objects.first()
    if ends:
        assert demand is None or demand.cancelled
        return
    assert demand is not None
    rows = demand.requirements.order_by("line")
    assert tuple(row.quantity for row in rows) == states[-1]
