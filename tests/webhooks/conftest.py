"""A receiver on this machine, its subscription, a clock that a test moves, and a worker."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from integration.feed import reading
from integration.models import Subscription
from integration.webhooks import actions, delivering, schedule
from inventory.audit import Actor
from inventory.models import Surface
from tests.factories import UserFactory
from tests.plant import Plant
from tests.webhooks.receiver import Receiver, listening


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    with listening() as found:
        yield found


@pytest.fixture
def someone(db: None) -> Actor:
    user: User = UserFactory(role="integrator")
    return Actor(user, Surface.API)


@dataclass
class Hook:
    """A subscription of the receiver, with what a test does about it."""

    pk: int
    secret: str
    by: Actor
    plant: Plant
    clock: time_machine.Traveller

    @property
    def row(self) -> Subscription:
        return Subscription.objects.get(pk=self.pk)

    def do(self, action: Any, **values: Any) -> Any:
        return action(subscription=self.row, **values, by=self.by, at=timezone.now())

    def happen(self, times: int = 1) -> list[str]:
        """Receive lots, two events each: received and released. Their ids, as far as not told."""
        for _ in range(times):
            self.plant.lot(1)
        return self.left()

    def left(self) -> list[str]:
        """The ids of all events from the receiver's position on, in the order of the feed."""
        where = reading.Filters()
        return [event.id for event in reading.after(self.row.position, where=where, most=500)]

    def beat(self) -> int:
        """What Celery does every five seconds; how many subscriptions something was sent to."""
        waiting = delivering.due(timezone.now())
        for pk in waiting:
            while delivering.deliver(pk):
                pass
        return len(waiting)

    def wait(self, **time: float) -> None:
        """Time goes by."""
        self.clock.shift(timedelta(**time))

    def wait_for_next(self) -> bool:
        """Until it is tried again. False: it is not."""
        following = self.row.next_attempt_at
        if following is None:
            return False
        self.clock.move_to(following)
        return True


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The test's own: it stands until it is moved."""
    with time_machine.travel(timezone.now(), tick=False) as moved:
        yield moved


@pytest.fixture
def hook(
    clock: time_machine.Traveller,
    plant: Plant,
    receiver: Receiver,
    someone: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> Hook:
    monkeypatch.setattr(schedule, "JITTER", 0)
    row, secret = actions.subscribe(
        name="MES", url=receiver.url, types=[], sites=[], contact="mes@example.com",
        by=someone, at=plant.now,
    )  # fmt: skip
    receiver.secrets = [secret]
    return Hook(row.pk, secret, someone, plant, clock)
