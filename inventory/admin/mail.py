"""E-mails in the admin: sent, waiting with the last error, or given up, and tried again."""

from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inventory.admin import cells
from inventory.admin.base import HistoryAdmin, actor, require
from inventory.models.mail import MailState, OutgoingMail
from inventory.post import sending

BADGES = {
    MailState.WAITING: ("info", "hourglass-split"),
    MailState.SENT: ("ok", "check-circle-fill"),
    MailState.GIVEN_UP: ("bad", "x-octagon-fill"),
    MailState.NEEDLESS: ("calm", "slash-circle-fill"),
}
FAILING = "failing"

M = TypeVar("M", bound=OutgoingMail)


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


class MailAdmin(HistoryAdmin[M]):
    """Each kind says what else its list shows, who may have mails tried again, and what the audit
    trail calls that."""

    permission: ClassVar[str]
    recorded_as: ClassVar[str]

    list_filter: ClassVar[Any] = (StateFilter, ("packed_at", admin.DateFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("=user__username", "=user__email")
    search_help_text = _("A user name or an address")
    ordering = ("-pk",)
    readonly_fields: ClassVar[Any] = ("shown", "next_try")
    actions = ("try_again",)

    @admin.display(description=_("state"))
    def shown(self, row: M) -> str:
        state = MailState(row.state)
        if state == MailState.WAITING and row.error:
            return cells.badge("warn", "exclamation-triangle-fill", _("Tried in vain, and waiting"))
        return cells.badge(*BADGES[state], state.label)

    @admin.display(description=_("to"))
    def to(self, row: M) -> str:
        return f"{row.user.get_username()} <{row.address or row.user.email or cells.EMPTY}>"

    @admin.display(description=_("tried again at"))
    def next_try(self, row: M) -> Any:
        return row.next_attempt_at if row.state == MailState.WAITING else cells.EMPTY

    def has_try_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.permission)

    @admin.action(description=_("Try again"), permissions=["try"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        require(request, self.permission)
        chosen = list(queryset.values_list("pk", flat=True))
        tried = sending.try_again(
            self.model, mails=chosen, action=self.recorded_as, by=actor(request), at=timezone.now()
        )
        if tried:
            said = ngettext(
                "%(count)d e-mail is tried again within minutes.",
                "%(count)d e-mails are tried again within minutes.",
                tried,
            )
            messages.success(request, said % {"count": tried})
        if left := len(chosen) - tried:
            said = ngettext(
                "%(count)d was left alone: sent, being sent, or nothing left to tell.",
                "%(count)d were left alone: sent, being sent, or nothing left to tell.",
                left,
            )
            messages.warning(request, said % {"count": left})
