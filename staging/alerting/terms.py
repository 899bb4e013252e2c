"""What the rules of alerts say of raising them: whether, and how long before. See `AlertRule`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from django.db.models import Case, Q, Value, When

from staging.models import AlertReason, AlertRule, Severity

NONE_OF_THEM = Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Term:
    """Whether a reason is raised, its lead, and how bad it is: in general, or at one site."""

    enabled: bool
    lead: timedelta
    severity: str


RAISED = Term(True, timedelta(0), Severity.WARNING)
"""What holds of a reason without a rule."""


class Terms:
    """The rules of all reasons, read once. A site's own counts before the general one."""

    def __init__(self, rules: Iterable[AlertRule]) -> None:
        self._general: dict[str, Term] = {}
        self._own: dict[str, dict[int, Term]] = {}
        for rule in rules:
            term = Term(rule.enabled, rule.lead or timedelta(0), rule.severity)
            if rule.site_id is None:
                self._general[rule.reason] = term
            else:
                self._own.setdefault(rule.reason, {})[rule.site_id] = term

    @classmethod
    def read(cls) -> Self:
        """One statement."""
        return cls(AlertRule.objects.order_by("pk"))

    def remembered(self) -> dict[str, Any]:
        """The same as JSON, to see later whether anything has changed."""
        return {
            reason.value: [
                _as_json(self.of(reason, None)),
                {str(site): _as_json(term) for site, term in self._sites(reason)},
            ]
            for reason in AlertReason
        }

    def _sites(self, reason: AlertReason) -> list[tuple[int, Term]]:
        return sorted(self._own.get(reason, {}).items())

    def of(self, reason: AlertReason, site: int | None) -> Term:
        """What holds at a site."""
        own = self._own.get(reason, {}).get(site) if site is not None else None
        return own or self._general.get(reason, RAISED)

    def raised(self, reason: AlertReason, site: str = "location__site") -> Q:
        """The condition on rows that means the sites where it is raised; empty for all of them."""
        general = self.of(reason, None).enabled
        differ = [pk for pk, term in self._sites(reason) if term.enabled != general]
        if general:
            return ~Q(**{f"{site}__in": differ}) if differ else Q()
        return Q(**{f"{site}__in": differ})

    def severity(self) -> Case:
        """How bad an alert is, by its reason and site."""
        own = [
            When(reason=reason, site=site, then=Value(term.severity))
            for reason in AlertReason
            for site, term in self._sites(reason)
        ]
        general = [
            When(reason=reason, then=Value(term.severity)) for reason, term in self._general.items()
        ]
        return Case(*own, *general, default=Value(RAISED.severity))

    def switched_off(self) -> Q | None:
        """The condition on alerts that means those of reasons that are not raised where they are.
        None where all are."""
        off = [
            Q(reason=reason) & (~raised if raised else Q())
            for reason in AlertReason
            if (raised := self.raised(reason, "site")) or not self.of(reason, None).enabled
        ]
        found = NONE_OF_THEM
        for one in off:
            found |= one
        return found if off else None

    def spans(self, reason: AlertReason, site: str = "site") -> Iterator[tuple[Q, timedelta]]:
        """Each lead, with the condition that means the sites where it counts. Only where the reason
        is raised."""
        own = self._sites(reason)
        general = self.of(reason, None)
        if general.enabled:
            others = [pk for pk, _term in own]
            yield (~Q(**{f"{site}__in": others}) if others else Q()), general.lead
        for pk, term in own:
            if term.enabled:
                yield Q(**{site: pk}), term.lead

    def within(self, reason: AlertReason, at: datetime, column: str, site: str = "site") -> Q:
        """Rows whose moment comes within the lead."""
        found = NONE_OF_THEM
        for where, lead in self.spans(reason, site):
            found |= where & Q(**{f"{column}__lte": at + lead})
        return found


def _as_json(term: Term) -> list[Any]:
    return [term.enabled, term.lead.total_seconds(), term.severity]
