"""Work of quality's for the clock, run by Celery on beat."""

from django.utils import timezone

from inventory.background import clock_task
from quality.actions.due import raise_retests


@clock_task()
def raise_due_retests() -> int:
    """Put the inspections on the list that a retest date has made due. Twice does it once."""
    return raise_retests(timezone.now())
