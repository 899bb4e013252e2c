"""Refused attempts: what the plant nearly did, counted, drawn and listed."""

from collections.abc import Callable, Sequence
from datetime import date
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory import audit_words
from inventory.models import Lot, RefusedAttempt
from inventory.paging import Page, counted, sifted_page_of
from inventory.sheets.columns import Column, Sheet
from inventory.wording import day_in_words, full_name
from quality import near_misses
from quality.near_misses import Family, NearMisses, Step
from staging.charts import plot
from staging.filters import AttemptFilter
from staging.views.columns import code
from staging.views.lists import ListPage


class AttemptsView(ListPage):
    """The period's attempts by reason, place and day, and one by one, the newest first."""

    template_name = "staging/attempts.html"
    reads = ("inventory.view_refusedattempt",)
    filterset_class = AttemptFilter
    section = "attempts"
    leaves_on_record = True
    columns = (
        Column("id", _("Number"), lambda one: one[0].pk),
        Column("recorded_at", _("When"), lambda one: one[0].recorded_at),
        Column("who", _("Who"), lambda one: full_name(one[0].actor)),
        Column("surface", _("Through"), lambda one: one[0].get_surface_display()),
        Column("tried", _("Tried"), lambda one: one[1]),
        Column("lot", _("Lot"), lambda one: code(one[0].lot)),
        Column("material", _("Material"), lambda one: code(one[0].material)),
        Column("quantity", _("Quantity"), lambda one: one[0].quantity),
        Column("unit", _("Unit"), lambda one: one[0].counted_in),
        Column("place", _("Lane or place"), lambda one: code(one[0].location)),
        Column("container", _("Container"), lambda one: code(one[0].container)),
        Column("demand", _("Demand"), lambda one: one[0].demand),
        Column("message", _("Why it was refused"), lambda one: one[0].message),
        Column("code", _("Code"), lambda one: one[0].code),
        Column("rule", _("Rule"), lambda one: one[2]),
        Column("asked", _("Asked"), lambda one: one[0].asked),
        Column("batch", _("Batch"), lambda one: one[0].batch),
    )

    newest = True

    def sheet(self) -> Sheet:
        """All of them, one by one, or one of the tables above them."""
        table = TABLES.get(self.request.GET.get("table", ""))
        if table is None:
            return super().sheet()
        columns, rows = table
        found = self.near_misses(AttemptFilter(self.asked))
        name = f"refused-by-{self.request.GET['table']}"
        return Sheet(name=name, columns=columns, batches=lambda: [rows(found)])

    @property
    def asked(self) -> QueryDict:
        """Of the last days, unless the address says since when, be it since ever."""
        asked = self.request.GET.copy()
        if "since" not in asked:
            asked["since"] = near_misses.usual_start().isoformat()
        return asked

    def rows(self) -> QuerySet[RefusedAttempt]:
        return RefusedAttempt.objects.select_related(
            "actor", "lot", "material", "location", "container"
        )

    def order(self) -> str:
        return "recorded_at"

    def page_of(self, rows: QuerySet[RefusedAttempt]) -> Page[RefusedAttempt]:
        return sifted_page_of(rows, self.request.GET, column=self.order(), newest=self.newest)

    def entries(self, rows: list[RefusedAttempt]) -> list[Any]:
        texts = near_misses.rule_texts(row.rule for row in rows)
        return [(row, audit_words.verb_label(row.verb), texts.get(row.rule, "")) for row in rows]

    def near_misses(self, chosen: AttemptFilter) -> NearMisses:
        """What the filter finds, counted. A filter that makes no sense finds nothing."""
        if not chosen.form.is_valid():
            return near_misses.count(RefusedAttempt.objects.none())
        days = chosen.form.cleaned_data
        found: QuerySet[RefusedAttempt] = chosen.qs
        return near_misses.count(found, since=days["since"], until=days["until"])

    def complete(self, page: Page[RefusedAttempt]) -> dict[str, Any]:
        found = self.near_misses(AttemptFilter(self.asked))
        query = self.asked
        query.pop("cursor", None)
        return {
            "found": found,
            "chart": _chart(found),
            "middle": found.over_time[len(found.over_time) // 2].since,
            "families": [(one.value, one.label, getattr(found.total, one)) for one in Family],
            "reasons": [(one, _narrowed(query, code=one.code, rule=one.rule or "")) for one in
                        found.by_reason],
            "places": [(one, _narrowed(query, place=one.location.code) if one.location else "")
                       for one in found.by_place],
            "steps": [one for one in reversed(found.over_time) if one.attempts],
            "query": query.urlencode(),
            "time_zone": timezone.get_current_timezone_name(),
        }  # fmt: skip


def of_lot(lot: Lot) -> dict[str, Any]:
    """How often something was refused with a lot, and where that is listed."""
    count, more = counted(RefusedAttempt.objects.filter(lot=lot))
    query = urlencode({"lot": lot.code, "since": ""})
    return {"count": count, "more": more, "url": f"{reverse('staging:attempts')}?{query}"}


def _narrowed(query: QueryDict, **also: Any) -> str:
    asked = query.copy()
    for name, value in also.items():
        asked[name] = str(value)
    return f"?{asked.urlencode()}"


def _chart(found: NearMisses) -> plot.Chart:
    return plot.chart([plot.Step(_words(one, found.step), _kinds(one)) for one in found.over_time])


def _kinds(step: Step) -> dict[str, int]:
    """The pieces of a bar, the lowest first."""
    return {family.value: getattr(step, family) for family in Family}


def _words(one: Step, step: str) -> str:
    """What a bar says: `2026-05-31: 4 (2 quality, 1 permission or signature, …)`."""
    parts = [f"{Family(kind).label}: {amount}" for kind, amount in _kinds(one).items() if amount]
    return "\n".join([f"{period(one.since, step)}: {one.attempts}", *parts])


def period(since: date, step: str) -> str:
    """A day, a week from its Monday, or a month, as it stands in table and drawing."""
    if step == "month":
        return date_format(since, "YEAR_MONTH_FORMAT")
    if step == "week":
        return gettext("week from %(day)s") % {"day": day_in_words(since)}
    return date_format(since, "SHORT_DATE_FORMAT")


# --- the tables above the list, as files --------------------------------------------------------

ATTEMPTS = Column("attempts", _("Attempts"), attrgetter("attempts"))
FAMILIES = [Column(one.value, one.label, attrgetter(one.value)) for one in Family]

REASONS = (
    Column("reason", _("Reason"), lambda one: one.words),
    Column("code", _("Code"), lambda one: one.code),
    Column("rule", _("Rule no."), lambda one: one.rule),
    Column("rule_version", _("Version"), lambda one: one.rule_version),
    Column("rule_text", _("Rule"), lambda one: one.rule_text),
    ATTEMPTS,
    Column("lots", _("Lots"), lambda one: one.lots),
    Column("people", _("People"), lambda one: one.people),
    Column("last_at", _("Last"), lambda one: one.last_at),
)
PLACES = (
    Column("place", _("Place"), lambda one: code(one.location)),
    Column("name", _("Name"), lambda one: one.location.name if one.location else ""),
    ATTEMPTS,
    *FAMILIES,
)
DAYS = (Column("since", _("From"), lambda one: one.since), ATTEMPTS, *FAMILIES)

TABLES: dict[str, tuple[Sequence[Column], Callable[[NearMisses], Sequence[Any]]]] = {
    "reasons": (REASONS, lambda found: found.by_reason),
    "places": (PLACES, lambda found: found.by_place),
    "days": (DAYS, lambda found: found.over_time),
}
