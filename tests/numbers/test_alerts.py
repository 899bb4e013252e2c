"""The live numbers of alerts, read from what happened to them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.zones import zone_of
from staging.models import Alert, AlertReason, AlertStep, AlertStepKind
from staging.numbers.asked import Asked
from staging.numbers.figures import FIGURES
from staging.numbers.period import Length, Period
from tests.factories import SiteFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

MINUTES = timedelta(minutes=1)


def test_what_happened_and_how_long_it_took(plant: Plant) -> None:
    now = timezone.now()
    for took in (10, 20):
        alert = Alert.objects.create(
            reason=AlertReason.RELEASE_AWAITED, site=plant.site, lot=plant.lot(),
            raised_at=now - 60 * MINUTES,
        )  # fmt: skip
        AlertStep.objects.create(
            alert=alert, kind=AlertStepKind.ACKNOWLEDGED, at=alert.raised_at + took * MINUTES,
            level=1, actor=plant.operator.user,
        )  # fmt: skip
    Alert.objects.filter(pk=alert.pk).update(closed_at=now - 15 * MINUTES)
    Alert.objects.create(
        reason=AlertReason.RELEASE_AWAITED, site=SiteFactory(), lot=plant.lot(), raised_at=now
    )
    day = now.astimezone(zone_of(plant.site)).date()
    period = Period.of(Length.WEEK, day, zone_of(plant.site))
    asked = Asked(now + MINUTES, period, site=plant.site)
    with CaptureQueriesContext(connection) as spent:
        [row] = FIGURES["alerts"].count(asked).tables["reasons"]
    assert len(spent) == 2
    assert row == {
        "reason": "release_awaited", "raised": 2, "escalated": 0,
        "acknowledged": 2, "acknowledged_mean": 15 * MINUTES,
        "acknowledged_longest": 20 * MINUTES,
        "cleared": 1, "cleared_mean": 45 * MINUTES, "cleared_longest": 45 * MINUTES,
    }  # fmt: skip
