"""One delivery of a subscription at a time.

The turn is a lease in the row itself, so that any number of workers on any number of hosts agree. A
worker that was killed holds it for a minute more, and then another one goes on where the last
event was taken. Whoever changes a subscription takes the turn away: what was under way is not
written any more, and is sent again.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from uuid_utils.compat import uuid7

from integration.models import Subscription

LEASE = timedelta(seconds=60)
"""Longer than resolving a name, one attempt and the statements in between can take together."""

FREE: dict[str, Any] = {"lease": None, "leased_until": None}


class Turn:
    """The right to send to one subscription, as it stood when it was taken."""

    def __init__(self, subscription: Subscription, lease: UUID) -> None:
        self.subscription, self.lease = subscription, lease

    @classmethod
    def take(cls, pk: int, at: datetime) -> "Turn | None":
        """None where another worker has it, or nothing may be sent now."""
        lease = uuid7()
        due = Subscription.objects.due(at).filter(pk=pk)
        if not due.update(lease=lease, leased_until=at + LEASE):
            return None
        subscription = Subscription.objects.filter(pk=pk, lease=lease).first()
        return None if subscription is None else cls(subscription, lease)

    def note(self, **values: Any) -> bool:
        """Write how far it has come, and keep the turn. False: it is not ours any more."""
        values["leased_until"] = timezone.now() + LEASE
        mine = Subscription.objects.filter(pk=self.subscription.pk, lease=self.lease)
        if not mine.update(**values):
            return False
        for name, value in values.items():
            setattr(self.subscription, name, value)
        return True

    def give_back(self) -> None:
        Subscription.objects.filter(pk=self.subscription.pk, lease=self.lease).update(**FREE)
