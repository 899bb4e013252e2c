"""The small parts that stand in every row of a page: icons, badges, quantities, ages, fill levels.

Python draws them, not templates of their own: a board has five hundred, and to include a template
takes ten times as long as to format the same text.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from time import time
from typing import Any

from django import template
from django.conf import settings
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.utils.dateformat import format as format_date
from django.utils.formats import date_format, number_format
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from inventory.fields import Words
from inventory.paging import query_with
from inventory.sheets.columns import FileType

register = template.Library()

DUE_SOON = 1800
"""Seconds before a next step in which it counts as due soon."""

NOTHING = SafeString("")


@register.simple_tag(name="icon")
@lru_cache(maxsize=1024)
def draw_icon(name: str, size: str = "", alt: str = "") -> SafeString:
    """A symbol of `static/icons.svg`: spoken where it has an `alt`, else decoration."""
    return format_html(
        '<svg class="icon{}"{}><use href="{}#{}"/></svg>',
        f" icon-{size}" if size else "",
        format_html(' role="img" aria-label="{}"', alt) if alt else DECORATION,
        static("icons.svg"),
        name,
    )


DECORATION = SafeString(' aria-hidden="true"')


# --- choices ------------------------------------------------------------------------------------


@register.simple_tag
def options(groups: Iterable[tuple[str | None, Sequence[Mapping[str, Any]], int]]) -> SafeString:
    """The options of a select, as a widget's `optgroups` lists them.

    Django includes a template for each: a filter that names a hundred sites took 7 ms to draw.
    """
    drawn = [
        OPTGROUP.format(escape(name), _options(found)) if name else _options(found)
        for name, found, _at in groups
    ]
    return SafeString("\n".join(drawn))


OPTION = '<option value="{}"{}>{}</option>'
OPTGROUP = '<optgroup label="{}">{}</optgroup>'


def _options(found: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(
        OPTION.format(
            escape(option["value"]), flatatt(option["attrs"]), conditional_escape(option["label"])
        )
        for option in found
    )


# --- files --------------------------------------------------------------------------------------


@register.inclusion_tag("components/download.html", takes_context=True)
def download_menu(context: Any, *, recorded: bool = False, **tables: Words) -> dict[str, Any]:
    """The list of the page as a file, as it is filtered: a button with the kinds of file.

    `tables` are the labels of several lists, by what the page calls them in its address.
    """
    token = context.get("csrf_token")
    choices = file_choices(context)
    if tables:
        choices = [
            (f"{label}: {kind.label}", _file_of(context, kind, table))
            for table, label in tables.items()
            for kind in FileType
        ]
    return {"choices": choices, "recorded": recorded, "csrf_token": token}


@register.simple_tag(takes_context=True)
def file_choices(context: Any) -> list[tuple[Words, str]]:
    """The kinds of file, and the query of each."""
    return [(kind.label, _file_of(context, kind)) for kind in FileType]


@register.simple_tag(takes_context=True)
def download_links(context: Any, table: str = "") -> SafeString:
    """One of several tables of a page, beside its heading: a link for each kind of file."""
    return format_html_join(
        " · ",
        '<a href="{}" download>{}</a>',
        ((_file_of(context, kind, table), kind.label) for kind in FileType),
    )


def _file_of(context: Any, kind: FileType, table: str = "") -> str:
    asked = context["request"].GET
    of_table = {"table": table} if table else {}
    return query_with(
        asked, "after", "before", "cursor", "p", "table", download=kind.value, **of_table
    )


# --- badges -------------------------------------------------------------------------------------


@register.simple_tag
def badge(tone: str, icon: str, word: Words, *, struck: bool = False) -> SafeString:
    """A word with an icon on a tint: ok, warn, bad, info, calm, staged."""
    return format_html(
        '<span class="badge-mark tone-{}">{}<span{}>{}</span></span>',
        tone,
        draw_icon(icon),
        SafeString(' class="badge-struck"') if struck else NOTHING,
        word,
    )


STATUSES: dict[str, tuple[str, str, Words]] = {
    "quarantine": ("warn", "shield-exclamation", gettext_lazy("Quarantine")),
    "released": ("ok", "check-circle-fill", gettext_lazy("Released")),
    "restricted": ("info", "shield-lock-fill", gettext_lazy("Restricted")),
    "rejected": ("bad", "x-octagon-fill", gettext_lazy("Rejected")),
    "closed": ("calm", "archive-fill", gettext_lazy("Closed")),
    "expired": ("bad", "calendar-x-fill", gettext_lazy("Expired")),
    "retest_due": ("warn", "clipboard2-pulse-fill", gettext_lazy("Retest due")),
    "on_hold": ("bad", "pause-circle-fill", gettext_lazy("On hold")),
    "partly_on_hold": ("warn", "pause-circle-fill", gettext_lazy("Partly on hold")),
    "blocked": ("bad", "slash-circle-fill", gettext_lazy("Blocked")),
    "rule_denies": ("bad", "slash-circle-fill", gettext_lazy("Blocked by a rule")),
    "time_out_exceeded": ("bad", "thermometer-high", gettext_lazy("Out of storage too long")),
    "shelf_life_short": ("warn", "hourglass-split", gettext_lazy("Shelf life too short")),
}
"""Tone, icon and word of each quality status and of what the gate and the dates say."""

STATES: dict[str, tuple[str, str, Words]] = {
    "planned": ("calm", "calendar-event", gettext_lazy("Planned")),
    "staging": ("info", "box-arrow-in-down", gettext_lazy("Staging")),
    "ready": ("staged", "check2-square", gettext_lazy("Ready")),
    "started": ("info", "play-circle-fill", gettext_lazy("Started")),
    "completed": ("ok", "check2-all", gettext_lazy("Completed")),
    "cancelled": ("calm", "x-circle-fill", gettext_lazy("Cancelled")),
}
"""Tone, icon and word of each state of a demand."""


@register.simple_tag
def status_badge(status: str) -> SafeString:
    """A lot's quality status, stored or computed, or a stop code of the gate."""
    known = STATUSES.get(status.removeprefix("lot_"))
    return badge(*known) if known else badge("calm", "question-circle", status)


