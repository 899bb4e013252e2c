"""Alerts: what has come to whom, one alert with its life, and what is done about it."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.generic import DetailView

from inventory import verbs
from inventory.errors import Refused
from inventory.paging import Page, counted, every, query_with, sifted_page_of
from inventory.sheets.columns import BATCH, Column, Sheet
from inventory.verbs import REGISTRY
from inventory.views.common import FloorView, actor, key_of
from inventory.views.verbs import path_of
from inventory.wording import full_name
from inventory.zones import zone_of
from staging.alerting import telling
from staging.alerting.addressed import unanswered
from staging.filters import AlertFilter
from staging.models import Alert, AlertStep
from staging.views import alert_acts
from staging.views.alerts_together import RELATED, Row
from staging.views.files import AsFile
from staging.views.lists import ListPage
from staging.views.lot_parts import Entry


def detail_of(alert: Alert) -> str:
    return alert.detail_in_words


def _of_commitment(path: str) -> Callable[[Alert], Any]:
    """What the commitment says that the alert is about, if it is about one."""
    read = attrgetter(path)
    return lambda alert: read(alert.commitment) if alert.commitment else None


class AlertListView(ListPage):
    """Open alerts that have come to whoever looks, the most urgent first, then the oldest."""

    template_name = "staging/alert_list.html"
    reads = ("staging.view_alert",)
    filterset_class = AlertFilter
    section = "alerts"
    columns = (
        Column("id", _("Number"), lambda alert: alert.pk),
        Column("reason", _("Reason"), lambda alert: alert.get_reason_display()),
        Column("detail", _("Detail"), detail_of),
        Column("severity", _("Severity"), lambda alert: alert.get_severity_display()),
        Column("level", _("Level"), lambda alert: alert.get_level_display()),
        Column("raised_at", _("Raised at"), lambda alert: alert.raised_at),
        Column("times", _("Times raised"), lambda alert: alert.times),
        Column("lot", _("Lot"), lambda alert: alert.lot and alert.lot.code),
        Column("material", _("Material"), lambda alert: alert.lot and alert.lot.material.code),
        Column("quantity", _("Quantity"), _of_commitment("quantity")),
        Column("unit", _("Unit"), lambda alert: alert.lot and alert.lot.material.base_unit_id),
        Column("site", _("Site"), lambda alert: alert.site.code),
        Column("location", _("Location"), lambda alert: alert.location and alert.location.code),
        Column("container", _("Container"), lambda alert: alert.container and alert.container.code),
        Column("demand", _("Demand"), lambda alert: alert.demand and alert.demand.reference),
        Column("needed_at", _("Needed at"), lambda alert: alert.demand and alert.demand.needed_at),
        Column("assigned_to", _("Assigned to"), lambda alert: full_name(alert.assigned_to)),
        Column("acknowledged_at", _("Acknowledged"), lambda alert: alert.acknowledged_at),
        Column("acknowledged_by", _("By"), lambda alert: full_name(alert.acknowledged_by)),
        Column("why", _("Why"), lambda alert: alert.acknowledge_reason),
        Column("snoozed_until", _("Snoozed until"), lambda alert: alert.snoozed_until),
        Column("escalates_at", _("Escalates at"), lambda alert: alert.escalates_at),
        Column("closed_at", _("Closed"), lambda alert: alert.closed_at),
    )

    def rows(self) -> QuerySet[Alert]:
        return Alert.objects.select_related(*RELATED)

    def shown(self, chosen: Any) -> QuerySet[Alert]:
        return AlertFilter.shown(chosen, self.request.user)

    @property
    def only_open(self) -> bool:
        return not self.asked.get("state")

    def order(self) -> str:
        return "urgency" if self.only_open else "pk"

    def page_of(self, rows: QuerySet[Any]) -> Page[Any]:
        """By urgency where it counts; what is closed, by when it was raised, the newest first."""
        return sifted_page_of(
            rows, self.request.GET, column=self.order(), newest=not self.only_open
        )

    def complete(self, page: Page[Any]) -> dict[str, Any]:
        """What can be done about several of them at once, and which are ticked already."""
        everyone = self.asked.get("ticked") == "all"
        rows = [Row(alert, ticked=everyone and alert.closed_at is None) for alert in page.rows]
        offered = alert_acts.offered(self.request.user, page.rows)
        return {
            "rows": rows,
            "offered": [REGISTRY[name] for name in offered],
            "tickable": bool(offered),
            "open_count": sum(row.alert.closed_at is None for row in rows),
            "all_ticked": query_with(self.asked, "ticked", ticked="all"),
            "back": query_with(self.asked, "ticked").removeprefix("?"),
        }

    def sheet(self) -> Sheet:
        found = self.found(self.filterset_class(self.asked, queryset=self.rows()))
        return Sheet(
            name=self.section,
            columns=self.columns,
            found=found,
            batches=lambda: every(found, self.order(), down=not self.only_open, size=BATCH),
        )


class AlertCountView(FloorView, View):
    """How many alerts wait for whoever looks, as a bare number; nothing for none."""

    reads = ("staging.view_alert",)

    def get(self, request: HttpRequest) -> HttpResponse:
        count, more = counted(unanswered(request.user))
        return HttpResponse(f"{count}+" if more else str(count or ""), content_type="text/plain")


class AlertView(FloorView, AsFile, DetailView[Alert]):
    """One alert: what, where, why, what happens next, what has happened, and what can be done."""

    model = Alert
    template_name = "staging/alert.html"
    reads = ("staging.view_alert",)
    refusal: Refused | None = None
    said: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    """What was typed and refused, by verb: it is there still."""

    def get_queryset(self) -> QuerySet[Alert]:
        return Alert.objects.select_related(*RELATED)

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> Any:
        with timezone.override(zone_of(self.object.site)):
            context |= self._history()
            answer: Any = super().render_to_response(context, **kwargs)
            return answer.render()

    def _history(self) -> dict[str, Any]:
        rule = telling.rule_of(self.object)
        linked = self.request.user.has_perm("inventory.view_auditentry")
        entries = [_entry(step, linked=linked) for step in telling.steps_of(self.object)]
        return {
            "rule": rule,
            "next": telling.next_of(self.object, rule),
            "history": entries[::-1],
            "minutes": alert_acts.USUAL_SNOOZE,
            "snoozes": list(alert_acts.snoozes(rule.snooze_at_most)),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        alert, user = self.object, self.request.user
        return super().get_context_data(
            offered=alert_acts.offered(user, [alert]),
            people=alert_acts.people(user),
            said=self.said,
            detail=detail_of(alert),
            key=uuid4(),
            refusal=self.refusal,
            paths={name: path_of(name, alert=str(alert.pk)) for name in alert_acts.VERBS},
            section="alerts",
            **kwargs,
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do something about it, and come back to it."""
        verb, self.object = alert_acts.verb_asked(request.POST), self.get_object()
        asked = alert_acts.given_to(verb, request.POST)
        alert_acts.require(request, verb, [pk])
        try:
            line = alert_acts.line_of(verb, asked, pk)
            verbs.carry_out(
                verb, [line], by=actor(request), at=timezone.now(), key=key_of(request),
                asked=asked,
            )  # fmt: skip
        except Refused as refusal:
            self.refusal, self.said = refusal, {verb.name: asked}
            return self.get(request, pk=pk)
        messages.success(request, _DONE[verb.name])
        return redirect("staging:alert", pk)

    def sheet(self) -> Sheet:
        alert = self.get_object()
        steps = telling.steps_of(alert)
        return Sheet(
            name=f"alert-{alert.pk}", columns=STEPS, found=alert.steps.all(),
            zone=zone_of(alert.site), batches=lambda: iter([list(steps)]),
        )  # fmt: skip


_DONE = {
    "acknowledge": _("Acknowledged."),
    "snooze": _("Snoozed."),
    "wake": _("It waits again."),
    "assign_alert": _("Assigned."),
}

STEPS = (
    Column("at", _("When"), lambda step: step.at),
    Column("what", _("What"), telling.what),
    Column("level", _("Level"), lambda step: step.get_level_display()),
    Column("severity", _("Severity"), lambda step: step.get_severity_display()),
    Column("who", _("Who"), telling.who),
    Column("why", _("Why"), lambda step: step.reason),
    Column("until", _("Until"), lambda step: step.until),
    Column("assigned_to", _("Assigned to"), lambda step: full_name(step.assigned_to)),
    Column("detail", _("Detail"), lambda step: step.detail),
)


def _entry(step: AlertStep, *, linked: bool) -> Entry:
    icon, tone = telling.DRAWN[step.kind]
    url = f"{reverse('staging:audit')}?batch={step.batch}" if linked and step.batch else ""
    return Entry(
        when=step.at, who=telling.who(step), what=telling.what(step), why=step.reason, surface="",
        icon=icon, tone=tone, url=url, claimed_at=None,
    )  # fmt: skip
