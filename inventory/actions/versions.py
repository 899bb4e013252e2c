"""Draft a numbered set of rules, change the draft, put it into force: the same for every kind."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.master import remove_master, save_master, save_rows
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import Words
from inventory.models.versioned import Dated, Versioned

S = TypeVar("S", bound=Versioned)
D = TypeVar("D", bound=Dated)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of set: what its actions are called on record, and how its refusals are worded."""

    model: type[Any]
    rule: type[Any]
    part: str
    """The rule's foreign key to its set."""
    drafting: str
    activating: str
    active: Words
    outdated: Words
    empty: Words
    own: Words
    overlap: Words
    again: Words
    """What to do instead."""

    def rules(self, row: Versioned) -> models.QuerySet[Any]:
        found: models.QuerySet[Any] = self.rule.objects.filter(**{self.part: row.pk})
        return found.order_by("pk")

    def refusal(self, code: str, words: Words, draft: Versioned, hint: Words = "") -> Refused:
        return Refused(words, code=code, field="rule_set", hint=hint or self.again, draft=draft)


def start_draft(kind: Kind, *, note: str, by: Actor, at: datetime, copy: bool = True) -> Any:
    """The next version, with a copy of the rules in force unless told otherwise. In a transaction.

    Raises ValidationError where the note is missing or too long.
    """
    newest = kind.model.objects.select_for_update().order_by("-version").first()
    draft = kind.model(version=newest.version + 1 if newest else 1, note=note.strip())
    draft.full_clean()
    draft.save()
    draft.authors.add(by.user)
    current = kind.model.objects.in_force().first() if copy else None
    rules = list(kind.rules(current)) if current else []
    for rule in rules:
        rule.pk = None
        setattr(rule, kind.part, draft)
    kind.rule.objects.bulk_create(rules)
    audit.record(
        kind.drafting,
        stamp=audit.stamp(by, at, draft.note),
        subject=draft,
        facts={"rules": len(rules)},
    )
    return draft


def save_draft(
    kind: Kind,
    draft: S,
    rules: Sequence[models.Model],
    removed: Sequence[models.Model],
    *,
    reason: str,
    by: Actor,
    at: datetime,
) -> S:
    """Save a draft with the rules that changed; old and new values are recorded. In a transaction.

    Refuses `reason_needed`, `rules_overlap`, and `rules_active`: what is or was in force never
    changes.
    """
    reason = audit.require_reason(reason)
    if not kind.model.objects.select_for_update().get(pk=draft.pk).is_draft:
        raise kind.refusal("rules_active", kind.active, draft)
    save_master(draft, by=by, at=at, reason=reason)
    for rule in removed:
        remove_master(rule, by=by, at=at, reason=reason)
    save_rows(rules, by=by, at=at, reason=reason)
    _refuse_overlaps(kind, kind.rules(draft))
    draft.authors.add(by.user)
    return draft


def _refuse_overlaps(kind: Kind, rules: Iterable[Any]) -> None:
    for rule, other in overlapping(rules):
        raise overlap(kind, rule, other)


def overlap(kind: Kind, rule: Any, other: Any, *, field: str = "rule_set") -> Refused:
    return Refused(
        kind.overlap,
        code="rules_overlap",
        field=field,
        hint=_("Keep one of them, or let one end before the other begins."),
        rule=rule.note,
        other=other.note,
    )


def overlapping(rules: Iterable[D]) -> Iterator[tuple[D, D]]:
    """Two rules on the same, of which both count on some day, say it twice or contradict."""
    by_scope: dict[tuple[Any, ...], list[D]] = {}
    for rule in rules:
        for other in by_scope.setdefault(rule.scope, []):
            if rule.meets(other):
                yield rule, other
        by_scope[rule.scope].append(rule)


def put_into_force(kind: Kind, row: S, *, reason: str, by: Actor, at: datetime) -> S:
    """Put a draft into force; the set before it stays for the record. Two persons have seen it.

    Refuses `reason_needed`, `rules_active`, `rules_outdated`, `rules_empty`, `own_draft`. In a
    transaction.
    """
    stamp = audit.stamp(by, at, audit.require_reason(reason))
    locked = list(kind.model.objects.select_for_update().order_by("-version"))
    draft = next((each for each in locked if each.pk == row.pk), row)
    current = next((each for each in locked if not each.is_draft), None)
    if not draft.is_draft:
        raise kind.refusal("rules_active", kind.active, draft)
    if current and draft.version < current.version:
        raise kind.refusal("rules_outdated", kind.outdated, draft)
    if kind.empty and not kind.rules(draft).exists():
        raise kind.refusal("rules_empty", kind.empty, draft)
    if draft.authors.filter(pk=by.user.pk).exists():
        ask = _("Ask somebody else to read it and put it into force.")
        raise kind.refusal("own_draft", kind.own, draft, ask)
    draft.activated_at, draft.activated_by = stamp.recorded_at, stamp.actor
    draft.save(update_fields=["activated_at", "activated_by"])
    was = current.version if current else None
    audit.record(
        kind.activating,
        stamp=stamp,
        subject=draft,
        changes={"version in force": [was, draft.version]},
    )
    return draft
