"""What is sent: events of the feed as they are read there, and tests in the same shape."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from uuid_utils.compat import uuid7

from integration.feed.reading import Event, Filters
from integration.models import Parcel, Subscription
from integration.webhooks import rights
from inventory.api.renderers import FastJSONRenderer
from inventory.seals.content import moment

TEST = "forestage.webhook.test"


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way to one receiver. `event` is its id, the same at every attempt."""

    event: str
    type: str
    body: str
    position: int | None = None

    @property
    def number(self) -> str:
        """The id as it is signed, where full stops part it from the time and the body."""
        return self.event.replace(".", "_")


def of_event(event: Event) -> Message:
    """A CloudEvent in JSON. `timestamp` is its `time`, under the name that webhooks know."""
    said = event.cloudevent()
    return Message(event.id, event.type, _dumps(said | {"timestamp": said["time"]}), event.position)


def of_parcel(parcel: Parcel) -> Message:
    return Message(parcel.event, parcel.type, parcel.body, parcel.position)


def of_test(subscription: Subscription, at: datetime) -> Message:
    """Something to see that signature and address are right; nothing happened."""
    event = f"test-{uuid7()}"
    said = {
        "specversion": "1.0",
        "id": event,
        "source": settings.FEED_SOURCE,
        "type": TEST,
        "time": moment(at),
        "subject": f"webhook:{subscription.pk}",
        "datacontenttype": "application/json",
        "data": {"webhook": subscription.name},
        "timestamp": moment(at),
    }
    return Message(event, TEST, _dumps(said))


def wanted(subscription: Subscription) -> Filters:
    """The events that a subscription is about."""
    sites = subscription.sites.order_by("code").values_list("code", flat=True)
    limit = rights.limit(subscription)
    return Filters(
        types=tuple(subscription.types),
        sites=tuple(sites),
        limit=limit,
        **alerts_of(subscription),
    )


def alerts_of(subscription: Subscription) -> dict[str, Any]:
    """Which alerts it is about, as the feed is asked for them."""
    return {
        "alert_severity": subscription.alert_severity,
        "alert_level": subscription.alert_level,
        "alert_reasons": tuple(subscription.alert_reasons),
    }


def _dumps(said: dict[str, Any]) -> str:
    return FastJSONRenderer().render(said).decode()
