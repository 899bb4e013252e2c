"""Draft a set of usage rules, change the draft, put it into force."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory.actions import versions
from inventory.audit import Actor
from quality.models import RuleSet, UsageRule

USAGE_RULES = versions.Kind(
    model=RuleSet,
    rule=UsageRule,
    part="rule_set",
    drafting="quality.draft_rules",
    activating="quality.activate_rules",
    active=_("Rule set %(draft)s is or was in force."),
    outdated=_("Rule set %(draft)s is older than the one in force."),
    empty=_("Rule set %(draft)s has no rules: nothing could be used."),
    own=_("You have written rule set %(draft)s yourself."),
    overlap=_("“%(rule)s” and “%(other)s” speak of the same on the same days."),
    again=_("Make a new draft from the rules in force."),
)


@transaction.atomic
def draft_rules(*, note: str, by: Actor, at: datetime) -> RuleSet:
    """Start a draft: the next version, with a copy of the rules in force. `note` says what for.

    Raises ValidationError where the note is missing or too long.
    """
    draft: RuleSet = versions.start_draft(USAGE_RULES, note=note, by=by, at=at)
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
    return versions.save_draft(USAGE_RULES, draft, rules, removed, reason=reason, by=by, at=at)


@transaction.atomic
def activate_rules(*, rule_set: RuleSet, reason: str, by: Actor, at: datetime) -> RuleSet:
    """Put a draft into force; the set before it stays for the record. Two persons have seen it.

    Refuses `reason_needed`, `rules_active`, `rules_outdated`, `rules_empty`, `own_draft`.
    """
    return versions.put_into_force(USAGE_RULES, rule_set, reason=reason, by=by, at=at)
