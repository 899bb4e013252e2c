"""Writing dwell policies, putting them into force, and keeping calendars, for programs.

Verbs of the API alone: people have the admin's pages for the same.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from inventory.api.verbs import VerbView
from inventory.verbs import Verb
from staging import actions
from staging.actions.calendars import calendar_of, special_day_of
from staging.models import DwellSet

GROUP = _("Dwell policies and calendars")

DRAFT = Verb(
    "staging", "draft_dwell", _("Draft dwell policies"), actions.write_dwell, actions.DwellDraft,
    group=GROUP, changes="draft",
    help=_("Write policies into a draft, which somebody else puts into force."),
)  # fmt: skip
ACTIVATE = Verb(
    "staging", "activate_dwell", _("Put dwell policies into force"), actions.enforce_dwell,
    actions.DwellActivation, group=GROUP, changes="draft",
    help=_("Have a draft count that somebody else has written."),
)  # fmt: skip
CALENDAR = Verb(
    "staging", "put_calendar", _("Put a site calendar"), actions.put_calendar,
    actions.CalendarLine, group=GROUP, changes="valid_from",
    help=_("Say which shifts a site has from a day on."),
)  # fmt: skip
SPECIAL_DAY = Verb(
    "staging", "put_special_day", _("Put special days"), actions.put_special_day,
    actions.SpecialDayLine, group=GROUP, changes="day",
    help=_("Say which days of a site are holidays, or extra working days."),
)  # fmt: skip
VERBS = (DRAFT, ACTIVATE, CALENDAR, SPECIAL_DAY)


def _draft_of(line: Any) -> DwellSet | None:
    return DwellSet.objects.filter(version=line.draft).first() if line.draft else None


class WritingView(VerbView):
    """Finds what a line changes by what it says: no code names it."""

    found: Callable[[Any], Model | None] = None  # type: ignore[assignment]  # as_view() gives it

    def changed(self, line: Any) -> Model | None:
        return self.found(line)


def _view(verb: Verb, found: Callable[[Any], Model | None]) -> Any:
    kind = type(f"{verb.line.__name__}View", (WritingView,), {"found": staticmethod(found)})
    return kind.as_view(verb=verb)  # type: ignore[attr-defined]


VIEWS = {
    "draft-dwell": _view(DRAFT, _draft_of),
    "activate-dwell": _view(ACTIVATE, _draft_of),
    "put-calendar": _view(CALENDAR, calendar_of),
    "put-special-day": _view(SPECIAL_DAY, special_day_of),
}
