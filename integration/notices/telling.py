"""From what happened to alerts to what people are told: one row for each of them, once.

The history of alerts is read on from a mark. Rows of it appear when their transaction commits, so
that a number may turn up below one that was seen; the mark moves on only once nobody can have such
a row open. What is looked at twice by that is not told twice.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, OuterRef, Subquery, When

from integration.models import Handling, Notice, NoticeMark
from integration.notices.people import People, Wish
from inventory.in_flight import in_flight
from inventory.models import Site
from inventory.zones import zone_of
from staging.models import AlertLevel, AlertStep, AlertStepKind, Severity

MOST = 2000
"""Steps that are told at a time."""

AFRESH = (AlertStepKind.RAISED, AlertStepKind.REOPENED, AlertStepKind.REGRADED)
"""Told to everybody whose level it has come to, the lower ones included."""

FURTHER = (AlertStepKind.ESCALATED, AlertStepKind.WOKEN)
"""Told to those of that level alone: the others have been."""

TOLD = (*AFRESH, *FURTHER, AlertStepKind.ASSIGNED)


def turn() -> NoticeMark | None:
    """The mark, locked; None while somebody else has it. Needs a transaction."""
    free = NoticeMark.objects.select_for_update(skip_locked=True)
    mark = free.first()
    if mark is None and not NoticeMark.objects.exists():
        NoticeMark.objects.bulk_create([NoticeMark(pk=1)], ignore_conflicts=True)
        mark = free.first()
    return mark


def tell(at: datetime, *, most: int = MOST) -> int:
    """Tell what has happened since; how many steps were looked at. Harmless when done twice."""
    with transaction.atomic():
        mark = turn()
        return 0 if mark is None else _look(mark, at, most)


def _look(mark: NoticeMark, at: datetime, most: int) -> int:
    seen = AlertStep.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    if seen <= mark.position:
        return 0
    others = in_flight([AlertStep])
    steps = list(_steps().filter(pk__gt=mark.position).order_by("pk")[:most])
    _tell(steps, at)
    end = steps[-1].pk if len(steps) == most else seen
    _move(mark, min(seen, end), sorted(map(list, others.writers)) if others else [])
    return len(steps)


def _steps() -> Any:
    """With what is needed of their alerts, and no more; of one that has become graver or less so,
    how grave it `was`."""
    before = AlertStep.objects.filter(alert=OuterRef("alert"), pk__lt=OuterRef("pk"))
    was = Subquery(before.order_by("-pk").values("severity")[:1])
    steps = AlertStep.objects.annotate(was=Case(When(kind=AlertStepKind.REGRADED, then=was)))
    return steps.select_related("alert").only(
        "kind", "at", "level", "severity", "actor", "assigned_to", "alert__site", "alert__reason"
    )


def _move(mark: NoticeMark, end: int, writers: list[list[str]]) -> None:
    """As far as nothing can turn up any more: up to here where nobody writes, else up to where the
    last look came, if those who wrote then are done."""
    before = mark.position
    if not writers:
        mark.position, mark.seen, mark.writers = end, end, []
    elif not any(writer in mark.writers for writer in writers):
        mark.position = max(before, min(mark.seen, end))
        mark.seen, mark.writers = end, writers
    mark.save()


def _tell(steps: Collection[AlertStep], at: datetime) -> None:
    told = [step for step in steps if _is_told(step)]
    if not told:
        return
    wishes = People(also=[step.assigned_to_id for step in told if step.assigned_to_id]).wishes()
    named = Site.objects.in_bulk({step.alert.site_id for step in told})
    _insert(_rows_of(told), _recipients(wishes, named.values(), at))
    _insert_assigned(told, {wish.user: wish for wish in wishes}, named, at)


def _is_told(step: Any) -> bool:
    """Of a severity that has changed, that it is graver now. Of a step whose alert has been raised
    again since, before steps kept their severity, nobody is."""
    if not step.severity:
        return False
    if step.kind == AlertStepKind.REGRADED and step.was:
        grave = Severity.values.index
        return grave(step.severity) > grave(step.was)
    return step.kind in TOLD


def is_grave(severity: str, level: int) -> bool:
    """What may break quiet hours."""
    return severity == Severity.CRITICAL and level >= AlertLevel.QA


def _rows_of(steps: Iterable[AlertStep]) -> Iterator[dict[str, Any]]:
    for step in steps:
        if step.kind == AlertStepKind.ASSIGNED:
            continue
        alert = step.alert
        yield {
            "step": step.pk, "alert": alert.pk, "site": alert.site_id, "reason": alert.reason,
            "severity": step.severity, "at": _moment(step.at), "actor": step.actor_id or 0,
            "low": 1 if step.kind in AFRESH else step.level, "high": step.level,
            "grave": int(is_grave(step.severity, step.level)),
        }  # fmt: skip


def _recipients(
    wishes: Iterable[Wish], sites: Iterable[Site], at: datetime
) -> Iterator[dict[str, Any]]:
    """Each person once for each site, severity and level of theirs."""
    places = [(site.pk, zone_of(site)) for site in sites]
    for wish in wishes:
        for site, zone in places:
            if not wish.is_of(site):
                continue
            for severity in Severity.values:
                how = wish.handling(severity)
                if how == Handling.OFF:
                    continue
                due = _moment(wish.due(how, at, zone))
                aloud = _moment(wish.due(how, at, zone, aloud=True))
                for level in wish.levels:
                    yield {
                        "user": wish.user, "site": site, "severity": severity, "level": level,
                        "handling": int(how), "due": due, "aloud": aloud,
                    }  # fmt: skip


# --- writing it: the rows never leave the database ------------------------------------------------

STEP = {
    "step": "bigint", "alert": "bigint", "site": "bigint", "reason": "text", "severity": "text",
    "at": "timestamptz", "actor": "bigint", "low": "int", "high": "int", "grave": "int",
}  # fmt: skip
PERSON = {
    "user": "bigint", "site": "bigint", "severity": "text", "level": "int", "handling": "int",
    "due": "timestamptz", "aloud": "timestamptz",
}  # fmt: skip


def _moment(at: datetime | None) -> Any:
    """As the database keeps it, in JSON."""
    return None if at is None else str(connection.ops.adapt_datetimefield_value(at))


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows given to the database as one parameter."""

    name: str
    columns: dict[str, str]

    def sql(self) -> str:
        if connection.vendor == "postgresql":
            columns = ", ".join(f'"{name}" {kind}' for name, kind in self.columns.items())
            return f"jsonb_to_recordset(%s::jsonb) AS {self.name} ({columns})"
        columns = ", ".join(
            f"json_extract(value, '$.{name}') AS \"{name}\"" for name in self.columns
        )
        return f"(SELECT {columns} FROM json_each(%s)) AS {self.name}"  # noqa: S608


