"""What people do about alerts: take them up, put them off, give them to somebody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, preconditions
from inventory.actions.common import each
from inventory.audit import Actor, Stamp
from inventory.errors import Refused
from inventory.fields import About
from inventory.wording import grouped
from staging.alerting import life
from staging.alerting.life import Rules
from staging.models import Alert, AlertStep, AlertStepKind, Severity

AlertField = Annotated[Alert, About(_("Alert"))]

_TAKEN_UP = ("acknowledged_at", "acknowledged_by", "acknowledge_reason", "escalates_at")

SNOOZE_CRITICAL = "staging.snooze_critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """An alert that somebody takes up, and why it may wait or what is being done."""

    alert: AlertField
    reason: Annotated[str, About(_("Reason"), _("What is being done about it."), multiline=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """An alert that is put off, until a time or for a while, and why it may be."""

    alert: AlertField
    minutes: Annotated[int | None, About(_("For so many minutes"))] = None
    until: Annotated[
        datetime | None, About(_("Or until"), _("By the clock of the alert's site."))
    ] = None
    reason: Annotated[str, About(_("Reason"), _("Why it may wait."), multiline=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waking:
    """A snoozed alert that is to be heard of again."""

    alert: AlertField
    reason: Annotated[str, About(_("Reason"), multiline=True)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigning:
    """An alert, and who is to see to it."""

    alert: AlertField
    assignee: Annotated[
        str, About(_("To whom"), _("A user name. Empty: to nobody."), asked=False, max_length=150)
    ] = ""
    reason: Annotated[str, About(_("Reason"), multiline=True)] = ""


@transaction.atomic
def acknowledge(*, lines: Sequence[Acknowledgement], by: Actor, at: datetime) -> list[Alert]:
    """Acknowledge open alerts. Refuses `reason_needed`, `alert_closed`, `alert_acknowledged`."""
    stamp = audit.stamp(by, at, audit.require_reason(lines[0].reason))
    work = _Work(lines, stamp, AlertStepKind.ACKNOWLEDGED)

    def take_up(line: Acknowledgement, index: int) -> Alert:
        alert = work.open(line.alert)
        if alert.acknowledged_at is not None:
            raise Refused(
                _("Somebody has acknowledged this alert already."),
                code="alert_acknowledged",
                field="alert",
                hint=_("Nothing is left to do here."),
            )
        why = audit.require_reason(line.reason)
        life.acknowledge(alert, work.rules.of(alert), stamp.recorded_at, stamp.actor, why)
        return work.done(alert, why)

    found = each(lines, take_up)
    work.save("staging.acknowledge", *_TAKEN_UP, "snoozed_until")
    return found


@transaction.atomic
def snooze(*, lines: Sequence[Snooze], by: Actor, at: datetime) -> list[Alert]:
    """Put open alerts off. Refuses `reason_needed`, `alert_closed`, `snooze_end_needed`,
    `snooze_in_past`, `snooze_too_long`, `snooze_not_allowed`, `snooze_of_critical`."""
    stamp = audit.stamp(by, at, audit.require_reason(lines[0].reason))
    work = _Work(lines, stamp, AlertStepKind.SNOOZED)

    def put_off(line: Snooze, index: int) -> Alert:
        alert = work.open(line.alert)
        rule = work.rules.of(alert)
        if alert.severity == Severity.CRITICAL and not stamp.actor.has_perm(SNOOZE_CRITICAL):
            raise _critical(alert)
        until = _end_of(line, stamp.recorded_at, rule.snooze_at_most)
        why = audit.require_reason(line.reason)
        life.snooze(alert, rule, stamp.recorded_at, until)
        return work.done(alert, why, facts={"until": until.isoformat()})

    found = each(lines, put_off)
    work.save("staging.snooze", *_TAKEN_UP, "snoozed_until")
    return found


@transaction.atomic
def wake(*, lines: Sequence[Waking], by: Actor, at: datetime) -> list[Alert]:
    """Have snoozed alerts heard of again. Refuses `alert_closed`, `alert_not_snoozed`."""
    stamp = audit.stamp(by, at, lines[0].reason)
    work = _Work(lines, stamp, AlertStepKind.WOKEN)

    def call(line: Waking, index: int) -> Alert:
        alert = work.open(line.alert)
        if alert.snoozed_until is None:
            raise Refused(
                _("This alert is not snoozed."),
                code="alert_not_snoozed",
                field="alert",
                hint=_("It waits, or somebody has acknowledged it."),
            )
        life.wake(alert, stamp.recorded_at)
        return work.done(alert, line.reason)

    found = each(lines, call)
    work.save("staging.wake", "snoozed_until", "escalates_at")
    return found


@transaction.atomic
def assign_alert(*, lines: Sequence[Assigning], by: Actor, at: datetime) -> list[Alert]:
    """Give open alerts to somebody, or to nobody any more. It changes nothing about when they
    escalate. Refuses `alert_closed`, `alert_assigned`, `assignee_unknown`, `assignee_not_able`."""
    stamp = audit.stamp(by, at, lines[0].reason)
    people = _people(line.assignee for line in lines)
    work = _Work(lines, stamp, AlertStepKind.ASSIGNED)

    def give(line: Assigning, index: int) -> Alert:
        alert = work.open(line.alert)
        user = _assignee(line.assignee.strip(), people)
        if alert.assigned_to == user:
            raise Refused(
                _("It is assigned so already."),
                code="alert_assigned",
                field="assignee",
                hint=_("Nothing is left to do here."),
            )
        before, alert.assigned_to = alert.assigned_to, user
        names = [person.username if person else None for person in (before, user)]
        return work.done(alert, line.reason, changes={"assigned_to": names})

    found = each(lines, give)
    work.save("staging.assign_alert", "assigned_to")
    return found


class _Work:
    """Alerts that are locked, and what is done about them: one step and one entry for each line."""

    def __init__(
        self,
        lines: Sequence[Acknowledgement | Snooze | Waking | Assigning],
        stamp: Stamp,
        kind: AlertStepKind,
    ) -> None:
        self.stamp, self.kind = stamp, kind
        rows = Alert.objects.filter(pk__in=[line.alert.pk for line in lines]).order_by("pk")
        rows = rows.select_related("lot", "location", "demand", "assigned_to")
        rows = rows.select_for_update(no_key=True, of=("self",))
        self._locked = {row.pk: row for row in rows}
        preconditions.locked(rows)
        self.rules = Rules()
        self._steps: list[AlertStep] = []
        self._entries: list[audit.Entry] = []

    def open(self, alert: Alert) -> Alert:
        """The alert as it is now. Refuses `alert_closed`."""
        found = self._locked[alert.pk]
        if found.closed_at is not None:
            raise Refused(
                _("The cause of this alert is gone."),
                code="alert_closed",
                field="alert",
                hint=_("Nothing is left to do here."),
            )
        return found

    def done(
        self,
        alert: Alert,
        why: str,
        changes: dict[str, list[str | None]] | None = None,
        facts: dict[str, str] | None = None,
    ) -> Alert:
        stamp = self.stamp
        self._steps.append(
            life.step(
                self.kind, alert, stamp.recorded_at, actor=stamp.actor, batch=stamp.batch, why=why
            )
        )
        self._entries.append(audit.Entry(subject=alert, reason=why, changes=changes, facts=facts))
        return alert

    def save(self, action: str, *columns: str) -> None:
        life.keep((step.alert for step in self._steps), self._steps, *columns)
        audit.record_many(action, self._entries, stamp=self.stamp)


def _critical(alert: Alert) -> Refused:
    return Refused(
        _("An alert that is critical is not put off by everybody."),
        code="snooze_of_critical",
        field="alert",
        hint=_("Acknowledge it, or ask a supervisor or QA."),
        facts={"severity": alert.severity, "permission": SNOOZE_CRITICAL},
    )


def _end_of(line: Snooze, now: datetime, longest: timedelta | None) -> datetime:
    if (line.until is None) == (line.minutes is None):
        raise Refused(
            _("Say for how long, or until when."),
            code="snooze_end_needed",
            field="minutes",
            hint=_("Give one of the two."),
        )
    if longest is None:
        raise Refused(
            _("Alerts for this reason cannot be snoozed."),
            code="snooze_not_allowed",
            field="alert",
            hint=_("Acknowledge it, and say what is being done."),
        )
    field = "minutes" if line.until is None else "until"
    last, minutes = now + longest, int(longest.total_seconds() // 60)
    # Compared before it is added: so many minutes may lie beyond all that a date can be.
    too_long = line.minutes is not None and line.minutes > minutes
    until = last if too_long else line.until or now + timedelta(minutes=line.minutes or 0)
    if until <= now:
        raise Refused(
            _("That is over already."),
            code="snooze_in_past",
            field=field,
            hint=_("Give a time that is to come."),
        )
    if too_long or until > last:
        raise Refused(
            _("It can be snoozed for %(minutes)s minutes at most."),
            code="snooze_too_long",
            field=field,
            hint=_("Take less. It can be snoozed again then."),
            facts={"until": last.isoformat(), "minutes": minutes},
            minutes=grouped(minutes),
        )
    return until


def _people(names: Iterable[str]) -> dict[str, tuple[User, bool]]:
    """Those of that user name, and whether they may see alerts. Two statements."""
    wanted = {name.strip() for name in names}
    able = User.objects.with_perm("staging.view_alert").filter(username__in=wanted)
    keys = set(able.values_list("pk", flat=True))
    return {
        user.username: (user, user.pk in keys) for user in User.objects.filter(username__in=wanted)
    }


def _assignee(name: str, people: dict[str, tuple[User, bool]]) -> User | None:
    if not name:
        return None
    if name not in people:
        raise Refused(
            _("There is no user %(name)s."),
            code="assignee_unknown",
            field="assignee",
            hint=_("Give the name that the person signs in with."),
            name=name,
        )
    user, able = people[name]
    if not able:
        raise Refused(
            _("%(name)s cannot see alerts, or not any more."),
            code="assignee_not_able",
            field="assignee",
            hint=_("Give it to somebody who can."),
            name=name,
        )
    return user
