"""Access of external systems, and what is kept for them."""

from integration.models.access import ApiClient, ApiToken
from integration.models.feed import FeedMark, FeedPosition
from integration.models.webhooks import (
    Delivery,
    Ended,
    Outcome,
    Parcel,
    ParcelKind,
    Subscription,
    WebhookSecret,
)

__all__ = [
    "ApiClient",
    "ApiToken",
    "Delivery",
    "Ended",
    "FeedMark",
    "FeedPosition",
    "Outcome",
    "Parcel",
    "ParcelKind",
    "Subscription",
    "WebhookSecret",
]
