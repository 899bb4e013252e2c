"""Tasks of the project itself."""

from celery import shared_task


@shared_task(acks_late=True)
def ping() -> None:
    """Do nothing. That it ran shows that a worker takes tasks; see the command `ping_worker`."""
