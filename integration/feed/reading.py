"""Reading the feed: what happened after a position, filtered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integration.feed.families import contents
from integration.feed.kinds import NAMES, PREFIX, id_of, topic_of
from integration.feed.numbering import catch_up, catch_up_wholly
from integration.models import FeedMark, FeedPosition
from inventory.errors import Refused
from inventory.models import Lot, Site
from inventory.sites import Limit, of_lot
from staging.models import AlertLevel, Severity

WINDOW = 20_000
"""Positions that one page looks at: a filter that fits nothing costs no more than that."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `id` is the same whenever and however it is read."""

    position: int
    id: str
    type: str
    time: datetime
    subject: str
    data: dict[str, Any]

    def cloudevent(self) -> dict[str, Any]:
        """As CloudEvents 1.0 has it, in its JSON format."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": settings.FEED_SOURCE,
            "type": self.type,
            "time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "subject": self.subject,
            "sequence": f"{self.position:019}",
            "datacontenttype": "application/json",
            "data": self.data,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is wanted; what is left empty does not matter. Codes, and references of demands.

    Types may end in `*`. What belongs to no site, a decision or a hold on a lot, concerns them all
    and comes with every one.
    """

    types: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    limit: Limit | None = None
    """Sites that the reader may see, by id. Of what belongs to no site, what concerns lots that are
    or were on hand there; a hold on a material or a supplier's lot is for who may see all sites."""
    alert_severity: str = Severity.NOTICE
    alert_level: int = AlertLevel.OPERATOR
    alert_reasons: tuple[str, ...] = ()
    """Of what happens to alerts: at least so grave, and come at least so far, when it happened, and
    for these reasons. All other events are as they would be without."""

    def names(self) -> set[str]:
        """The types that are wanted, without their prefix."""
        return {name for pattern in self.types for name in matching(pattern)}

    def families(self) -> set[str]:
        """What the types tell of; none: of everything."""
        return {name.split(".")[0] for name in self.names() or NAMES}

    def in_vain(self) -> list[str]:
        """What narrows alerts although none is wanted: who asks so would wait for them."""
        return [] if "alert" in self.families() else list(self._alerts())

    def of(self, rows: QuerySet[FeedPosition]) -> QuerySet[FeedPosition]:
        """The positions that are wanted."""
        if self.types:
            rows = rows.filter(type__in=self.names())
        if self.demands:
            rows = rows.filter(demand__in=self.demands)
        if self.lots:
            rows = rows.filter(lot__in=Lot.objects.filter(code__in=self.lots).values("pk"))
        if self.sites:
            sites = Site.objects.filter(code__in=self.sites).values("pk")
            everywhere = Q(site=None, to_site=None)
            rows = rows.filter(Q(site__in=sites) | Q(to_site__in=sites) | everywhere)
        if self.limit is not None:
            here = of_lot("lot")(self.limit) & Q(site=None, to_site=None)
            rows = rows.filter(Q(site__in=self.limit) | Q(to_site__in=self.limit) | here)
        alerts = Q(**dict(self._alerts().values()))
        return rows.filter(Q(alert_level=None) | alerts) if alerts else rows

    def _alerts(self) -> dict[str, tuple[str, Any]]:
        """By what narrows alerts, the condition on positions."""
        wanted: dict[str, tuple[str, Any]] = {}
        if self.alert_severity != Severity.NOTICE:
            grave = Severity.values.index(self.alert_severity)
            wanted["alert_severity"] = ("alert_severity__in", Severity.values[grave:])
        if self.alert_level != AlertLevel.OPERATOR:
            wanted["alert_level"] = ("alert_level__gte", self.alert_level)
        if self.alert_reasons:
            wanted["alert_reasons"] = ("alert_reason__in", self.alert_reasons)
        return wanted


def matching(pattern: str) -> set[str]:
    """The types, without their prefix, that a type or a pattern with a trailing `*` names."""
    if "*" in pattern[:-1] or not pattern:
        return set()
    if pattern.endswith("*"):
        return {name for name in NAMES if (PREFIX + name).startswith(pattern[:-1])}
    return {name for name in NAMES if PREFIX + name == pattern}


@dataclass(frozen=True, slots=True)
class Page:
    """Events, and the cursor to go on with: all up to it has been looked at."""

    events: list[Event]
    cursor: int
    more: bool


def page(position: int, *, where: Filters, most: int, window: int | None = WINDOW) -> Page:
    """What happened after a position, in order. A fixed number of statements.

    Only so many positions are looked at, so a page may be empty although there is `more`.
    Refuses `cursor_too_old` (what came next is not kept any more) and `cursor_ahead`.
    """
    catch_up()
    return look(position, where=where, most=most, window=window)


def look(position: int, *, where: Filters, most: int, window: int | None = WINDOW) -> Page:
    """As `page`, of what has a position already."""
    mark = mark_now()
    check(position, mark)
    end = mark.newest if window is None else min(position + window, mark.newest)
    if end == position:
        return Page([], position, more=False)
    rows = FeedPosition.objects.filter(position__gt=position, position__lte=end)
    found = list(where.of(rows).order_by("position")[:most])
    cursor = found[-1].position if len(found) == most else end
    return Page(events(found), cursor, more=cursor < mark.newest)


def after(position: int, *, where: Filters, most: int) -> list[Event]:
    """As many events after a position as there are, up to `most`, however far away the next is.

    With filters that seldom fit, `page` is cheaper: its cursor passes over what does not.
    """
    return page(position, where=where, most=most, window=None).events


def mark_now() -> FeedMark:
    """How far the feed reaches; an unsaved mark before anything has happened."""
    return FeedMark.objects.first() or FeedMark()


def newest() -> int:
    """The position behind all that has happened by now, to follow the feed from."""
    catch_up_wholly()
    return mark_now().newest


def check(position: int, mark: FeedMark) -> None:
    """Refuse a position after which events are missing, or which no feed of ours gave."""
    if position < mark.forgotten:
        raise Refused(
            _("What happened after %(cursor)s is not kept any more."),
            code="cursor_too_old",
            field="after",
            hint=_("Read the resources anew, and follow the feed from its end or its beginning."),
            facts={"oldest": mark.forgotten, "newest": mark.newest},
            cursor=position,
        )
    if position > mark.newest:
        raise Refused(
            _("The feed has not come to %(cursor)s yet."),
            code="cursor_ahead",
            field="after",
            hint=_("Was a backup restored? Read the resources anew, and follow it from its end."),
            facts={"oldest": mark.forgotten, "newest": mark.newest},
            cursor=position,
        )


def events(rows: Iterable[FeedPosition]) -> list[Event]:
    """What happened at these positions, with all that the records say."""
    placed = [(row, topic_of(row.type)) for row in rows]
    found = contents((topic, row.key) for row, topic in placed)
    return [
        Event(
            position=row.position,
            id=id_of(row.type, row.key),
            type=PREFIX + row.type,
            time=found[topic, row.key].time,
            subject=found[topic, row.key].subject,
            data=found[topic, row.key].data,
        )
        for row, topic in placed
    ]
