"""Whether what demands required was staged when they needed it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Round
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import LocationKind, Movement, MovementKind
from inventory.models.materials import QUANTITY
from staging.charts import plot
from staging.charts.words import Number, count
from staging.charts.words import share as percent
from staging.models import ClaimChange, Demand, DemandKind, Requirement
from staging.numbers.asked import PERIOD, Asked
from staging.numbers.tables import (
    Column,
    Figure,
    Found,
    Kind,
    Picture,
    Plot,
    Row,
    Table,
    rate,
    share,
)

ON_TIME, LATE, SHORT = "on_time", "late", "short"
VERDICTS = (ON_TIME, LATE, SHORT)
MOST_LISTED = 50

WORDS = {
    ON_TIME: gettext_lazy("On time"),
    LATE: gettext_lazy("Late"),
    SHORT: gettext_lazy("Never complete"),
}
KINDS = dict(DemandKind.choices)

COUNTS = (
    Column("due", gettext_lazy("Due")),
    Column("on_time", gettext_lazy("On time"),
           help=gettext_lazy("All that they require was staged, or further, when it was needed.")),
    Column("late", gettext_lazy("Late"), help=gettext_lazy("It was all staged, but afterwards.")),
    Column("short", gettext_lazy("Never complete"),
           help=gettext_lazy("Some of it has not been staged to this day.")),
    Column("rate", gettext_lazy("On-time rate"), Kind.SHARE),
)  # fmt: skip

TABLES = (
    Table(
        "trend", gettext_lazy("Over time"), gettext_lazy("Demands by when they were needed."),
        (Column("since", gettext_lazy("Since"), Kind.STEP), *COUNTS),
    ),
    Table(
        "kinds", gettext_lazy("By kind"), gettext_lazy("The same by kind of demand."),
        (Column("kind", gettext_lazy("Demand"), Kind.TEXT, words=KINDS), *COUNTS),
    ),
    Table(
        "missed", gettext_lazy("Not on time"),
        gettext_lazy("The latest of them, by when they were needed."),
        (
            Column("demand", gettext_lazy("Demand"), Kind.CODE),
            Column("kind", gettext_lazy("Kind"), Kind.TEXT, words=KINDS),
            Column("needed_at", gettext_lazy("Needed at"), Kind.MOMENT),
            Column("verdict", gettext_lazy("Verdict"), Kind.TEXT, words=WORDS),
        ),
    ),
)  # fmt: skip


def counted(asked: Asked) -> Found:
    """Two statements: counts by step and kind, and the latest that were not on time."""
    due = _due(asked).annotate(number=asked.period.number("needed_at")).order_by()
    groups = list(due.values("number", "kind", "verdict").annotate(demands=Count("pk")))
    missed = due.exclude(verdict=ON_TIME).order_by("-needed_at", "-pk")[:MOST_LISTED]
    total = _tally(groups)
    return Found(
        tables={
            "trend": [
                {"since": start} | _tally(row for row in groups if row["number"] == number)
                for number, (start, _end) in enumerate(asked.period.steps)
                if start <= asked.now
            ] if groups else [],
            "kinds": [
                {"kind": kind.value} | _tally(row for row in groups if row["kind"] == kind)
                for kind in DemandKind
                if any(row["kind"] == kind for row in groups)
            ],
            "missed": [
                {"demand": row.reference, "kind": row.kind, "needed_at": row.needed_at,
                 "verdict": row.verdict, "url": reverse("staging:demand", args=[row.reference])}
                for row in missed
            ],
        },
        headline=[
            (_("Demands due"), count(total["due"])),
            (_("Staged on time"), rate(total["on_time"], total["due"])),
        ],
    )  # fmt: skip


def _tally(groups: Iterable[Row]) -> Row:
    found = dict.fromkeys(VERDICTS, 0)
    for row in groups:
        found[row["verdict"]] += row["demands"]
    due = sum(found.values())
    return {"due": due, **found, "rate": share(found[ON_TIME], due)}


def _due(asked: Asked) -> QuerySet[Any, Any]:
    """Demands whose time has come, with `verdict`. Cancelled ones have none, nor such as require
    nothing."""
    asked_for = asked.sites()
    if asked.within:
        asked_for &= Q(work_center__path__startswith=asked.within.path)
    if asked.kind:
        asked_for &= Q(kind=asked.kind)
    lines = Requirement.objects.filter(demand=OuterRef("pk"), quantity__gt=0)
    if asked.material:
        asked_for &= Q(Exists(lines.filter(material=asked.material)))
    rows = Demand.objects.filter(
        asked_for, Exists(lines), cancelled=False,
        needed_at__gte=asked.period.start, needed_at__lt=asked.stop,
    )  # fmt: skip
    short_then = lines.annotate(there=staged_by(OuterRef("demand__needed_at")))
    short_now = lines.annotate(there=staged_by(Value(asked.now, output_field=DateTimeField())))
    short = Q(there__lt=F("quantity"))
    return rows.annotate(
        verdict=Case(
            When(~Exists(short_then.filter(short)), then=Value(ON_TIME)),
            When(~Exists(short_now.filter(short)), then=Value(LATE)),
            default=Value(SHORT),
            output_field=CharField(),
        )
    )


BROUGHT = Q(kind=MovementKind.STAGE)
TAKEN = Q(kind=MovementKind.UNSTAGE) | Q(
    kind=MovementKind.UNLOAD, target__kind__in=[LocationKind.STORAGE, LocationKind.QUARANTINE]
)
BROUGHT_BACK = Q(kind=MovementKind.REVERSE, reverses__kind=MovementKind.UNSTAGE) | Q(
    kind=MovementKind.REVERSE,
    reverses__kind=MovementKind.UNLOAD,
    source__kind__in=[LocationKind.STORAGE, LocationKind.QUARANTINE],
)
TAKEN_BACK = Q(kind=MovementKind.REVERSE, reverses__kind=MovementKind.STAGE)


def staged_by(at: Any) -> Any:
    """An expression for requirements: how much had been staged for it up to a moment, whether it
    has gone on since or not. What the activity gave back had been there; what was unstaged had not.
    """
    moved = Movement.objects.filter(
        reference=OuterRef("demand__reference"), task=OuterRef("pk"), occurred_at__lte=at
    )
    signed = Case(
        When(BROUGHT | BROUGHT_BACK, then=F("quantity")),
        When(TAKEN | TAKEN_BACK, then=-F("quantity")),
        default=Value(Decimal(0)),
        output_field=DecimalField(**QUANTITY),
    )
    changed = ClaimChange.objects.filter(requirement=OuterRef("pk"), occurred_at__lte=at)
    return Round(_sum(moved, "task", signed) + _sum(changed, "requirement", F("quantity")), 6)


def _sum(rows: QuerySet[Any], group: str, quantity: Any) -> Coalesce:
    field = DecimalField(**QUANTITY)
    total = rows.order_by().values(group).annotate(total=Sum(quantity, output_field=field))
    zero = Value(Decimal(0), output_field=field)
    return Coalesce(Subquery(total.values("total"), output_field=field), zero, output_field=field)


# --- drawn --------------------------------------------------------------------------------------

BARS = {ON_TIME: "fine", LATE: "late", SHORT: "over"}


def drawn(asked: Asked, found: Found) -> dict[str, list[Picture]]:
    """The rate as a line, the demands as bars below it."""
    rows, period = found.tables["trend"], asked.period
    axis = [period.words(row["since"]) for row in rows]
    line = Plot(
        chart=plot.chart(
            [plot.Step(_said(at, row), points={"one": row["rate"]})
             for at, row in zip(axis, rows, strict=True)],
            top=Decimal(1), words=_percent,
        ),
        axis=axis,
        title=_("Rate"),
        label=_("Share of the demands due that were staged on time."),
    )  # fmt: skip
    demands = Plot(
        chart=plot.chart(
            [
                plot.Step(_said(at, row), {BARS[name]: row[name] for name in VERDICTS})
                for at, row in zip(axis, rows, strict=True)
            ]
        ),
        axis=axis,
        title=_("Demands"),
        label=_("Demands by when they were needed, and whether they were staged on time."),
        legend=[
            (BARS[name], str(WORDS[name]), count(sum(row[name] for row in rows)))
            for name in VERDICTS
        ],
    )
    return {"trend": [line, demands]}


def _percent(number: Number) -> str:
    return percent(number)


def _said(at: str, row: Row) -> str:
    parts = [f"{WORDS[name]}: {row[name]}" for name in VERDICTS if row[name]]
    return "\n".join([f"{at}: {row['due']}", *parts])


FIGURE = Figure(
    name="on-time",
    label=gettext_lazy("On time"),
    about=gettext_lazy(
        "A demand is staged on time when all that its lines require was staged, or had gone on, at "
        "the moment it was needed. What the activity gave back afterwards counts as staged; what "
        "was taken out of the lane before does not. Cancelled demands are left out, and those not "
        "due yet. An area stands for the work centres within it."
    ),
    icon="check2-square",
    asks=(*PERIOD, "site", "within", "material", "kind"),
    tables=TABLES,
    count=counted,
    draw=drawn,
    empty=gettext_lazy("No demand was due in this period."),
)
