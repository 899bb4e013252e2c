"""The weekly report in the admin: who gets it, and what became of each mail."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inventory.admin.base import HistoryAdmin, Refusable, RefusableForm, actor, require
from inventory.errors import Refused
from inventory.templatetags.components import badge
from staging.models import ReportChoice, ReportMail
from staging.report import sending
from staging.report.choosing import choose_report

SEND = "staging.send_report"


class ChoiceForm(RefusableForm[ReportChoice]):
    class Meta:
        model = ReportChoice
        fields = ("user", "role", "wanted", "sites")


@admin.register(ReportChoice)
class ReportChoiceAdmin(Refusable[ReportChoice]):
    """People choose for themselves on the report's page; here it is chosen for them, or a role."""

    form = ChoiceForm
    list_display = ("recipient", "wanted", "of_sites", "changed_at")
    list_filter = ("wanted",)
    list_select_related = ("user", "role")
    search_fields = ("user__username", "role__name")
    autocomplete_fields = ("sites",)
    ordering = ("role__name", "user__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportChoice]:
        return super().get_queryset(request).prefetch_related("sites")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(
        self, request: HttpRequest, obj: ReportChoice | None = None
    ) -> tuple[str, ...]:
        return ("user", "role") if obj else ()

    def save_model(self, request: HttpRequest, obj: ReportChoice, form: Any, change: bool) -> None:
        given = form.cleaned_data
        made = choose_report(
            user=obj.user, role=obj.role, wanted=given["wanted"], sites=given["sites"],
            by=actor(request), at=timezone.now(),
        )  # fmt: skip
        obj.pk = made.pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The action has kept the sites."""

    @admin.display(description=_("recipient"))
    def recipient(self, row: ReportChoice) -> str:
        return str(row)

    @admin.display(description=_("sites"))
    def of_sites(self, row: ReportChoice) -> str:
        return ", ".join(site.code for site in row.sites.all()) or str(_("all"))


STATES = {
    "sent": ("ok", "check-lg", _("Sent")),
    "waits": ("info", "clock", _("Waits")),
    "sending": ("info", "clock", _("Being sent")),
    "failed": ("warn", "arrow-repeat", _("Failed, is tried again")),
    "given_up": ("bad", "x-octagon-fill", _("Failed, given up")),
    "unknown": ("bad", "question-circle", _("Broken off: may have gone out")),
}


@admin.register(ReportMail)
class ReportMailAdmin(HistoryAdmin[ReportMail]):
    """Each mail of a report: sent, tried again, or given up."""

    list_display = ("week", "user", "state", "address", "attempts", "sent_at", "error")
    list_filter = (("week", admin.DateFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("user__username", "address")
    ordering = ("-pk",)
    fields = (
        "week", "user", "state", "address", "due_at", "claimed_at", "attempts", "failed_at",
        "error", "sent_at",
    )  # fmt: skip
    readonly_fields = ("state",)
    actions = ("send_again",)

    @admin.display(description=_("state"))
    def state(self, row: ReportMail) -> str:
        return badge(*STATES[sending.state_of(row, timezone.now())])

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SEND)

    @admin.action(description=_("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[ReportMail]) -> None:
        require(request, SEND)
        sent = 0
        for mail in queryset:
            try:
                sending.send_again(mail=mail, by=actor(request), at=timezone.now())
                sent += 1
            except Refused as refusal:
                messages.error(request, f"{mail}: {refusal.text} {refusal.hint}")
        if sent:
            said = ngettext(
                "%(count)d report is sent within minutes.",
                "%(count)d reports are sent within minutes.",
                sent,
            )
            messages.success(request, said % {"count": sent})
