"""How often stock goes stale in a lane, and how often a step there is refused."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import Location, LocationKind, Movement, RefusedAttempt
from staging.models import Commitment, Demand, State
from staging.numbers.asked import PERIOD, Asked
from staging.numbers.tables import (
    LANE,
    Column,
    Figure,
    Found,
    Kind,
    Picture,
    Ranking,
    Row,
    Table,
    lane_row,
    rate,
    share,
)

MOST_LANES, MOST_DRAWN = 200, 20

NUMBERS = ("positions", "stale", "over_limit", "overdue")

TABLES = (
    Table(
        "stale", gettext_lazy("Stale"),
        gettext_lazy(
            "Positions that stood in the lane at some time in the period. Stale are those that "
            "passed their dwell limit there, or still stood there when their demand was needed."
        ),
        (
            *LANE,
            Column("positions", gettext_lazy("Positions")),
            Column("stale", gettext_lazy("Stale")),
            Column("over_limit", gettext_lazy("Over the limit")),
            Column("overdue", gettext_lazy("Next step overdue")),
            Column("rate", gettext_lazy("Stale rate"), Kind.SHARE),
        ),
    ),
    Table(
        "refused", gettext_lazy("Refused"),
        gettext_lazy(
            "Refused attempts that named the lane, out of all that was tried there: these, and the "
            "lines of the ledger into the lane and out of it."
        ),
        (
            *LANE,
            Column("tried", gettext_lazy("Tried")),
            Column("refused", gettext_lazy("Refused")),
            Column("rate", gettext_lazy("Refusal rate"), Kind.SHARE),
        ),
    ),
)  # fmt: skip


def counted(asked: Asked) -> Found:
    """Five statements, and one for the names of the lanes."""
    stale = _stale(asked)
    done, refused = _done(asked), _refused(asked)
    tried = {pk: done[pk] + refused[pk] for pk in done.keys() | refused.keys()}
    first = _largest({pk: row["positions"] for pk, row in stale.items()})
    second = _largest(tried)
    places = Location.objects.in_bulk({*first[:MOST_LANES], *second[:MOST_LANES]})
    more = max(len(first), len(second)) > MOST_LANES
    left_out = _("Only the %(count)s busiest lanes are listed: narrow it down.")
    positions, gone_stale = (
        sum(row[name] for row in stale.values()) for name in ("positions", "stale")
    )
    return Found(
        tables={
            "stale": _worst_first(
                lane_row(places[pk])
                | stale[pk]
                | {"rate": share(stale[pk]["stale"], stale[pk]["positions"])}
                for pk in first[:MOST_LANES]
            ),
            "refused": _worst_first(
                lane_row(places[pk])
                | {"tried": tried[pk], "refused": refused[pk]}
                | {"rate": share(refused[pk], tried[pk])}
                for pk in second[:MOST_LANES]
            ),
        },
        headline=[
            (_("Stale"), rate(gone_stale, positions)),
            (_("Refused"), rate(sum(refused.values()), sum(tried.values()))),
        ],
        left_out=left_out % {"count": MOST_LANES} if more else "",
    )


def _largest(numbers: dict[int, int]) -> list[int]:
    return sorted(numbers, key=lambda pk: (-numbers[pk], pk))


def _worst_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-(row["rate"] or 0), row["lane"]))


# --- stale --------------------------------------------------------------------------------------


def _stale(asked: Asked) -> dict[int, Row]:
    """By lane. What has left and what still stands there are told apart: each has its index."""
    found: dict[int, Counter[str]] = {}
    standing = Q(closed_at=None)
    gone = Q(closed_at__isnull=False, closed_at__gte=asked.period.start)
    for rows in (standing, gone):
        for lane, *numbers in _positions(asked, rows):
            found.setdefault(lane, Counter()).update(dict(zip(NUMBERS, numbers, strict=True)))
    return {lane: {name: numbers[name] for name in NUMBERS} for lane, numbers in found.items()}


def _positions(asked: Asked, which: Q) -> QuerySet[Any, Any]:
    """Positions that had come by the end of the period, and how many of them went stale by then,
    while they stood there."""
    rows = Commitment.objects.filter(
        which, asked.places("location"), asked.goods(), asked.demands("requirement__demand"),
        state=State.STAGED, since__lt=asked.stop,
    )  # fmt: skip
    over, overdue = _passed("due_at", asked), _passed("requirement__demand__needed_at", asked)
    return (
        rows.order_by()
        .values_list("location")
        .annotate(
            positions=Count("pk"),
            stale=Count("pk", filter=over | overdue),
            over_limit=Count("pk", filter=over),
            overdue=Count("pk", filter=overdue),
        )
    )


def _passed(limit: str, asked: Asked) -> Q:
    """A limit that was reached in the period's time and before the position had left."""
    before_it_left = Q(closed_at=None) | Q(**{f"{limit}__lte": F("closed_at")})
    return Q(**{f"{limit}__lte": asked.stop}) & before_it_left


# --- refused ------------------------------------------------------------------------------------


def _done(asked: Asked) -> Counter[int]:
    """Lines of the ledger into each lane and out of it."""
    found: Counter[int] = Counter()
    for side in ("target", "source"):
        rows = asked.happened(
            Movement.objects.filter(asked.places(side), asked.goods()),
            since=asked.period.start, until=asked.stop,
        )  # fmt: skip
        rows = rows.filter(_of_kind(asked, "reference"), **{f"{side}__kind": LocationKind.STAGING})
        found.update(dict(rows.order_by().values_list(side).annotate(lines=Count("pk"))))
    return found


def _refused(asked: Asked) -> Counter[int]:
    rows = asked.happened(
        RefusedAttempt.objects.filter(asked.places("location"), _of_kind(asked, "demand")),
        since=asked.period.start, until=asked.stop,
    )  # fmt: skip
    if asked.material:
        rows = rows.filter(material=asked.material)
    rows = rows.filter(location__kind=LocationKind.STAGING).order_by()
    return Counter(dict(rows.values_list("location").annotate(attempts=Count("pk"))))


def _of_kind(asked: Asked, column: str) -> Q:
    """What names a demand of the kind that is asked for."""
    if not asked.kind:
        return Q()
    return Q(**{f"{column}__in": Demand.objects.filter(kind=asked.kind).values("reference")})


# --- drawn --------------------------------------------------------------------------------------


def drawn(asked: Asked, found: Found) -> dict[str, list[Picture]]:
    """A bar for each lane, the worst first."""
    return {
        "stale": [_bars(found.tables["stale"], "stale", "positions")],
        "refused": [_bars(found.tables["refused"], "refused", "tried")],
    }


def _bars(rows: list[Row], part: str, whole: str) -> Ranking:
    return Ranking(
        [
            (row["lane"], row["url"], row["rate"], f"{row[part]}/{row[whole]}")
            for row in rows[:MOST_DRAWN]
            if row["rate"]
        ],
        nothing=_("None in this period."),
    )


FIGURE = Figure(
    name="lanes",
    label=gettext_lazy("Lanes"),
    about=gettext_lazy(
        "Stale and refusal rates, lane by lane, the worst first. What stands there now is judged "
        "as it is now, whether the clock has raised its alert or not."
    ),
    icon="exclamation-triangle-fill",
    asks=(*PERIOD, "site", "within", "material", "kind"),
    tables=TABLES,
    count=counted,
    draw=drawn,
    empty=gettext_lazy("Nothing stood in a lane in this period, and nothing was tried there."),
)
