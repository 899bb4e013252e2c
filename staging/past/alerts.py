"""Which alerts were open at a past moment: their history says."""

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from staging.models import Alert, AlertStep, AlertStepKind
from staging.past.moment import Moment

RAISED = (AlertStepKind.RAISED, AlertStepKind.REOPENED)


def open_then(about: Q, moment: Moment) -> QuerySet[Any]:
    """Alerts that were open, with `raised_then`, when they had last been raised before, and
    `level_then`, who had to know. One statement.

    The clock and people note what happens to alerts when it happens: both times are one.
    """
    steps = AlertStep.objects.filter(alert=OuterRef("pk"), at__lte=moment.at).order_by("-at", "-pk")
    turns = steps.filter(kind__in=(*RAISED, AlertStepKind.CLOSED))
    rows = Alert.objects.filter(about).filter(Q(closed_at=None) | Q(closed_at__gt=moment.at))
    found = rows.annotate(
        last_turn=Subquery(turns.values("kind")[:1]),
        raised_then=Subquery(steps.filter(kind__in=RAISED).values("at")[:1]),
        level_then=Subquery(steps.values("level")[:1]),
    ).filter(last_turn__in=RAISED)
    return found.select_related("lot", "location", "container", "demand").order_by("pk")
