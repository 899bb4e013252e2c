"""A clock that stands still, and short words for policies and calendars."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine

from staging import actions as staging
from staging.models import DwellPolicy, DwellSet, Shift, SiteCalendar
from tests.api.conftest import agreed, api_as
from tests.plant import Plant

__all__ = ["agreed", "api_as"]

NOON = datetime.fromisoformat("2026-05-20T12:00:00+00:00")
"""A Wednesday."""

HOUR = timedelta(hours=1)

Policies = Callable[..., DwellSet]


@pytest.fixture
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def in_force(plant: Plant) -> Policies:
    """Put these policies into force, and no others. Times are in hours."""

    def put(*policies: dict[str, Any]) -> DwellSet:
        return staging.activate_dwell(
            dwell_set=drafted(plant, *policies), reason="agreed", by=plant.lab, at=plant.now
        )

    return put


def drafted(plant: Plant, *policies: dict[str, Any]) -> DwellSet:
    draft = staging.draft_dwell(note="Other limits", by=plant.qa, at=plant.now)
    rows = [_policy(draft, number, **given) for number, given in enumerate(policies)]
    removed = list(DwellPolicy.objects.filter(dwell_set=draft))
    return staging.change_dwell(
        draft=draft, rules=rows, removed=removed, reason="agreed", by=plant.qa, at=plant.now
    )


def _policy(draft: DwellSet, number: int, **given: Any) -> DwellPolicy:
    for name in ("warn_after", "critical_after"):
        if given.get(name) is not None:
            given[name] = given[name] * HOUR
    return DwellPolicy(dwell_set=draft, **{"note": f"policy {number}"} | given)


def calendar(plant: Plant, *shifts: tuple[str, str, str], since: str = "2026-01-01") -> None:
    """Shifts of the plant's site: days, start, end."""
    row = SiteCalendar.objects.create(site=plant.site, valid_from=date.fromisoformat(since))
    for days, starts, ends in shifts:
        Shift.objects.create(
            calendar=row, name="S", days=days, starts=time.fromisoformat(starts),
            ends=time.fromisoformat(ends),
        )  # fmt: skip
