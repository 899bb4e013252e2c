"""The life of an alert in words."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from inventory.wording import full_name, inside, moment_in_words
from staging.alerting import life
from staging.models import Alert, AlertLevel, AlertRule, AlertStep, AlertStepKind

DRAWN: dict[str, tuple[str, str]] = {
    AlertStepKind.RAISED: ("exclamation-triangle-fill", "warn"),
    AlertStepKind.ESCALATED: ("people", "bad"),
    AlertStepKind.ACKNOWLEDGED: ("check2-square", "calm"),
    AlertStepKind.SNOOZED: ("volume-mute", "calm"),
    AlertStepKind.WOKEN: ("volume-up", "warn"),
    AlertStepKind.ASSIGNED: ("person", "info"),
    AlertStepKind.CLOSED: ("check-lg", "ok"),
    AlertStepKind.REOPENED: ("arrow-repeat", "warn"),
    AlertStepKind.REGRADED: ("exclamation-triangle-fill", "info"),
}
"""Icon and tone of each kind of step."""


def what(step: AlertStep) -> str:
    """What happened."""
    match step.kind:
        case AlertStepKind.ESCALATED:
            return _("Escalated to: %(level)s") % {"level": AlertLevel(step.level).label}
        case AlertStepKind.SNOOZED if step.until:
            return _("Snoozed until %(until)s") % {"until": moment_in_words(step.until)}
        case AlertStepKind.WOKEN if step.actor is None:
            return _("Waits again")
        case AlertStepKind.ASSIGNED:
            if step.assigned_to is None:
                return _("Assigned to nobody any more")
            return _("Assigned to %(who)s") % {"who": full_name(step.assigned_to)}
        case AlertStepKind.REGRADED:
            return _("Severity now: %(severity)s") % {"severity": step.get_severity_display()}
        case AlertStepKind.CLOSED:
            return _("Cause gone")
    return str(step.get_kind_display())


def who(step: AlertStep) -> str:
    return full_name(step.actor) if step.actor else _("the clock")


def next_of(alert: Alert, rule: AlertRule) -> list[str]:
    """What happens to an open alert next if nobody does anything, in sentences."""
    if alert.closed_at:
        return []
    said = []
    if alert.snoozed_until:
        said.append(_("It is quiet until %(at)s.") % {"at": moment_in_words(alert.snoozed_until)})
    if alert.acknowledged_at:
        if alert.escalates_at is None:
            return [_("The acknowledgement holds until the cause is gone.")]
        at = moment_in_words(alert.escalates_at)
        said.append(_("The acknowledgement holds until %(at)s. Then it waits again.") % {"at": at})
        wait = rule.wait(alert.level)
        return said + ([_escalates(alert.level + 1, alert.escalates_at)] if wait else [])
    if alert.escalates_at is None:
        return [*said, _("It does not escalate any further.")]
    return [*said, _escalates(alert.level + 1, alert.escalates_at)]


def _escalates(level: int, at: datetime) -> str:
    words: dict[str, Any] = {
        "level": inside(AlertLevel(min(level, AlertLevel.QA)).label), "at": moment_in_words(at),
    }  # fmt: skip
    return _("It escalates to %(level)s on %(at)s.") % words


def steps_of(alert: Alert) -> Iterable[AlertStep]:
    """Its history, the oldest first."""
    return alert.steps.select_related("actor", "assigned_to").order_by("pk")


def rule_of(alert: Alert) -> AlertRule:
    return life.Rules().of(alert)
