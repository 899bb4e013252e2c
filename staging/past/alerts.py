"""Which alerts were open at a past moment: their history says."""

from collections.abc import Iterator
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from staging.models import Alert, AlertStep, AlertStepKind
from staging.past.moment import Moment

RAISED = (AlertStepKind.RAISED, AlertStepKind.REOPENED)


def open_then(about: Q, moment: Moment) -> Iterator[Alert]:
    """Alerts that were open, as they were: `raised_at`, `detail`, how bad each was (`severity`,
    empty where older steps do not say), and who had to know (`level`). One statement.

    The clock and people note what happens to alerts when it happens: both times are one.
    """
    steps = AlertStep.objects.filter(alert=OuterRef("pk"), at__lte=moment.at).order_by("-at", "-pk")
    turns = steps.filter(kind__in=(*RAISED, AlertStepKind.CLOSED))
    was = {
        "raised_at": steps.filter(kind__in=RAISED).values("at"),
        **{name: steps.values(name) for name in ("detail", "severity", "level")},
    }
    rows: Any = Alert.objects.filter(about).filter(Q(closed_at=None) | Q(closed_at__gt=moment.at))
    found = rows.annotate(
        last_turn=Subquery(turns.values("kind")[:1]),
        **{f"{name}_then": Subquery(values[:1]) for name, values in was.items()},
    ).filter(last_turn__in=RAISED)
    for alert in found.select_related("lot", "location", "container", "demand").order_by("pk"):
        for name in was:
            setattr(alert, name, getattr(alert, f"{name}_then"))
        yield alert
