"""Usage rules: read those in force, draft the next, put it into force."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.admin import versioned
from quality.actions import activate_rules, change_rules, draft_rules
from quality.models import RuleSet, UsageRule
from quality.preview import compare


class RuleInline(versioned.RuleInline):
    model = UsageRule
    autocomplete_fields = ("material",)
    fields = (
        "status", "action", "purpose", "material", "customer", "effect", "valid_from",
        "valid_until", "note", "cleared_by",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageRule]:
        return super().get_queryset(request).select_related("rule_set", "material", "customer")


@admin.register(RuleSet)
class RuleSetAdmin(versioned.VersionedAdmin):
    """Adding a set makes a draft: a copy of the rules in force, to be changed and activated."""

    tried = "quality.draft_rules"
    activating = "quality.activate_rules"
    button: ClassVar[dict[str, Any]] = {
        "name": "activate_rules",
        "label": gettext_lazy("Put into force"),
        "icon": "check2-square",
        "help": gettext_lazy(
            "These rules apply from this moment on, to everything that is staged, issued, "
            "consumed, loaded or shipped. They can never be changed again."
        ),
    }
    rule_inline = RuleInline
    rows_template = "admin/rows/rules.html"

    def draft(self, **given: Any) -> RuleSet:
        return draft_rules(**given)

    def change(self, **given: Any) -> RuleSet:
        return change_rules(**given)

    def activate(self, row: RuleSet, **given: Any) -> RuleSet:
        return activate_rules(rule_set=row, **given)

    def read(self, draft: RuleSet) -> dict[str, Any]:
        return {
            "rows": draft.rules.select_related("material", "customer"),
            "findings": list(compare(draft, timezone.localdate())),
        }

    def said(self, what: str, draft: RuleSet) -> str:
        words = {
            "made": _("Draft %(draft)s made. Change its rules."),
            "preview": _("Preview of rule set %(draft)s"),
            "asking": _("Put rule set %(draft)s into force"),
            "in_force": _("Rule set %(draft)s is in force."),
        }
        return words[what] % {"draft": draft}
