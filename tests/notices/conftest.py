"""Alerts that a test raises, people who are told, a mail server, and a clock that a test moves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from integration.models import Notice, NoticeMail
from integration.notices import packing, sending, telling
from inventory.models import Location
from staging.models import Alert, AlertLevel, AlertReason, AlertStep, AlertStepKind
from tests.factories import UserFactory
from tests.notices.mailbox import Mailbox, listening
from tests.plant import Plant

MORNING = datetime.fromisoformat("2026-03-10T09:00:00+00:00")
"""A Tuesday."""


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The test's own: it stands until it is moved."""
    with time_machine.travel(MORNING, tick=False) as moved:
        yield moved


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with listening() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.PUBLIC_URL = "https://forestage.example.com"
        yield box


def person(role: str, **more: Any) -> User:
    user: User = UserFactory(role=role)
    for name, value in {"email": f"{user.username}@example.com", **more}.items():
        setattr(user, name, value)
    user.save()
    return user


@dataclass
class Scene:
    """What happens to alerts at a plant."""

    plant: Plant
    clock: time_machine.Traveller
    made: list[Alert] = field(default_factory=list)

    def raise_one(
        self,
        reason: AlertReason = AlertReason.DWELL_CRITICAL,
        level: int = AlertLevel.SUPERVISOR,
        at: Location | None = None,
    ) -> Alert:
        """An alert about a lot of its own, as the clock would raise it."""
        place = at or self.plant.l1
        alert = Alert.objects.create(
            reason=reason, level=level, site=place.site, location=place, lot=self.plant.lot(1),
            raised_at=timezone.now(),
        )  # fmt: skip
        self.made.append(alert)
        return alert

    def step(self, alert: Alert, kind: AlertStepKind, level: int = 1, **more: Any) -> AlertStep:
        alert.refresh_from_db(fields=["severity"])  # a trigger has said it
        more = {"severity": alert.severity, "at": timezone.now()} | more
        return AlertStep.objects.create(alert=alert, kind=kind, level=level, **more)

    def close(self, *alerts: Alert) -> None:
        Alert.objects.filter(pk__in=[one.pk for one in alerts]).update(closed_at=timezone.now())

    def beat(self) -> int:
        """What Celery does every ten seconds; how many e-mails were sent."""
        self.wait(microseconds=1)  # no two beats are at the same moment
        telling.tell(timezone.now())
        packing.pack_wholly(timezone.now())
        return sending.send_due()

    def wait(self, **time: float) -> None:
        self.clock.shift(timedelta(**time))

    def told(self, user: User) -> list[int]:
        """The alerts that somebody was told of, in order."""
        rows = Notice.objects.filter(user=user).order_by("pk")
        return list(rows.values_list("alert", flat=True))

    def mail(self) -> NoticeMail:
        return NoticeMail.objects.latest("pk")


@pytest.fixture
def scene(plant: Plant, clock: time_machine.Traveller) -> Scene:
    return Scene(plant, clock)
