"""Where Celery finds the tasks of this app; each subject has its own."""

from integration.feed.tasks import forget_events, number_events
from integration.webhooks.tasks import deliver, send_webhooks, trim_webhook_log

__all__ = ["deliver", "forget_events", "number_events", "send_webhooks", "trim_webhook_log"]