def _insert(steps: Iterable[dict[str, Any]], people: Iterable[dict[str, Any]]) -> None:
    """Everybody whose site, severity and level fit, but who did it: one statement."""
    sql = (
        f"INSERT INTO {Notice._meta.db_table} (user_id, step_id, alert_id, site_id, reason,"  # noqa: S608
        " severity, at, handling, due_at)"
        ' SELECT who."user", did.step, did.alert, did.site, did.reason, did.severity, did."at",'
        " who.handling, CASE WHEN did.grave = 1 THEN who.aloud ELSE who.due END"
        f" FROM {_Table('did', STEP).sql()} JOIN {_Table('who', PERSON).sql()}"
        " ON who.site = did.site AND who.severity = did.severity"
        " AND who.level BETWEEN did.low AND did.high"
        ' WHERE who."user" <> did.actor ON CONFLICT DO NOTHING'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(list(steps)), json.dumps(list(people))])


def _insert_assigned(
    steps: Iterable[AlertStep],
    wishes: dict[int, Wish],
    sites: dict[int, Site],
    at: datetime,
) -> None:
    """Whom an alert is given to is told in the app at least, whatever they chose."""
    rows = []
    for step in steps:
        wish = wishes.get(step.assigned_to_id or 0)
        if step.kind != AlertStepKind.ASSIGNED or wish is None or wish.user == step.actor_id:
            continue
        alert = step.alert
        how = max(wish.handling(step.severity), Handling.IN_APP)
        aloud = is_grave(step.severity, step.level)
        rows.append(
            Notice(
                user_id=wish.user, step=step, alert=alert, site_id=alert.site_id,
                reason=alert.reason, severity=step.severity, at=step.at, handling=how,
                due_at=wish.due(Handling(how), at, zone_of(sites[alert.site_id]), aloud=aloud),
            )
        )  # fmt: skip
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
