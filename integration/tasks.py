"""Where Celery finds the tasks of this app; each subject has its own."""

from integration.webhooks.tasks import deliver, send_webhooks, trim_webhook_log

__all__ = ["deliver", "send_webhooks", "trim_webhook_log"]
