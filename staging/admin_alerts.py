"""Alert rules: how alerts of each reason live, everywhere and at sites with rules of their own."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.actions import save_master
from inventory.admin import cells
from inventory.admin.base import Buttons, MasterAdmin, ReasonedForm, actor, reason_field
from inventory.admin.reasoned import ask_why
from inventory.templatetags.components import span
from staging.actions import end_alert_rule
from staging.models import AlertRule

CHANGE = "staging.change_alertrule"
END: dict[str, Any] = {
    "name": "end_alert_rule",
    "label": _("As in general"),
    "icon": "arrow-counterclockwise",
    "help": _("The rule of this site ends. From the next sweep on, the general one counts there."),
}


class RuleForm(ReasonedForm[AlertRule]):
    """A rule, and why it changes; `reason` is what its alerts are raised for."""

    why_in = "why"
    why = reason_field()


@admin.register(AlertRule)
class AlertRuleAdmin(Buttons[AlertRule], MasterAdmin[AlertRule]):
    """The general rule of a reason, and below it those of sites that have their own."""

    form = RuleForm
    list_display = (
        "reason", "of_site", "enabled", "severity", "to_supervisor", "to_qa", "acknowledged",
        "snoozed", "again", "ahead",
    )  # fmt: skip
    list_filter = ("severity", "enabled", "site")
    list_select_related = ("site",)
    readonly_fields = ("beside",)
    fieldsets = (
        (None, {"fields": (("reason", "site"), "beside", ("enabled", "severity"))}),
        (_("Escalation"), {"fields": (("escalate_after", "escalate_again_after"),)}),
        (_("What people may do"), {"fields": (("acknowledged_for", "snooze_at_most"),)}),
        (_("Raising"), {"fields": (("reopen_within", "lead"),)}),
        (_("Change"), {"fields": ("why",)}),
    )

    def save_model(
        self, request: HttpRequest, obj: AlertRule, form: forms.ModelForm[AlertRule], change: bool
    ) -> None:
        why = form.cleaned_data["why"]
        save_master(obj, by=actor(request), at=timezone.now(), reason=why)

    def get_urls(self) -> list[Any]:
        end = self.admin_site.admin_view(self.end_page)
        return [
            path("<int:pk>/as-in-general/", end, name="staging_alertrule_end"),
            *super().get_urls(),
        ]

    def buttons(self, request: HttpRequest, row: AlertRule) -> list[dict[str, Any]]:
        if not (row.site and request.user.has_perm(CHANGE)):
            return []
        return [{"verb": END, "url": reverse("admin:staging_alertrule_end", args=[row.pk])}]

    def end_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The site's rule and the general one; ask for the reason, and end the first."""
        rows = AlertRule.objects.select_related("site")
        rule = get_object_or_404(rows, pk=pk)
        said = {"site": rule.site, "reason": rule.get_reason_display()}
        return ask_why(
            request, CHANGE, {"rule": [rule]},
            run=partial(end_alert_rule, rule=rule),
            done=gettext("%(reason)s: at %(site)s as in general.") % said,
            then=reverse("admin:staging_alertrule_changelist"),
            context=lambda: {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": f"{END['label']}: {rule}",
                "back": cells.page_of(rule),
                "verb": END,
                "rows": [rule, *rows.filter(reason=rule.reason, site=None).exclude(pk=pk)],
                "rows_template": "admin/rows/alert_rules.html",
            },
        )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertRule]:
        rows = super().get_queryset(request)
        return rows.order_by("reason", F("site__code").asc(nulls_first=True))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What a rule is for, is said once."""
        return ("beside", "reason", "site") if obj else ("beside",)

    @admin.display(description=_("site"))
    def of_site(self, rule: AlertRule) -> str:
        return rule.site.code if rule.site else str(_("all others"))

    @admin.display(description=_("to the supervisor after"))
    def to_supervisor(self, rule: AlertRule) -> str:
        return span(rule.escalate_after)

    @admin.display(description=_("to QA after another"))
    def to_qa(self, rule: AlertRule) -> str:
        return span(rule.escalate_again_after)

    @admin.display(description=_("acknowledged for"))
    def acknowledged(self, rule: AlertRule) -> str:
        return span(rule.acknowledged_for)

    @admin.display(description=_("snoozed for at most"))
    def snoozed(self, rule: AlertRule) -> str:
        return span(rule.snooze_at_most)

    @admin.display(description=_("the same alert again within"))
    def again(self, rule: AlertRule) -> str:
        return span(rule.reopen_within)

    @admin.display(description=_("lead"))
    def ahead(self, rule: AlertRule) -> str:
        return span(rule.lead)

    @admin.display(description=_("which counts"))
    def beside(self, rule: AlertRule) -> SafeString | str:
        """The rules there are for the same reason: a site's own counts at that site."""
        rows = AlertRule.objects.filter(reason=rule.reason).select_related("site")
        said = [
            (
                row.site.code if row.site else _("all other sites"),
                row.get_severity_display(),
                " → ".join(
                    span(wait) for wait in (row.escalate_after, row.escalate_again_after) if wait
                )
                or _("does not escalate"),
            )
            for row in rows.order_by(F("site__code").asc(nulls_first=True))
        ]
        return format_html_join("", "<div>{}: {} · {}</div>", said) if said else ""
