"""Draft a set of usage rules, change the draft, put it into force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions import remove_master, save_master
from inventory.audit import Actor
from inventory.errors import Refused
from quality.models import RuleSet, UsageRule


@transaction.atomic
def draft_rules(*, note: str, by: Actor, at: datetime) -> RuleSet:
    """Start a draft: the next version, with a copy of the rules in force. `note` says what for.

    Raises ValidationError where the note is missing or too long.
    """
    newest = RuleSet.objects.select_for_update().order_by("-version").first()
    draft = RuleSet(version=newest.version + 1 if newest else 1, note=note.strip())
    draft.full_clean()
    draft.save()
    draft.authors.add(by.user)
    rules = list(UsageRule.objects.of_current_set().order_by("pk"))
    for rule in rules:
        rule.pk, rule.rule_set = None, draft
    UsageRule.objects.bulk_create(rules)
    audit.record(
        "quality.draft_rules",
        stamp=audit.stamp(by, at, draft.note),
        subject=draft,
        facts={"rules": len(rules)},
    )
    return draft


@transaction.atomic
def change_rules(
    *,
    draft: RuleSet,
    rules: Sequence[UsageRule],
    removed: Sequence[UsageRule] = (),
    reason: str,
    by: Actor,
    at: datetime,
) -> RuleSet:
    """Save a draft with the rules that changed. Old and new values are recorded.

    Refuses `reason_needed`, `rules_overlap`, and `rules_active`: a set that is or was in force
    never changes.
    """
    reason = audit.require_reason(reason)
    if RuleSet.objects.select_for_update().get(pk=draft.pk).activated_at:
        raise _refused("rules_active", draft)
    save_master(draft, by=by, at=at, reason=reason)
    for rule in removed:
        remove_master(rule, by=by, at=at, reason=reason)
    for rule in rules:
        save_master(rule, by=by, at=at, reason=reason)
    _refuse_overlaps(draft)
    draft.authors.add(by.user)
    return draft


def _refuse_overlaps(draft: RuleSet) -> None:
    """Two rules on the same, of which both count on some day, say it twice or contradict."""
    by_scope: dict[tuple[Any, ...], list[UsageRule]] = {}
    for rule in draft.rules.order_by("pk"):
        for other in by_scope.setdefault(rule.scope, []):
            if rule.meets(other):
                raise Refused(
                    _("“%(rule)s” and “%(other)s” speak of the same on the same days."),
                    code="rules_overlap",
                    field="rule_set",
                    hint=_("Keep one of them, or let one end before the other begins."),
                    rule=rule.note,
                    other=other.note,
                )
        by_scope[rule.scope].append(rule)


@transaction.atomic
def activate_rules(*, rule_set: RuleSet, reason: str, by: Actor, at: datetime) -> RuleSet:
    """Put a draft into force; the set before it stays for the record. Two persons have seen it.

    Refuses `reason_needed`, `rules_active`, `rules_outdated`, `rules_empty`, `own_draft`.
    """
    stamp = audit.stamp(by, at, audit.require_reason(reason))
    locked = RuleSet.objects.select_for_update().order_by("-version")
    draft = next((row for row in locked if row.pk == rule_set.pk), rule_set)
    current = next((row for row in locked if row.activated_at), None)
    if draft.activated_at:
        raise _refused("rules_active", draft)
    if current and draft.version < current.version:
        raise _refused("rules_outdated", draft)
    if not draft.rules.exists():
        raise _refused("rules_empty", draft)
    if draft.authors.filter(pk=by.user.pk).exists():
        raise _refused("own_draft", draft)
    draft.activated_at, draft.activated_by = stamp.recorded_at, stamp.actor
    draft.save(update_fields=["activated_at", "activated_by"])
    audit.record(
        "quality.activate_rules",
        stamp=stamp,
        subject=draft,
        changes={"version in force": [current.version if current else None, draft.version]},
    )
    return draft


_WHY = {
    "rules_active": _("Rule set %(draft)s is or was in force."),
    "rules_outdated": _("Rule set %(draft)s is older than the one in force."),
    "rules_empty": _("Rule set %(draft)s has no rules: nothing could be used."),
    "own_draft": _("You have written rule set %(draft)s yourself."),
}
_INSTEAD = {"own_draft": _("Ask somebody else to read it and put it into force.")}


def _refused(code: str, draft: RuleSet) -> Refused:
    return Refused(
        _WHY[code],
        code=code,
        field="rule_set",
        hint=_INSTEAD.get(code, _("Make a new draft from the rules in force.")),
        draft=draft,
    )