def said(statuses: Iterable[str]) -> str:
    """What the badges say, for a file."""
    known = {status: STATUSES.get(status.removeprefix("lot_")) for status in statuses}
    return ", ".join(str(found[2]) if found else status for status, found in known.items())


@register.simple_tag
def status_badges(statuses: Iterable[str]) -> SafeString:
    """What quality says of a lot, as `staging.stops.badges` finds it."""
    drawn = format_html_join("", "{}", ((status_badge(status),) for status in statuses))
    return format_html('<span class="badges">{}</span>', drawn)


@register.simple_tag
def state_badge(state: str) -> SafeString:
    """How far a demand has come."""
    known = STATES.get(state)
    if not known:
        return badge("calm", "question-circle", state)
    return badge(*known, struck=state == "cancelled")


# --- quantities ---------------------------------------------------------------------------------


@register.simple_tag
def quantity(value: Decimal | int | None, unit: str = "", *, large: bool = False) -> SafeString:
    """A quantity with its unit: exact, thousands grouped, no trailing zeros; a dash for none."""
    return _drawn_quantity(value, unit, get_language(), large=large)


@lru_cache(maxsize=8192, typed=True)
def _drawn_quantity(
    value: Decimal | int | None, unit: str, _language: str | None, *, large: bool
) -> SafeString:
    """What a language makes of a quantity. Most come again: a page of stock has twelve hundred, and
    took 20 of its 60 ms to draw them each anew. `typed`, as what is escaped is not what is safe.
    """
    return format_html(
        '<span class="qty{}"><span class="qty-value">{}</span>{}</span>',
        " qty-lg" if large else "",
        "–" if value is None else _spelled(value),  # noqa: RUF001
        format_html(' <span class="qty-unit">{}</span>', unit)
        if unit and value is not None
        else NOTHING,
    )


