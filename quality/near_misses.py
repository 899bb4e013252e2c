"""What the refused attempts of a period come to: by reason and rule, by place, and over time.

Three sums in the database, over an index of the period. A period with more attempts than
`MOST_ROWS` is counted from the newest back, and says so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, DateField, Max, Min, Q, QuerySet, TextChoices
from django.db.models.functions import Trunc
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.attempts import NOT_PERMITTED, OUT_OF_SCOPE
from inventory.fields import Words
from inventory.models import Location, RefusedAttempt
from inventory.sites import CODE as SITE
from quality.gate import STOP_LABELS
from quality.models import UsageRule

MOST_ROWS = 100_000
MOST_GROUPS = 50
USUAL_DAYS = 30
"""The period that is looked at when none is asked for, today included."""

DAYS_BY_DAY, DAYS_BY_WEEK = 92, 730
"""Up to so many days a period is shown day by day, and then week by week; beyond, by months."""


class Family(TextChoices):
    """What kind of thing stood in the way."""

    QUALITY = "quality", _("Quality")
    PERSON = "person", _("Permission or signature")
    OTHER = "other", _("Plan, stock or data")


STOPPED = (*STOP_LABELS, "stands_in_quarantine")
PERSONAL = (
    NOT_PERMITTED, OUT_OF_SCOPE, SITE, "wrong_signer", "same_signer", "password_change_due",
    "acknowledgement_needed", "second_factor_needed", "review_needed",
)  # fmt: skip

_FAMILIES = {
    Family.QUALITY: Q(code__in=STOPPED),
    Family.PERSON: Q(code__in=PERSONAL) | Q(code__startswith="sign"),  # signer_…, signature_…
}
_FAMILIES[Family.OTHER] = ~(_FAMILIES[Family.QUALITY] | _FAMILIES[Family.PERSON])

WORDS: dict[str, Words] = STOP_LABELS | {
    "stands_in_quarantine": _("stands in quarantine"),
    NOT_PERMITTED: _("no permission"),
    OUT_OF_SCOPE: _("token without the scope"),
    SITE: _("token for other sites"),
    "signature_wrong": _("wrong password at a signature"),
    "signer_cannot_sign": _("account that cannot sign"),
    "signer_locked": _("account locked"),
    "same_signer": _("second signature by the same person"),
    "not_enough": _("not enough of it"),
    "not_here": _("not at this place"),
    "not_required": _("not needed by the demand"),
    "more_than_required": _("more than the demand needs"),
    "lane_full": _("lane full"),
    "wrong_location_kind": _("wrong kind of place"),
}
"""The commonest codes in words; the others say what they mean by themselves."""


def of_family(family: str) -> Q:
    """Attempts of one kind."""
    return _FAMILIES[Family(family)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many attempts, by what stood in the way."""

    attempts: int
    quality: int
    person: int

    @property
    def other(self) -> int:
        return self.attempts - self.quality - self.person


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One code, and where a usage rule denied it that rule with its version."""

    code: str
    rule: int | None
    rule_version: int | None
    rule_text: str
    attempts: int
    lots: int
    people: int
    last_at: datetime

    @property
    def words(self) -> str:
        return str(WORDS.get(self.code, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Tally):
    """A lane or other place; None for attempts that named none."""

    location: Location | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Tally):
    """A day, week or month, by its first day."""

    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMisses:
    """Refused attempts from `since` to `until`, both included.

    `step` is day, week or month. `complete` is false where older ones of the period are left out.
    """

    since: date
    until: date
    step: str
    complete: bool
    by_reason: list[Reason]
    by_place: list[Place]
    over_time: list[Step]

    @property
    def total(self) -> Tally:
        return Tally(
            attempts=sum(one.attempts for one in self.over_time),
            quality=sum(one.quality for one in self.over_time),
            person=sum(one.person for one in self.over_time),
        )


def usual_start() -> date:
    """Where the period begins that is looked at when none is asked for."""
    return timezone.localdate() - timedelta(days=USUAL_DAYS - 1)


def start_of(day: date) -> datetime:
    """The moment when a day begins, in the server's zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def count(
    rows: QuerySet[RefusedAttempt], *, since: date | None = None, until: date | None = None
) -> NearMisses:
    """Count attempts that are narrowed down to a period already.

    `since` and `until` say to which; without them it begins with the first attempt and ends today.
    """
    rows = rows.order_by()
    newest = rows.order_by("-recorded_at").values_list("recorded_at", flat=True)
    beyond = next(iter(newest[MOST_ROWS : MOST_ROWS + 1]), None)
    if beyond is not None:
        rows = rows.filter(recorded_at__gt=beyond)
        since = timezone.localdate(beyond)
    first = since or _first_day(rows)
    last = max(until or timezone.localdate(), first)
    step = _step(first, last)
    return NearMisses(
        since=first,
        until=last,
        step=step,
        complete=beyond is None,
        by_reason=list(_by_reason(rows)),
        by_place=list(_by_place(rows)),
        over_time=list(_over_time(rows, step, first, last)),
    )


