"""Alerts: what the clock has flagged, and who has taken it up."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views import View

from inventory.paging import counted
from inventory.sheets.columns import Column
from inventory.templatetags.components import said
from inventory.views.common import FloorView
from inventory.wording import full_name
from staging.filters import AlertFilter
from staging.models import Alert, AlertReason
from staging.views.lists import ListPage


def _detail(alert: Alert) -> str:
    """A code of the gate in its words; other details are words already."""
    usable = alert.reason != AlertReason.NOT_USABLE or not alert.detail
    return alert.detail if usable else said([alert.detail])


def _of_commitment(path: str) -> Callable[[Alert], Any]:
    """What the commitment says that the alert is about, if it is about one."""
    read = attrgetter(path)
    return lambda alert: read(alert.commitment) if alert.commitment else None


class AlertListView(ListPage):
    """Open alerts, the oldest first: it has waited longest."""

    template_name = "staging/alert_list.html"
    reads = ("staging.view_alert",)
    filterset_class = AlertFilter
    section = "alerts"
    columns = (
        Column("id", _("Number"), lambda alert: alert.pk),
        Column("reason", _("Reason"), lambda alert: alert.get_reason_display()),
        Column("detail", _("Detail"), _detail),
        Column("raised_at", _("Raised at"), lambda alert: alert.raised_at),
        Column("lot", _("Lot"), lambda alert: alert.lot and alert.lot.code),
        Column("material", _("Material"), lambda alert: alert.lot and alert.lot.material.code),
        Column("quantity", _("Quantity"), _of_commitment("quantity")),
        Column("unit", _("Unit"), lambda alert: alert.lot and alert.lot.material.base_unit_id),
        Column("site", _("Site"), lambda alert: alert.site.code),
        Column("location", _("Location"), lambda alert: alert.location and alert.location.code),
        Column("container", _("Container"), lambda alert: alert.container and alert.container.code),
        Column("demand", _("Demand"), lambda alert: alert.demand and alert.demand.reference),
        Column("needed_at", _("Needed at"), lambda alert: alert.demand and alert.demand.needed_at),
        Column("acknowledged_at", _("Acknowledged"), lambda alert: alert.acknowledged_at),
        Column("acknowledged_by", _("By"), lambda alert: full_name(alert.acknowledged_by)),
        Column("why", _("Why"), lambda alert: alert.acknowledge_reason),
        Column("closed_at", _("Closed"), lambda alert: alert.closed_at),
    )

    def rows(self) -> QuerySet[Alert]:
        return Alert.objects.select_related(
            "site", "demand", "lot__material__base_unit", "location__site", "container",
            "acknowledged_by", "commitment__dwell_policy",
        )  # fmt: skip

    def shown(self, chosen: Any) -> QuerySet[Alert]:
        return AlertFilter.shown(chosen)


class AlertCountView(FloorView, View):
    """How many open alerts nobody has acknowledged, as a bare number; nothing for none."""

    reads = ("staging.view_alert",)

    def get(self, request: HttpRequest) -> HttpResponse:
        waiting = Alert.objects.open().filter(acknowledged_at=None)
        count, more = counted(waiting)
        return HttpResponse(f"{count}+" if more else str(count or ""), content_type="text/plain")