def _spelled(value: Decimal | int) -> str:
    whole, _point, decimals = f"{value:f}".partition(".") if value else ("0", "", "")
    decimals = decimals.rstrip("0")
    text = f"{whole}.{decimals}" if decimals else whole
    return number_format(text, len(decimals), force_grouping=True)


PARTS: dict[str, Words] = {
    "general": gettext_lazy("General"),
    "reserved": gettext_lazy("Reserved"),
    "staged": gettext_lazy("Staged"),
    "in_process": gettext_lazy("In process"),
    "in_transit": gettext_lazy("In transit"),
}
"""The parts of what is on hand, in their order."""


@register.simple_tag
def part_cells(split: Mapping[str, Decimal], unit: str, total_label: Words) -> SafeString:
    """A table row's cells for the five parts and their total, which alone names the unit."""
    parts = (
        (NOTHING if split[name] else " zero", label, quantity(split[name]))
        for name, label in PARTS.items()
    )
    return format_html(
        '{}<td class="num num-total" data-label="{}">{}</td>',
        format_html_join("", '<td class="num{}" data-label="{}">{}</td>', parts),
        total_label,
        quantity(split["total"], unit),
    )


@register.simple_tag
def fill(occupied: int, capacity: int | None, *, unit: str = "", name: str = "") -> SafeString:
    """How full a place is; without a capacity, how much stands there."""
    label = f"{name} " if name else ""
    if not capacity:
        return format_html(
            '<div class="fill"><div class="fill-label"><span>{}{}</span>'
            '<span class="quiet">{}</span></div></div>',
            label, quantity(occupied, unit), _("no limit set"),
        )  # fmt: skip
    percent = round(occupied / capacity * 100)
    return format_html(
        '<div class="fill {}"><div class="fill-label">'
        '<span>{}{} <span class="quiet">{}</span> {}</span>\n'
        '<span class="fill-word">{}</span></div>'
        '<div class="fill-bar" role="meter" aria-valuemin="0" aria-valuemax="100"'
        ' aria-valuenow="{}" aria-valuetext="{} %" aria-label="{}">'
        '<svg width="{}%" aria-hidden="true"></svg></div></div>',
        "tone-bad" if percent > 100 else "tone-warn" if percent >= 90 else "tone-ok",
        label, quantity(occupied), _("of"), quantity(capacity, unit), _fullness(percent),
        min(percent, 100), percent, name or _("Fill level"), percent,
    )  # fmt: skip


def _fullness(percent: int) -> str:
    if percent > 100:
        return _("Over capacity")
    if percent >= 100:
        return _("Full")
    return _("Nearly full") if percent >= 90 else _("%(percent)s %% full") % {"percent": percent}


# --- times --------------------------------------------------------------------------------------


@register.simple_tag
def age(
    since: datetime,
    limit_at: datetime | None = None,
    warn_at: datetime | None = None,
    *,
    show_limit: bool = False,
) -> SafeString:
    """Time since `since`: in time, due soon once it has warned, or overdue by its dwell limit.

    Kept true in the browser every half minute.
    """
    if not (limit_at or warn_at):
        return format_html(
            '<span class="age tone-calm">{}{}</span>', draw_icon("clock"), _ago(since)
        )
    start = int(since.timestamp())
    ends = [int(moment.timestamp()) if moment else NEVER for moment in (limit_at, warn_at)]
    limit, warning = ends
    step = next((number for number, end in enumerate(ends) if time() >= end), len(ends))
    tone, icon, _word = AGES[step]
    return format_html(
        '<span class="age {}" data-clock="age" data-limit="{}" data-warn="{}">{}\n{}{}\n{}</span>',
        tone, limit, warning, draw_icon(icon), _ago(since),
        _limit(limit - start, get_language()) if show_limit and limit_at else NOTHING,
        _age_word(step, get_language()),
    )  # fmt: skip


NEVER = 253_402_300_799
"""The last second of the calendar."""


