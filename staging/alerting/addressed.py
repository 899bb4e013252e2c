"""Whom an alert is for: each level those of the ones before as well."""

from typing import Any

from django.db.models import Q, QuerySet

from staging.models import Alert, AlertLevel

ANSWERS = {
    AlertLevel.OPERATOR: "staging.answer_operator",
    AlertLevel.SUPERVISOR: "staging.answer_supervisor",
    AlertLevel.QA: "staging.answer_qa",
}
"""The permission by which somebody is told of alerts from a level on."""


def level_of(user: Any) -> AlertLevel | None:
    """The level from which on alerts are for this person; None: no level addresses them."""
    return next((level for level, name in ANSWERS.items() if user.has_perm(name)), None)


def for_whom(user: Any) -> Q:
    """Alerts that have come to this person's level, or are assigned to them. Whom no level
    addresses looks at all of them, as an auditor does."""
    level = level_of(user)
    if level is None or level == AlertLevel.OPERATOR:
        return Q()
    return Q(level__gte=level) | Q(assigned_to=user)


def unanswered(user: Any) -> QuerySet[Alert]:
    """What waits for this person now."""
    return Alert.objects.waiting().filter(for_whom(user))
