"""Which positions will warn or be critical before the horizon, unless their demand takes them."""

from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    F,
    Q,
    QuerySet,
    TextChoices,
    Value,
    When,
)
from django.utils.translation import gettext_lazy as _

from inventory.models import Site
from staging.ahead.horizon import Horizon
from staging.models import StagedStock

NEEDED = "requirement__demand__needed_at"


class Stale(TextChoices):
    """What happens to a position, and why nothing prevents it. The first that applies."""

    CRITICAL_OVERDUE = "critical_overdue", _("Becomes critical; its demand is overdue.")
    CRITICAL_FIRST = "critical_first", _("Becomes critical before its demand needs it.")
    WARNS_OVERDUE = "warns_overdue", _("Warns; its demand is overdue.")
    WARNS_FIRST = "warns_first", _("Warns before its demand needs it.")

    @property
    def tone(self) -> str:
        return "bad" if self.is_critical else "warn"

    @property
    def is_critical(self) -> bool:
        return self in (Stale.CRITICAL_OVERDUE, Stale.CRITICAL_FIRST)


def going_stale(site: Site, horizon: Horizon) -> QuerySet[Any, Any]:
    """Staged positions of a site with `reason` (of `Stale`) and `at`, when it happens.

    A demand that is needed before takes its stock first; one that has been needed already has not
    taken it, and is not counted on. To be ordered by `rings_at`, whose index finds them: the clock
    looks at a position no later than what happens to it next.
    """
    overdue = Q(**{f"{NEEDED}__lte": horizon.now})
    critical, warns = _happens("due_at", horizon), _happens("warn_at", horizon)
    rows: Any = StagedStock.objects.filter(
        location__site=site, rings_at__isnull=False, rings_at__lte=horizon.until
    )
    found: QuerySet[Any, Any] = rows.filter(critical | warns).annotate(
        at=Case(
            When(critical, then=F("due_at")),
            default=F("warn_at"),
            output_field=DateTimeField(),
        ),
        reason=Case(
            When(critical & overdue, then=Value(Stale.CRITICAL_OVERDUE)),
            When(critical, then=Value(Stale.CRITICAL_FIRST)),
            When(overdue, then=Value(Stale.WARNS_OVERDUE)),
            default=Value(Stale.WARNS_FIRST),
            output_field=CharField(),
        ),
    )
    return found.select_related(
        "requirement__demand", "lot__material", "location", "container", "dwell_policy"
    )


def _happens(column: str, horizon: Horizon) -> Q:
    """Its moment lies ahead, within the horizon, and no demand takes it before."""
    within = Q(**{f"{column}__gt": horizon.now, f"{column}__lte": horizon.until})
    not_taken = Q(**{f"{NEEDED}__lte": horizon.now}) | Q(**{f"{NEEDED}__gte": F(column)})
    return within & not_taken
