"""Refused attempts: what the plant nearly did, counted, drawn and listed."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inventory import audit_words
from inventory.audit_export import csv_line
from inventory.models import Lot, RefusedAttempt
from inventory.paging import Page, counted, sifted_page_of
from inventory.wording import day_in_words
from quality import near_misses
from quality.near_misses import Family, NearMisses, Step
from staging.charts import plot
from staging.filters import AttemptFilter
from staging.views.files import csv_file
from staging.views.lists import ListPage

DOWNLOADS = ("reasons", "places", "days")


class AttemptsView(ListPage):
    """The period's attempts by reason, place and day, and one by one, the newest first."""

    template_name = "staging/attempts.html"
    reads = ("inventory.view_refusedattempt",)
    filterset_class = AttemptFilter
    section = "attempts"

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> Any:
        download = self.request.GET.get("download")
        if download in DOWNLOADS:
            return _file(download, context["found"])
        return super().render_to_response(context, **kwargs)

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

    def page_of(self, rows: QuerySet[RefusedAttempt]) -> Page[RefusedAttempt]:
        return sifted_page_of(rows, self.request.GET, column="recorded_at", newest=True)

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
        for name in ("cursor", "download"):
            query.pop(name, None)
        texts = near_misses.rule_texts(row.rule for row in page.rows)
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
            "attempts": [(row, audit_words.verb_label(row.verb), texts.get(row.rule, ""))
                         for row in page.rows],
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
        return _("week from %(day)s") % {"day": day_in_words(since)}
    return date_format(since, "SHORT_DATE_FORMAT")


# --- as files -----------------------------------------------------------------------------------


def _file(download: str, found: NearMisses) -> StreamingHttpResponse:
    rows = {"reasons": _reasons, "places": _places, "days": _days}[download](found)
    return csv_file(f"refused-by-{download}", (csv_line(row) for row in rows))


def _reasons(found: NearMisses) -> Iterator[Iterable[Any]]:
    yield "code", "rule", "rule_version", "rule_text", "attempts", "lots", "people", "last_at"
    for one in found.by_reason:
        yield (
            one.code, one.rule, one.rule_version, one.rule_text, one.attempts, one.lots,
            one.people, one.last_at.isoformat(),
        )  # fmt: skip


def _places(found: NearMisses) -> Iterator[Iterable[Any]]:
    yield "place", "name", "attempts", *Family.values
    for one in found.by_place:
        code, name = (one.location.code, one.location.name) if one.location else ("", "")
        yield code, name, one.attempts, one.quality, one.person, one.other


def _days(found: NearMisses) -> Iterator[Iterable[Any]]:
    yield found.step, "attempts", *Family.values
    for one in found.over_time:
        yield one.since.isoformat(), one.attempts, one.quality, one.person, one.other