def _first_day(rows: QuerySet[RefusedAttempt]) -> date:
    first = rows.aggregate(first=Min("recorded_at"))["first"]
    return timezone.localdate(first) if first else timezone.localdate()


def _step(first: date, last: date) -> str:
    days = (last - first).days
    if days <= DAYS_BY_DAY:
        return "day"
    return "week" if days <= DAYS_BY_WEEK else "month"


def _tally() -> dict[str, Any]:
    return {
        "attempts": Count("pk"),
        "quality": Count("pk", filter=of_family(Family.QUALITY)),
        "person": Count("pk", filter=of_family(Family.PERSON)),
    }


def _by_reason(rows: QuerySet[RefusedAttempt]) -> Iterator[Reason]:
    groups = rows.values("code", "rule", "rule_version").annotate(
        attempts=Count("pk"),
        lots=Count("lot", distinct=True),
        people=Count("actor", distinct=True),
        last_at=Max("recorded_at"),
    )
    found = list(groups.order_by("-attempts", "code", "rule")[:MOST_GROUPS])
    texts = rule_texts(group["rule"] for group in found)
    for group in found:
        yield Reason(**group, rule_text=texts.get(group["rule"], ""))


def rule_texts(rules: Iterable[int | None]) -> dict[int | None, str]:
    """What the rules of these numbers say, with their version."""
    wanted = {rule for rule in rules if rule is not None}
    if not wanted:
        return {}
    found = UsageRule.objects.filter(pk__in=wanted).select_related("rule_set")
    return {rule.pk: f"{rule} ({rule.note})" for rule in found}


def _by_place(rows: QuerySet[RefusedAttempt]) -> Iterator[Place]:
    groups: Any = rows.values("location").annotate(**_tally())
    found = list(groups.order_by("-attempts", "location")[:MOST_GROUPS])
    places = Location.objects.in_bulk([group["location"] for group in found if group["location"]])
    for group in found:
        yield Place(**group | {"location": places.get(group["location"])})


def _over_time(
    rows: QuerySet[RefusedAttempt], step: str, first: date, last: date
) -> Iterator[Step]:
    """Every step of the period, those without any attempt included."""
    start = Trunc("recorded_at", step, output_field=DateField())
    groups = rows.annotate(since=start).values("since").annotate(**_tally())
    found = {group["since"]: group for group in groups}
    nothing = {"attempts": 0, "quality": 0, "person": 0}
    day = _start_of(step, first)
    while day <= last:
        yield Step(**nothing | found.get(day, {}) | {"since": day})
        day = _next(step, day)


def _start_of(step: str, day: date) -> date:
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def _next(step: str, day: date) -> date:
    if step == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if step == "week" else 1)
