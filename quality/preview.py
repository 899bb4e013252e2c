"""What a draft of the usage rules would change: held against what was done, and what stands ready.

Each app that knows uses of lots registers them as `Evidence`. A preview asks both sets of rules
about all of them, in SQL, and tells where they differ.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from inventory.fields import Words
from inventory.models import LotStatus
from quality import gate
from quality.models import Effect, GatedAction, RuleSet, UsageRule

MOST_GROUPS = 100
MOST_USES = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """Uses of lots that the rules are held against.

    `rows` have a `lot` and what `describe` puts into words; `columns` are as in `gate.matching`.
    """

    label: Words
    action: GatedAction
    rows: Callable[[], QuerySet[Any]]
    columns: dict[str, str]
    describe: Callable[[Any], str]


EVIDENCE: list[Evidence] = []


def register(*evidence: Evidence) -> None:
    """Hold drafts against these uses as well."""
    EVIDENCE.extend(evidence)


@dataclass(frozen=True, slots=True)
class Change:
    """Uses of one kind for which the two sets differ in the same way."""

    before: Effect
    after: Effect
    status: LotStatus
    why: str
    uses: int
    lots: int

    @property
    def is_stricter(self) -> bool:
        return STRICTNESS[self.after] > STRICTNESS[self.before]

    @property
    def words(self) -> str:
        """`Allow → Deny`."""
        return f"{self.before.label} → {self.after.label}"


STRICTNESS = {Effect.ALLOW: 0, Effect.REASON: 1, Effect.DENY: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """What would change for one kind of evidence, the stricter first, and some of the uses."""

    evidence: Evidence
    changes: list[Change]
    uses: list[tuple[Any, str]]


def compare(draft: RuleSet, on: date) -> Iterator[Finding]:
    """Where a draft says something else than the rules in force; what is the same is left out."""
    for evidence in EVIDENCE:
        rows = _differing(evidence, draft, on)
        changes = [_change(row) for row in _grouped(rows)]
        if changes:
            changes.sort(key=lambda change: (-STRICTNESS[change.after], -change.uses))
            some = rows.select_related("lot__material").order_by("-pk")[:MOST_USES]
            yield Finding(evidence, changes, [(row, evidence.describe(row)) for row in some])


def _differing(evidence: Evidence, draft: RuleSet, on: date) -> QuerySet[Any]:
    now, then = UsageRule.objects.in_force(on), UsageRule.objects.filter(rule_set=draft).valid(on)
    status = evidence.columns.get("status", "lot__status")
    speaking = gate.matching(then, evidence.action, **evidence.columns)
    rows: QuerySet[Any] = evidence.rows().annotate(
        before=gate.effect(now, evidence.action, **evidence.columns),
        after=gate.effect(then, evidence.action, **evidence.columns),
        was=F(status),
    )
    why: Any = Subquery(speaking.filter(effect=OuterRef("after")).values("note")[:1])
    differing: QuerySet[Any] = rows.exclude(before=F("after")).annotate(why=why)
    return differing


def _grouped(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    groups = rows.order_by().values("before", "after", "was", "why")
    return list(
        groups.annotate(uses=Count("pk"), lots=Count("lot", distinct=True)).order_by("-uses")[
            :MOST_GROUPS
        ]
    )


def _change(row: dict[str, Any]) -> Change:
    return Change(
        before=Effect(row["before"]),
        after=Effect(row["after"]),
        status=LotStatus(row["was"]),
        why=row["why"] or str(_("no rule allows this use")),
        uses=row["uses"],
        lots=row["lots"],
    )
