"""Access of external systems, and what is kept for them."""

from integration.models.access import ApiClient, ApiToken
from integration.models.epcis import CapturedEvent, CaptureJob, ErrorBehaviour
from integration.models.external import MODELS, ExternalId, InboundDemand, ThingKind
from integration.models.feed import FeedMark, FeedPosition
from integration.models.notices import (
    Handling,
    Notice,
    NoticeChoice,
    NoticeMail,
    NoticeMark,
    NoticeRule,
)
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
    "MODELS",
    "ApiClient",
    "ApiToken",
    "CaptureJob",
    "CapturedEvent",
    "Delivery",
    "Ended",
    "ErrorBehaviour",
    "ExternalId",
    "FeedMark",
    "FeedPosition",
    "Handling",
    "InboundDemand",
    "Notice",
    "NoticeChoice",
    "NoticeMail",
    "NoticeMark",
    "NoticeRule",
    "Outcome",
    "Parcel",
    "ParcelKind",
    "Subscription",
    "ThingKind",
    "WebhookSecret",
]
