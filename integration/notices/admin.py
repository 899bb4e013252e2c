"""Notifications in the admin: what each role is told, and every e-mail that was to be sent."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integration.models import MailState, NoticeMail, NoticeRule
from integration.notices import actions
from integration.notices.forms import DaysField
from inventory.admin import cells
from inventory.admin.base import HistoryAdmin, MasterAdmin, MasterForm, actor

BADGES = {
    MailState.WAITING: ("info", "hourglass-split"),
    MailState.SENT: ("ok", "check-circle-fill"),
    MailState.GIVEN_UP: ("bad", "x-octagon-fill"),
    MailState.NEEDLESS: ("calm", "slash-circle-fill"),
}
FAILING = "failing"


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


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(FAILING, _("Tried in vain, and waiting")), *MailState.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == FAILING:
            return queryset.failing()
        known = self.value() in MailState.values
        return queryset.filter(state=self.value()) if known else queryset


@admin.register(NoticeMail)
class NoticeMailAdmin(HistoryAdmin[NoticeMail]):
    """Every e-mail about alerts: sent, waiting with its last error, or given up."""

    list_display = ("packed_at", "shown", "to", "told", "attempts", "next_try", "error")
    list_filter = (StateFilter, ("packed_at", admin.DateFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("=user__username", "=user__email")
    search_help_text = _("A user name or an address")
    ordering = ("-pk",)
    fields = (
        "user", "shown", "packed_at", "address", "told", "attempts", "next_try", "give_up_after",
        "settled_at", "error", "number", "about",
    )  # fmt: skip
    readonly_fields = ("shown", "next_try", "about")
    actions = ("try_again",)

    @admin.display(description=_("state"))
    def shown(self, row: NoticeMail) -> str:
        state = MailState(row.state)
        if state == MailState.WAITING and row.error:
            return cells.badge("warn", "exclamation-triangle-fill", _("Tried in vain, and waiting"))
        return cells.badge(*BADGES[state], state.label)

    @admin.display(description=_("to"))
    def to(self, row: NoticeMail) -> str:
        return f"{row.user.get_username()} <{row.address or row.user.email or cells.EMPTY}>"

    @admin.display(description=_("tried again at"))
    def next_try(self, row: NoticeMail) -> Any:
        return row.next_attempt_at if row.state == MailState.WAITING else cells.EMPTY

    @admin.display(description=_("what it was packed for"))
    def about(self, row: NoticeMail) -> str:
        count = row.notices.count()
        said = ngettext("%(count)d notification", "%(count)d notifications", count)
        return said % {"count": count}

    def has_try_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integration.change_noticemail")

    @admin.action(description=_("Try again"), permissions=["try"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[NoticeMail]) -> None:
        chosen = list(queryset.values_list("pk", flat=True))
        tried = actions.try_again(mails=chosen, by=actor(request), at=timezone.now())
        if tried:
            said = ngettext(
                "%(count)d e-mail is tried again within seconds.",
                "%(count)d e-mails are tried again within seconds.",
                tried,
            )
            messages.success(request, said % {"count": tried})
        if left := len(chosen) - tried:
            said = ngettext(
                "%(count)d was left alone: it was sent, or there was nothing left to tell.",
                "%(count)d were left alone: they were sent, or there was nothing left to tell.",
                left,
            )
            messages.warning(request, said % {"count": left})
