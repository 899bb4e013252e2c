"""What happened to alerts in a period, and how long they waited for somebody: counted live."""

from collections import Counter
from typing import Any

from django.db.models import (
    Avg,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from staging.models import AlertReason, AlertStep, AlertStepKind
from staging.numbers.asked import PERIOD, Asked
from staging.numbers.tables import Column, Figure, Found, Kind, Picture, Row, Table

BEGAN = (AlertStepKind.RAISED, AlertStepKind.REOPENED)
TIMED = {AlertStepKind.ACKNOWLEDGED: "acknowledged", AlertStepKind.CLOSED: "cleared"}

TABLES = (
    Table(
        "reasons",
        gettext_lazy("By reason"),
        gettext_lazy(
            "What happened in the period. Times count from when the alert was raised, or raised "
            "again, until it was acknowledged, or closed because its cause was gone."
        ),
        (
            Column("reason", gettext_lazy("Reason"), Kind.TEXT, words=dict(AlertReason.choices)),
            Column("raised", gettext_lazy("Raised")),
            Column("escalated", gettext_lazy("Escalated")),
            Column("acknowledged", gettext_lazy("Acknowledged")),
            Column("acknowledged_mean", gettext_lazy("Acknowledged after, on average"), Kind.SPAN),
            Column("acknowledged_longest", gettext_lazy("At the longest"), Kind.SPAN),
            Column("cleared", gettext_lazy("Cleared")),
            Column("cleared_mean", gettext_lazy("Cleared after, on average"), Kind.SPAN),
            Column("cleared_longest", gettext_lazy("Cleared after, at the longest"), Kind.SPAN),
        ),
    ),
)


def counted(asked: Asked) -> Found:
    """Two statements."""
    happened: dict[str, Counter[str]] = {}
    for reason, kind, count in _counts(asked):
        happened.setdefault(reason, Counter())[kind] = count
    spans = {(reason, kind): (mean, longest) for reason, kind, mean, longest in _spans(asked)}
    rows = [_row(reason, counts, spans) for reason, counts in happened.items()]
    rows.sort(key=lambda row: (-row["raised"], row["reason"]))
    total = {name: sum(row[name] for row in rows) for name in ("raised", "cleared")}
    return Found(
        tables={"reasons": rows},
        headline=[
            (_("Raised"), _alerts(total["raised"])),
            (_("Cleared"), _alerts(total["cleared"])),
        ],
    )


def _alerts(count: int) -> str:
    return ngettext("%(count)d alert", "%(count)d alerts", count) % {"count": count}


def _steps(asked: Asked) -> QuerySet[AlertStep]:
    """What happened in the period to the alerts that are asked for."""
    where = Q(at__gte=asked.period.start, at__lt=asked.stop) & asked.sites("alert__site")
    if asked.within:
        where &= Q(alert__location__path__startswith=asked.within.path)
    return AlertStep.objects.filter(where).order_by()


def _counts(asked: Asked) -> QuerySet[Any, Any]:
    rows = _steps(asked).values_list("alert__reason", "kind")
    return rows.annotate(count=Count("pk"))


def _spans(asked: Asked) -> QuerySet[Any, Any]:
    """How long it took, by reason and by what ended the wait."""
    before = AlertStep.objects.filter(
        alert=OuterRef("alert"), kind__in=BEGAN, pk__lt=OuterRef("pk")
    )
    began = Subquery(before.order_by("-pk").values("at")[:1])
    took = ExpressionWrapper(F("at") - began, output_field=DurationField())
    rows = _steps(asked).filter(kind__in=TIMED).annotate(took=took)
    grouped = rows.values_list("alert__reason", "kind")
    return grouped.annotate(mean=Avg("took"), longest=Max("took"))


def _row(reason: str, counts: Counter[str], spans: dict[Any, Any]) -> Row:
    row: Row = {
        "reason": reason,
        "raised": sum(counts[kind] for kind in BEGAN),
        "escalated": counts[AlertStepKind.ESCALATED],
    }
    for kind, name in TIMED.items():
        mean, longest = spans.get((reason, kind), (None, None))
        row |= {name: counts[kind], f"{name}_mean": mean, f"{name}_longest": longest}
    return row


def drawn(asked: Asked, found: Found) -> dict[str, list[Picture]]:
    """Nothing is drawn: the table is short."""
    return {}


FIGURE = Figure(
    name="alerts",
    label=gettext_lazy("Alerts"),
    about=gettext_lazy(
        "How many alerts were raised, escalated, acknowledged and cleared, and how long they "
        "waited for that. What has just happened is in it."
    ),
    icon="bell",
    asks=(*PERIOD, "site", "within"),
    tables=TABLES,
    count=counted,
    draw=drawn,
    empty=gettext_lazy("Nothing happened to any alert in this period."),
)
