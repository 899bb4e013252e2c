"""The weekly report in the admin: who gets it, and what became of each mail."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.admin.base import Refusable, RefusableForm, actor
from inventory.admin.mail import MailAdmin
from staging.models import ReportChoice, ReportMail
from staging.report.choosing import choose_report


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


@admin.register(ReportMail)
class ReportMailAdmin(MailAdmin[ReportMail]):
    """Each mail of a report. One that was sent can be had again: its reader may have lost it."""

    permission = "staging.send_report"
    recorded_as = "staging.send_report_again"

    list_display = ("week", "shown", "to", "attempts", "next_try", "error")
    list_filter = (*MailAdmin.list_filter, ("week", admin.DateFieldListFilter))
    fields = (
        "week", "user", "shown", "packed_at", "address", "attempts", "next_try", "give_up_after",
        "settled_at", "error", "number",
    )  # fmt: skip
