"""Tasks of the project itself."""

from django.utils import timezone

from config.models import Process, TaskHour
from inventory.background import clock_task


@clock_task()
def ping() -> None:
    """Do nothing. That it ran shows that a worker takes tasks; see the command `ping_worker`."""


@clock_task()
def forget_runs() -> int:
    """Take away what is known of runs long past, and of processes that are gone; how many rows."""
    now = timezone.now()
    return TaskHour.objects.forget(now) + Process.objects.forget(now)
