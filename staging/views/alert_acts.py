"""What the pages of alerts share of doing something about them: which verbs, and what they ask."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from inventory import attempts
from inventory.errors import Refused
from inventory.forms import form_for
from inventory.templatetags.components import span
from inventory.verbs import REGISTRY, Verb
from inventory.views.common import actor
from staging.models import Alert, Severity

VERBS = ("acknowledge", "snooze", "wake", "assign_alert")

SNOOZES = (15, 30, 60, 120, 240, 480, 720, 1440, 2880, 4320)
"""Minutes that are offered, as far as the rule lets."""

USUAL_SNOOZE = 60

MOST_PEOPLE = 200
"""More are not offered: they are named on the verb's own page."""


def verb_asked(given: QueryDict) -> Verb:
    """Which of them a request names. Raises Http404 for any other."""
    name = given.get("verb", "")
    if name not in VERBS:
        raise Http404
    return REGISTRY[name]


def require(request: HttpRequest, verb: Verb, alerts: list[int]) -> None:
    """Let pass who may do it. Of who may not, it is kept what they tried to do."""
    if not request.user.has_perm(verb.permission):
        attempts.record_denied(verb.permission, {"alert": alerts}, by=actor(request))
        raise PermissionDenied


def given_to(verb: Verb, given: QueryDict) -> dict[str, str]:
    """What a request says to a verb besides the alert."""
    names = {field.name for field in verb.fields} - {"alert"}
    return {key: value for key, value in given.items() if key in names and isinstance(value, str)}


def line_of(verb: Verb, said: dict[str, str], alert: int) -> Any:
    """The line of a verb about an alert. Raises Refused where what was said cannot be read."""
    form = form_for(verb.name)(said | {"alert": str(alert)})
    if not form.is_valid():
        raise _unread(form)
    return form.line()


def _unread(form: Any) -> Refused:
    """What could not be read, in the words of the form."""
    name, errors = next(iter(form.errors.as_data().items()))
    label = form[name].label if name in form.fields else ""
    text = f"{label}: {errors[0].messages[0]}" if label else errors[0].messages[0]
    return Refused(text, code="invalid", field=name, hint=_("Nothing has been done."))


def may(user: Any, alert: Alert, name: str) -> bool:
    """Whether a verb is offered on an open alert; the verb itself decides."""
    if alert.closed_at or not user.has_perm(REGISTRY[name].permission):
        return False
    match name:
        case "acknowledge":
            return alert.acknowledged_at is None
        case "wake":
            return alert.snoozed_until is not None
        case "snooze":
            return alert.severity != Severity.CRITICAL or user.has_perm("staging.snooze_critical")
    return True


def offered(user: Any, alerts: Iterable[Alert]) -> list[str]:
    """The verbs that any of the alerts is open to, for this person."""
    rows = list(alerts)
    return [name for name in VERBS if any(may(user, alert, name) for alert in rows)]


def snoozes(longest: timedelta | None) -> Iterator[tuple[int, str]]:
    """The spans that can be chosen: minutes, and in words."""
    for minutes in SNOOZES:
        length = timedelta(minutes=minutes)
        if longest and length <= longest:
            yield minutes, span(length)


def people(user: Any) -> list[User]:
    """To whom alerts can be given, by somebody who may."""
    if not user.has_perm(REGISTRY["assign_alert"].permission):
        return []
    rows = User.objects.with_perm("staging.view_alert").order_by("last_name", "username")
    return list(rows[:MOST_PEOPLE])