@lru_cache(maxsize=64)
def _age_word(step: int, _language: str | None) -> SafeString:
    return format_html(
        '<span class="age-word" data-fresh="{}" data-soon="{}" data-late="{}">{}</span>',
        _("in time"), _("due soon"), _("overdue"), AGES[step][2],
    )  # fmt: skip


AGES: tuple[tuple[str, str, Words], ...] = (
    ("tone-bad", "exclamation-triangle-fill", gettext_lazy("overdue")),
    ("tone-warn", "hourglass-split", gettext_lazy("due soon")),
    ("tone-ok", "clock", gettext_lazy("in time")),
)
"""Tone, icon and word of what is past its limit, past its warning, and neither."""


def _ago(since: datetime) -> SafeString:
    return format_html(
        '<time datetime="{}" data-age>{}</time>', localtime(since).isoformat(), timesince(since)
    )


@lru_cache(maxsize=256)
def _limit(seconds: int, _language: str | None) -> SafeString:
    """The dwell limit itself, as a span of time. A plant has few of them."""
    return format_html(
        ' <span class="age-limit">{} <span data-duration="{}">{}</span></span>',
        _("of"), seconds, timesince(EPOCH, EPOCH + timedelta(seconds=seconds)),
    )  # fmt: skip


EPOCH = datetime(2001, 1, 1)  # noqa: DTZ001 - only spans of time are told from it


@register.filter
def span(length: timedelta | None) -> str:
    """A span of time in words; '' for none."""
    return timesince(EPOCH, EPOCH + length) if length else ""


@register.simple_tag
def dwell(row: Any) -> SafeString:
    """When staged stock warns and is critical, on the page's clock, and by which policy."""
    moments = ((_("warns"), row.warn_at), (_("critical"), row.due_at))
    said = [format_html("{} {}", word, _moment(at)) for word, at in moments if at]
    if not said and row.dwell_policy is None:
        return NOTHING
    by = row.dwell_policy.note if row.dwell_policy else _("limit of the lane or the material")
    times = format_html_join(" · ", "{}", ((each,) for each in said)) if said else _("may stay")
    return format_html('<span class="dwell quiet">{} · <span>{}</span></span>', times, by)


def _moment(at: datetime) -> SafeString:
    """The time of day; with the day of the week, or its date, where that is not today."""
    local, today = localtime(at), localtime().date()
    words = date_format(local, "TIME_FORMAT")
    if local.date() != today:
        near = abs((local.date() - today).days) < 7
        words = f"{date_format(local, 'D' if near else 'SHORT_DATE_FORMAT')} {words}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), words)


@register.simple_tag
def due(at: datetime, *, done: Any = False) -> SafeString:
    """When the next step needs it: due later, due soon or late, unless that is `done` with.

    Kept true in the browser every half minute.
    """
    here = localtime(at)
    when = (here.isoformat(), format_date(here, pgettext("date", "j M H:i")))
    if done:
        return format_html(
            '<span class="age tone-calm">{}\n<time datetime="{}">{}</time></span>',
            draw_icon("clock"), *when,
        )  # fmt: skip
    limit = int(at.timestamp())
    left = limit - int(time())
    tone, icon = (
        ("tone-bad", "exclamation-triangle-fill") if left < 0
        else ("tone-warn", "hourglass-split") if left <= DUE_SOON
        else ("tone-calm", "clock")
    )  # fmt: skip
    return format_html(
        '<span class="age {}" data-clock="due" data-limit="{}" data-soon="{}">{}\n'
        '<time datetime="{}">{}</time>\n'
        '<span class="age-word" data-in="{}" data-late="{}">{} {}</span></span>',
        tone, limit, DUE_SOON, draw_icon(icon), *when, _("in"), _("late by"),
        _("late by") if left < 0 else _("in"), timesince(at) if left < 0 else timeuntil(at),
    )  # fmt: skip


@register.simple_tag
def idle_seconds() -> int:
    """How long a sign-in lasts while nobody is there."""
    return int(settings.IDLE_SECONDS)
