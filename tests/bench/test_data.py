"""The benchmark's plant is sound, and what it offers can be staged."""

from itertools import islice

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from config.bench import data, data_master
from integration.models import ApiToken
from inventory import audit
from inventory.audit import Actor
from inventory.models import Location, Lot, Movement, Surface
from staging import actions, checks
from staging.alerting import clock
from staging.models import Alert, AlertReason, Demand, StagedStock

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TINY = data.Size(staged=2_000, free=40, movements=19_000)


def test_the_plant_is_sound_and_can_be_worked_in() -> None:
    data.load(TINY)
    assert checks.breaches() == []
    assert StagedStock.objects.count() == 2_000
    assert Movement.objects.count() >= 19_000
    reasons = set(Alert.objects.open().values_list("reason", flat=True))
    assert reasons == {
        AlertReason.DEMAND_SHORT, AlertReason.DWELL_CRITICAL, AlertReason.LOT_EXPIRED,
        AlertReason.LOT_ON_HOLD, AlertReason.LOT_REJECTED, AlertReason.NEXT_STEP_OVERDUE,
        AlertReason.NOT_USABLE, AlertReason.RESERVATION_LOST, AlertReason.WITHOUT_DEMAND,
    }  # fmt: skip
    assert clock.sweep(by=audit.system(), at=timezone.now()) == {"raised": 0, "closed": 0}

    token = ApiToken.objects.get(digest=ApiToken.digest_of(data_master.SECRET))
    by = Actor(User.objects.get(pk=token.client.user_id), Surface.API)
    actions.stage(lines=lines(40), by=by, at=timezone.now())
    assert StagedStock.objects.count() == 2_040
    assert checks.breaches() == []


def lines(most: int) -> list[actions.Staging]:
    return [
        actions.Staging(
            demand=Demand.objects.get(reference=reference),
            lot=Lot.objects.get(code=lot),
            lane=Location.objects.get(code=lane),
        )
        for reference, lot, lane in islice(data.targets(TINY), most)
    ]
