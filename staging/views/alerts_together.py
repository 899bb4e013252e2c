"""One thing done about many alerts: chosen on the list, said once, done in one request."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View

from inventory import verbs
from inventory.errors import Refused
from inventory.verbs import Verb
from inventory.views.common import FloorView, actor, key_of
from staging.alerting.life import Rules
from staging.models import Alert
from staging.views import alert_acts

RELATED = (
    "site", "demand", "lot__material__base_unit", "location__site", "container",
    "acknowledged_by", "assigned_to", "commitment__dwell_policy",
)  # fmt: skip

MOST = 200
"""More than a page has; whoever wants more asks the API."""


@dataclass(frozen=True, slots=True)
class Row:
    """An alert in a list, whether it is ticked, and why nothing was done about it."""

    alert: Alert
    ticked: bool = False
    refusals: Sequence[dict[str, Any]] = ()


def numbers_in(given: QueryDict) -> list[int]:
    """The alerts that a request names, as far as they are numbers."""
    found = [int(text) for text in given.getlist("alert") if text.isdecimal() and len(text) < 19]
    return list(dict.fromkeys(found))[:MOST]


def chosen(keys: Iterable[int]) -> list[Alert]:
    """The alerts of these numbers, as the list orders them."""
    rows: QuerySet[Alert] = Alert.objects.filter(pk__in=list(keys)).select_related(*RELATED)
    return list(rows.order_by("urgency", "pk"))


def list_url(given: QueryDict) -> str:
    """The list that somebody came from, as it was narrowed down."""
    query = QueryDict(given.get("back", "").replace("\x00", "")).urlencode()
    return f"{reverse('staging:alert_list')}{'?' if query else ''}{query}"


class AlertsTogetherView(FloorView, View):
    """Asks once what a verb wants to know, and does it about all that is ticked.

    What can be done is done. The alerts about which it cannot, stay, each with its refusal, ticked,
    and with them what was typed.
    """

    reads = ("staging.view_alert",)

    def get(self, request: HttpRequest) -> HttpResponse:
        verb, alerts = alert_acts.verb_asked(request.GET), chosen(numbers_in(request.GET))
        alert_acts.require(request, verb, [alert.pk for alert in alerts])
        if not alerts:
            return self._none_ticked(request.GET)
        return self._page(verb, [Row(alert, ticked=True) for alert in alerts], request.GET)

    def post(self, request: HttpRequest) -> HttpResponse:
        verb, alerts = alert_acts.verb_asked(request.POST), chosen(numbers_in(request.POST))
        alert_acts.require(request, verb, [alert.pk for alert in alerts])
        if not alerts:
            return self._none_ticked(request.POST)
        try:
            results = self._do(verb, alerts, request.POST)
        except Refused as refusal:
            rows = [Row(alert, ticked=True) for alert in alerts]
            return self._page(verb, rows, request.POST, refusal=refusal)
        left = {n: result["errors"] for n, result in enumerate(results) if "errors" in result}
        done = done_in_words(verb.name, len(alerts) - len(left))
        if not left:
            messages.success(request, done)
            return redirect(list_url(request.POST))
        rows = [Row(alerts[n], ticked=True, refusals=why) for n, why in left.items()]
        return self._page(verb, rows, request.POST, done=done if len(left) < len(alerts) else "")

    def _do(self, verb: Verb, alerts: Sequence[Alert], given: QueryDict) -> list[dict[str, Any]]:
        """A result for each of the alerts. Raises Refused where what was typed cannot be read."""
        said = alert_acts.given_to(verb, given)
        line = alert_acts.line_of(verb, said, alerts[0].pk)
        answer, _replayed = verbs.carry_out(
            verb, [replace(line, alert=alert) for alert in alerts],
            by=actor(self.request), at=timezone.now(), key=key_of(self.request),
            asked={**said, "alerts": [alert.pk for alert in alerts]}, partial=True,
        )  # fmt: skip
        found: list[dict[str, Any]] = answer["results"]
        return found

    def _none_ticked(self, given: QueryDict) -> HttpResponse:
        messages.warning(self.request, _("Tick the alerts first that it is about."))
        return redirect(list_url(given))

    def _page(
        self, verb: Verb, rows: Sequence[Row], given: QueryDict, *,
        refusal: Refused | None = None, done: str = "",
    ) -> HttpResponse:  # fmt: skip
        alerts, user = [row.alert for row in rows], self.request.user
        minutes = given.get("minutes", "")
        context = {
            "verb": verb,
            "title": title_of(verb.name, len(rows)),
            "rows": rows,
            "tickable": True,
            "acting": True,
            "refusal": refusal,
            "refused": any(row.refusals for row in rows),
            "done": done,
            "said": alert_acts.given_to(verb, given),
            "minutes": int(minutes) if minutes.isdecimal() else alert_acts.USUAL_SNOOZE,
            "assignee": given.get("assignee", user.get_username()),
            "snoozes": self._snoozes(alerts) if verb.name == "snooze" else [],
            "people": alert_acts.people(user) if verb.name == "assign_alert" else [],
            "back": given.get("back", ""),
            "list_url": list_url(given),
            "key": uuid4(),
            "section": "alerts",
        }
        return render(self.request, "staging/alerts_together.html", context)

    def _snoozes(self, alerts: Sequence[Alert]) -> list[tuple[int, str]]:
        """As long as the rule of any of them lets; where it is too long for one, that one says."""
        rules = Rules()
        spans = [rules.of(alert).snooze_at_most for alert in alerts]
        return list(alert_acts.snoozes(max((span for span in spans if span), default=None)))


def title_of(name: str, count: int) -> str:
    words = {
        "acknowledge": ngettext(
            "Acknowledge %(count)d alert", "Acknowledge %(count)d alerts", count
        ),
        "snooze": ngettext("Snooze %(count)d alert", "Snooze %(count)d alerts", count),
        "wake": ngettext("Wake %(count)d alert", "Wake %(count)d alerts", count),
        "assign_alert": ngettext("Assign %(count)d alert", "Assign %(count)d alerts", count),
    }
    return words[name] % {"count": count}


def done_in_words(name: str, count: int) -> str:
    words = {
        "acknowledge": ngettext(
            "%(count)d alert acknowledged.", "%(count)d alerts acknowledged.", count
        ),
        "snooze": ngettext("%(count)d alert snoozed.", "%(count)d alerts snoozed.", count),
        "wake": ngettext("%(count)d alert waits again.", "%(count)d alerts wait again.", count),
        "assign_alert": ngettext("%(count)d alert assigned.", "%(count)d alerts assigned.", count),
    }
    return words[name] % {"count": count}
