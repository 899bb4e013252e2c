"""Where Celery finds the tasks of this app; each subject has its own."""

from integration.epcis.capture.tasks import capture, capture_waiting
from integration.feed.tasks import forget_events, number_events
from integration.notices.tasks import send_notices, tell_people, trim_notices
from integration.webhooks.tasks import deliver, send_webhooks, trim_webhook_log

__all__ = [
    "capture",
    "capture_waiting",
    "deliver",
    "forget_events",
    "number_events",
    "send_notices",
    "send_webhooks",
    "tell_people",
    "trim_notices",
    "trim_webhook_log",
]
