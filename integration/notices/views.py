"""What somebody was told, as pages: the number at the bell, the list, and how they want it."""

from typing import Any, ClassVar

import django_filters as df
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from integration.models import Notice, NoticeChoice, NoticeMail
from integration.notices import actions
from integration.notices.forms import ChoiceForm, initial
from integration.notices.people import NEEDED, wish_for, wish_of
from inventory.filter_forms import ListFilter
from inventory.paging import counted
from inventory.sheets.columns import Column
from inventory.views.common import FloorView, actor
from staging.filters import ANY
from staging.models import Severity
from staging.views.lists import ListPage

FAILED_SHOWN = 3


class NoticeFilter(ListFilter):
    """Read or not, how grave, open or closed."""

    state = df.ChoiceFilter(
        label=_("State"), method="by_state", empty_label=_("All"),
        choices=(("unread", _("Unread")), ("open", _("Alert still open"))),
    )  # fmt: skip
    severity = df.ChoiceFilter(label=_("Severity"), choices=Severity, empty_label=ANY)

    class Meta:
        model = Notice
        fields: tuple[str, ...] = ()

    def by_state(self, rows: QuerySet[Notice], name: str, wanted: str) -> QuerySet[Notice]:
        return rows.filter(**{"read_at" if wanted == "unread" else "alert__closed_at": None})


class NoticeListView(ListPage):
    """The newest first."""

    template_name = "notices/list.html"
    reads = (NEEDED,)
    filterset_class = NoticeFilter
    section = "notices"
    newest = True
    columns: ClassVar[Any] = (
        Column("id", _("Number"), lambda row: row.pk),
        Column("at", _("When"), lambda row: row.at),
        Column("what", _("What happened"), lambda row: row.step.get_kind_display()),
        Column("severity", _("Severity"), lambda row: row.get_severity_display()),
        Column("reason", _("Reason"), lambda row: row.get_reason_display()),
        Column("alert", _("Alert"), lambda row: row.alert_id),
        Column("lot", _("Lot"), lambda row: row.alert.lot and row.alert.lot.code),
        Column("site", _("Site"), lambda row: row.alert.site.code),
        Column("location", _("Location"), lambda row: getattr(row.alert.location, "code", None)),
        Column("demand", _("Demand"), lambda row: row.alert.demand and row.alert.demand.reference),
        Column("read_at", _("Read at"), lambda row: row.read_at),
        Column("closed_at", _("Closed"), lambda row: row.alert.closed_at),
    )  # fmt: skip

    def rows(self) -> QuerySet[Notice]:
        return actions.of_user(self.request.user).select_related(
            "step__actor", "alert__site", "alert__lot__material", "alert__location",
            "alert__demand", "alert__acknowledged_by",
        )  # fmt: skip

    def complete(self, page: Any) -> dict[str, Any]:
        unread, more = unread_of(self.request.user)
        return {"unread": unread, "more_unread": more}


def unread_of(user: Any) -> tuple[int, bool]:
    """What somebody has not read, of alerts that are still open."""
    return counted(actions.of_user(user).filter(read_at=None, alert__closed_at=None))


class CountView(FloorView, View):
    """The number at the bell, bare; nothing for none."""

    reads = (NEEDED,)

    def get(self, request: HttpRequest) -> HttpResponse:
        count, more = unread_of(request.user)
        return HttpResponse(f"{count}+" if more else str(count or ""), content_type="text/plain")


class ReadView(FloorView, View):
    """Marks one as read and goes on to its alert, or all of them."""

    reads = (NEEDED,)

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        by, now = actor(request), timezone.now()
        if pk is None:
            count = actions.read_notices(by=by, at=now)
            messages.success(request, _("%(count)s marked as read.") % {"count": count})
            return redirect("notices:notice_list")
        row = actions.of_user(request.user).select_related("alert").filter(pk=pk).first()
        if row is None:
            raise Http404
        actions.read_notices(notices=[pk], by=by, at=now)
        if "open" in request.POST:
            return redirect("staging:alert", row.alert_id)
        return redirect("notices:notice_list")


class SettingsView(FloorView, View):
    """How somebody is told."""

    reads = (NEEDED,)

    def get(self, request: HttpRequest) -> HttpResponse:
        row = NoticeChoice.objects.filter(pk=request.user.pk).first()
        form = ChoiceForm(initial=initial(row or NoticeChoice()), by_role=self._by_role())
        return self._page(request, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ChoiceForm(request.POST, by_role=self._by_role())
        if form.is_valid():
            try:
                actions.choose_notices(**form.cleaned_data, by=actor(request), at=timezone.now())
            except ValidationError as wrong:
                form.add_error(None, wrong)
            else:
                messages.success(request, _("Kept. It counts from what happens next."))
                return redirect("notices:settings")
        return self._page(request, form)

    def _by_role(self) -> Any:
        user = self.request.user
        roles: Any = [group.notice_rule for group in _roles(user)]
        return wish_of(user, roles, None)

    def _page(self, request: HttpRequest, form: ChoiceForm) -> HttpResponse:
        failed = NoticeMail.objects.filter(user=request.user.pk).exclude(error="")
        context = {
            "form": form,
            "wish": wish_for(request.user),
            "address": request.user.email,  # type: ignore[union-attr]  # asked to sign in
            "failed": failed.order_by("-pk")[:FAILED_SHOWN],
            "section": "notices",
        }
        return render(request, "notices/settings.html", context)


def _roles(user: Any) -> QuerySet[Any]:
    return user.groups.filter(notice_rule__isnull=False).select_related("notice_rule")  # type: ignore[no-any-return]
