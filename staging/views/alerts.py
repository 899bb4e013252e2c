"""Alerts: what the clock has flagged, and who has taken it up."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views import View

from inventory.paging import counted
from inventory.views.common import FloorView
from staging.filters import AlertFilter
from staging.models import Alert
from staging.views.lists import ListPage


class AlertListView(ListPage):
    """Open alerts, the oldest first: it has waited longest."""

    template_name = "staging/alert_list.html"
    reads = ("staging.view_alert",)
    filterset_class = AlertFilter
    section = "alerts"

    def rows(self) -> QuerySet[Alert]:
        return Alert.objects.select_related(
            "lot__material__base_unit", "location__site", "container", "acknowledged_by",
            "commitment__requirement__demand",
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
