"""Put a set of usage rules into force."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.audit import Actor
from inventory.errors import Refused
from quality.models import RuleSet


@transaction.atomic
def activate_rules(*, rule_set: RuleSet, reason: str, by: Actor, at: datetime) -> RuleSet:
    """Put a draft into force; the set before it stays for the record.

    Refuses `reason_needed`, `rules_active`, `rules_outdated`, `rules_empty`.
    """
    stamp = audit.stamp(by, at, audit.require_reason(reason))
    locked = RuleSet.objects.select_for_update().order_by("-version")
    draft = next(row for row in locked if row.pk == rule_set.pk)
    current = next((row for row in locked if row.activated_at), None)
    wrong = None
    if draft.activated_at:
        wrong = "rules_active", _("Rule set %(draft)s is or was in force.")
    elif current and draft.version < current.version:
        wrong = "rules_outdated", _("Rule set %(draft)s is older than the one in force.")
    elif not draft.rules.exists():
        wrong = "rules_empty", _("Rule set %(draft)s has no rules: nothing could be used.")
    if wrong:
        raise Refused(
            wrong[1],
            code=wrong[0],
            field="rule_set",
            hint=_("Make a new draft from the rules in force."),
            draft=draft,
        )
    draft.activated_at, draft.activated_by = stamp.recorded_at, stamp.actor
    draft.save(update_fields=["activated_at", "activated_by"])
    audit.record(
        "quality.activate_rules",
        stamp=stamp,
        subject=draft,
        changes={"version in force": [current.version if current else None, draft.version]},
    )
    return draft
