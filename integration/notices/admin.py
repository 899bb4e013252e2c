"""Notifications in the admin: what each role is told, and every e-mail that was to be sent."""

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integration.models import NoticeMail, NoticeRule
from integration.notices.forms import DaysField
from inventory.admin import cells
from inventory.admin.base import MasterAdmin, MasterForm
from inventory.admin.mail import MailAdmin


class RuleForm(MasterForm[NoticeRule]):
    quiet_days = DaysField(label=_("Quiet hours that begin on"))
    days_off = DaysField(label=_("Quiet all day on"))

    class Meta:
        model = NoticeRule
        fields = "__all__"
        widgets = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            for name in ("quiet_from", "quiet_until")
        }


@admin.register(NoticeRule)
class NoticeRuleAdmin(MasterAdmin[NoticeRule]):
    """What members of a role are told of. What they have chosen themselves goes before."""

    form = RuleForm
    list_display = ("role", "level", "critical", "warning", "notice", "people", "without_address")
    list_select_related = ("role",)
    fieldsets = (
        (None, {"fields": ("role", "level", ("critical", "warning", "notice"), "reason")}),
        (
            _("When e-mail comes"),
            {
                "fields": (
                    "digest_times", ("quiet_from", "quiet_until"), "quiet_days", "days_off", "loud"
                )
            },
        ),
    )  # fmt: skip

    @admin.display(description=_("people"))
    def people(self, row: NoticeRule) -> int:
        return self._members(row).count()

    @admin.display(description=_("without an e-mail address"))
    def without_address(self, row: NoticeRule) -> str:
        """Who can be told in the app alone, by name."""
        names = list(self._members(row).filter(email="").values_list("username", flat=True))
        return ", ".join(names) or cells.EMPTY

    def _members(self, row: NoticeRule) -> QuerySet[User]:
        return row.role.user_set.filter(is_active=True).exclude(account__is_service=True)


@admin.register(NoticeMail)
class NoticeMailAdmin(MailAdmin[NoticeMail]):
    """Every e-mail about alerts: sent, waiting with its last error, or given up."""

    permission = "integration.change_noticemail"
    recorded_as = "notices.try_again"

    list_display = ("packed_at", "shown", "to", "told", "attempts", "next_try", "error")
    fields = (
        "user", "shown", "packed_at", "address", "told", "attempts", "next_try", "give_up_after",
        "settled_at", "error", "number", "about",
    )  # fmt: skip
    readonly_fields = (*MailAdmin.readonly_fields, "about")

    @admin.display(description=_("what it was packed for"))
    def about(self, row: NoticeMail) -> str:
        count = row.notices.count()
        said = ngettext("%(count)d notification", "%(count)d notifications", count)
        return said % {"count": count}
