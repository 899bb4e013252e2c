"""The usage rules that every installation starts with: version 1."""

from typing import Any

from django.utils import timezone

RULES = (
    ("released", "allow", "released by QA"),
    ("restricted", "allow", "released for named demands"),
    ("quarantine", "deny", "quality has not decided yet"),
    ("rejected", "deny", "quality has rejected it"),
    ("closed", "deny", "the lot is closed"),
)


def install(apps: Any) -> None:
    """Put rule set 1 into force if there is none. Needs `inventory.basics` before it."""
    rule_set = apps.get_model("quality", "RuleSet")
    if rule_set.objects.exists():
        return
    system = apps.get_model("auth", "User").objects.get(username="system")
    first = rule_set.objects.create(
        version=1,
        note="Released material may be used; everything else may not.",
        activated_at=timezone.now(),
        activated_by=system,
    )
    rule = apps.get_model("quality", "UsageRule")
    rule.objects.bulk_create(
        [
            rule(rule_set=first, status=status, effect=effect, note=note)
            for status, effect, note in RULES
        ]
    )
