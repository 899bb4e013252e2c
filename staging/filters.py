"""What the reading pages can be narrowed down by."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import django_filters as df
from django import forms
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit_search, audit_words
from inventory.days import DAYS, MOMENTS
from inventory.filter_forms import ListFilter
from inventory.models import (
    AuditEntry,
    Balance,
    Location,
    Lot,
    LotStatus,
    Material,
    MaterialKind,
    RefusedAttempt,
    Site,
    Surface,
)
from inventory.verbs import REGISTRY
from quality import gate, near_misses
from quality.near_misses import Family
from staging.alerting.addressed import for_whom
from staging.models import Alert, AlertLevel, AlertReason, Severity
from staging.stops import on_hold

ANY = _("Any")
MOMENT = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


OLDEST_FIRST = "oldest"
DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
Attempts = QuerySet[RefusedAttempt]


def _written(text: str) -> set[str]:
    """Codes are written large as a rule, and typed small."""
    return {text, text.upper()}


def _acts() -> Iterator[tuple[str, Any]]:
    """What can be refused, by permission: the verbs, and what only the admin offers."""
    for verb in REGISTRY.values():
        yield verb.permission, verb.label
    for act in (
        "quality.draft_rules", "quality.activate_rules",
        "staging.draft_dwell", "staging.activate_dwell",
    ):  # fmt: skip
        yield act, audit_words.WORDS[act]


def text_filter(label: Any, method: str) -> df.CharFilter:
    return df.CharFilter(label=label, method=method, max_length=100, strip=True)


class MaterialFilter(ListFilter):
    """Materials, by what they are. `StockFilter` asks the same of their stock."""

    q = text_filter(_("Material or lot"), "by_text")
    material = df.CharFilter(field_name="code", widget=forms.HiddenInput)
    kind = df.ChoiceFilter(label=_("Kind"), choices=MaterialKind, empty_label=ANY)
    category = df.CharFilter(label=_("Category"), lookup_expr="icontains", max_length=80)

    class Meta:
        model = Material
        fields: tuple[str, ...] = ()

    def by_text(self, rows: QuerySet[Material], name: str, text: str) -> QuerySet[Material]:
        lots = Lot.objects.filter(material=OuterRef("pk"), number__icontains=text)
        return rows.filter(
            Q(code__icontains=text) | Q(name__icontains=text) | Q(gtin=text) | Exists(lots)
        )


class StockFilter(ListFilter):
    """What is on hand, by what it is, where it stands and what quality says of it."""

    fewer = ("kind", "category")

    q = text_filter(_("Material or lot"), "by_text")
    material = df.CharFilter(field_name="lot__material__code", widget=forms.HiddenInput)
    location = df.CharFilter(method="by_location", label=_("Location"))
    site = df.ModelChoiceFilter(
        label=_("Site"), field_name="location__site", queryset=Site.objects.all(),
        to_field_name="code", empty_label=ANY,
    )  # fmt: skip
    kind = df.ChoiceFilter(
        label=_("Kind"), field_name="lot__material__kind", choices=MaterialKind, empty_label=ANY
    )
    category = df.CharFilter(
        label=_("Category"), field_name="lot__material__category", lookup_expr="icontains",
        max_length=80,
    )  # fmt: skip
    status = df.ChoiceFilter(
        label=_("Quality status"), field_name="lot__status", choices=LotStatus, empty_label=ANY
    )

    class Meta:
        model = Balance
        fields: tuple[str, ...] = ()

    def by_text(self, rows: QuerySet[Balance], name: str, text: str) -> QuerySet[Balance]:
        return rows.filter(
            Q(lot__material__code__icontains=text)
            | Q(lot__material__name__icontains=text)
            | Q(lot__material__gtin=text)
            | Q(lot__number__icontains=text)
        )

    def by_location(self, rows: QuerySet[Balance], name: str, code: str) -> QuerySet[Balance]:
        place = Location.objects.filter(code=code.strip()).first()
        return rows.filter(location__path__startswith=place.path) if place else rows.none()


CONDITIONS = (
    ("awaiting", _("Awaiting release")),
    ("on_hold", _("On hold")),
    ("expired", _("Expired")),
    ("retest_due", _("Retest due")),
    ("on_hand", _("On hand")),
)


class LotFilter(ListFilter):
    """Lots, by status and by what stops them today."""

    q = text_filter(_("Lot, supplier lot or material"), "by_text")
    status = df.ChoiceFilter(label=_("Quality status"), choices=LotStatus, empty_label=ANY)
    condition = df.ChoiceFilter(
        label=_("Condition"), choices=CONDITIONS, method="by_condition", empty_label=ANY
    )
    material = df.CharFilter(label=_("Material code"), field_name="material__code", max_length=60)

    class Meta:
        model = Lot
        fields: tuple[str, ...] = ()

    def by_text(self, rows: QuerySet[Lot], name: str, text: str) -> QuerySet[Lot]:
        return rows.filter(
            Q(code__icontains=text)
            | Q(supplier_lot__icontains=text)
            | Q(material__name__icontains=text)
        )

    def by_condition(self, rows: QuerySet[Lot], name: str, wanted: str) -> QuerySet[Lot]:
        today = timezone.localdate()
        stock = Balance.objects.filter(lot=OuterRef("pk"), quantity__gt=0)
        match wanted:
            case "awaiting":
                return rows.filter(Exists(stock), status=LotStatus.QUARANTINE)
            case "on_hold":
                return rows.filter(on_hold(today))
            case "expired":
                return rows.filter(gate.EXPIRED.condition(today))
            case "retest_due":
                return rows.filter(gate.RETEST_DUE.condition(today))
            case _:
                return rows.filter(Exists(stock))


class AlertFilter(ListFilter):
    """Alerts, by whom they are for, what they are, where, and how far they have come."""

    fewer = ("level", "area", "acknowledged", "snoozed", "state")

    whose = df.ChoiceFilter(
        label=_("For whom"), choices=(("mine", _("Assigned to me")), ("all", _("Everybody"))),
        method="as_shown", empty_label=_("For me"),
    )  # fmt: skip
    severity = df.ChoiceFilter(label=_("Severity"), choices=Severity, empty_label=ANY)
    level = df.ChoiceFilter(label=_("Level"), choices=AlertLevel, empty_label=ANY)
    reason = df.ChoiceFilter(label=_("Reason"), choices=AlertReason, empty_label=ANY)
    site = df.ModelChoiceFilter(
        label=_("Site"), field_name="site", queryset=Site.objects.all(),
        to_field_name="code", empty_label=ANY,
    )  # fmt: skip
    area = text_filter(_("Area or lane"), "by_area")
    acknowledged = df.ChoiceFilter(
        label=_("Acknowledged"), choices=(("no", _("Not yet")), ("yes", _("By somebody"))),
        method="by_acknowledged", empty_label=ANY,
    )  # fmt: skip
    snoozed = df.ChoiceFilter(
        label=_("Snoozed"), choices=(("yes", _("Only these")), ("all", _("These too"))),
        method="as_shown", empty_label=_("Left out"),
    )  # fmt: skip
    state = df.ChoiceFilter(
        label=_("State"), choices=(("closed", _("Closed")), ("all", _("Open and closed"))),
        method="as_shown", empty_label=_("Open"),
    )  # fmt: skip

    class Meta:
        model = Alert
        fields: tuple[str, ...] = ()

    def by_acknowledged(self, rows: QuerySet[Alert], name: str, wanted: str) -> QuerySet[Alert]:
        return rows.filter(acknowledged_at__isnull=wanted == "no")

    def by_area(self, rows: QuerySet[Alert], name: str, text: str) -> QuerySet[Alert]:
        place = Location.objects.filter(code__in=_written(text)).first()
        return rows.filter(location__path__startswith=place.path) if place else rows.none()

    def as_shown(self, rows: QuerySet[Alert], name: str, wanted: str) -> QuerySet[Alert]:
        return rows  # `shown` decides, because something is left out unless asked for

    def chosen(self, name: str) -> str:
        """What is asked for by one of the filters that decide what is left out."""
        return self.form.cleaned_data.get(name) or "" if self.is_bound else ""

    def shown(self, user: Any) -> QuerySet[Alert]:
        """What the page lists: of what is open and has come to this person, what is not snoozed,
        unless more or something else is asked for."""
        rows: QuerySet[Alert] = self.qs
        state, snoozed, whose = map(self.chosen, ("state", "snoozed", "whose"))
        if state != "all":
            rows = rows.filter(closed_at__isnull=state != "closed")
        if snoozed != "all":
            rows = rows.filter(snoozed_until__isnull=snoozed != "yes")
        if whose == "mine":
            return rows.filter(assigned_to=user)
        return rows if whose == "all" else rows.filter(for_whom(user))


class AuditFilter(ListFilter):
    """The audit trail, by who, what, on what, why, through which door and when."""

    fewer = ("why", "action", "surface", "order")

    about = text_filter(_("Subject or lot"), "by_subject")
    why = text_filter(_("Reason contains"), "by_reason")
    who = df.ModelChoiceFilter(
        label=_("Who"), field_name="actor", queryset=User.objects.order_by("username"),
        to_field_name="username", empty_label=_("Anybody"),
    )  # fmt: skip
    action = df.ChoiceFilter(label=_("Action"), choices=audit_words.choices, empty_label=ANY)
    surface = df.ChoiceFilter(label=_("Through"), choices=Surface, empty_label=ANY)
    batch = df.UUIDFilter(widget=forms.HiddenInput)
    since = df.DateTimeFilter(
        label=_("From"),
        field_name="recorded_at",
        lookup_expr="gte",
        widget=MOMENT,
        validators=MOMENTS,
    )
    until = df.DateTimeFilter(
        label=_("To"),
        field_name="recorded_at",
        lookup_expr="lt",
        widget=MOMENT,
        validators=MOMENTS,
    )
    order = df.ChoiceFilter(
        label=_("Order"), choices=((OLDEST_FIRST, _("Oldest first")),), method="in_order",
        empty_label=_("Newest first"),
    )  # fmt: skip

    class Meta:
        model = AuditEntry
        fields: tuple[str, ...] = ()

    def by_subject(self, rows: QuerySet[AuditEntry], name: str, text: str) -> QuerySet[AuditEntry]:
        """By the entry's subject, or by a lot that one of its movements moved."""
        return rows.filter(audit_search.about(text))

    def by_reason(self, rows: QuerySet[AuditEntry], name: str, text: str) -> QuerySet[AuditEntry]:
        return rows.filter(audit_search.because(text))

    def in_order(self, rows: QuerySet[AuditEntry], name: str, wanted: str) -> QuerySet[AuditEntry]:
        return rows  # the page is cut in this order, see `AuditView`


class AttemptFilter(ListFilter):
    """Refused attempts, by when, what, with what, where, who and why not."""

    fewer = ("lot", "material", "place", "who", "surface", "code", "rule")

    since = df.DateFilter(label=_("From"), method="from_day", widget=DAY, validators=DAYS)
    until = df.DateFilter(label=_("To and including"), method="to_day", widget=DAY, validators=DAYS)
    family = df.ChoiceFilter(
        label=_("Stopped by"), choices=Family, method="by_family", empty_label=ANY
    )
    verb = df.ChoiceFilter(label=_("Tried"), choices=_acts, empty_label=ANY)
    lot = text_filter(_("Lot"), "by_lot")
    material = text_filter(_("Material"), "by_material")
    place = text_filter(_("Lane or place"), "by_place")
    who = df.ModelChoiceFilter(
        label=_("Who"), field_name="actor", queryset=User.objects.order_by("username"),
        to_field_name="username", empty_label=_("Anybody"),
    )  # fmt: skip
    surface = df.ChoiceFilter(label=_("Through"), choices=Surface, empty_label=ANY)
    code = df.CharFilter(label=_("Code"), max_length=60, strip=True)
    rule = df.NumberFilter(label=_("Rule no."), min_value=1, max_value=2**63 - 1, decimal_places=0)
    batch = df.UUIDFilter(widget=forms.HiddenInput)

    class Meta:
        model = RefusedAttempt
        fields: tuple[str, ...] = ()

    def from_day(self, rows: Attempts, name: str, day: date) -> Attempts:
        return rows.filter(recorded_at__gte=near_misses.start_of(day))

    def to_day(self, rows: Attempts, name: str, day: date) -> Attempts:
        return rows.filter(recorded_at__lt=near_misses.start_of(day + timedelta(days=1)))

    def by_family(self, rows: Attempts, name: str, family: str) -> Attempts:
        return rows.filter(near_misses.of_family(family))

    def by_lot(self, rows: Attempts, name: str, text: str) -> Attempts:
        lots = Lot.objects.filter(Q(code__in=_written(text)) | Q(number__in=_written(text)))
        return rows.filter(lot__in=lots)

    def by_material(self, rows: Attempts, name: str, text: str) -> Attempts:
        return rows.filter(material__in=Material.objects.filter(code__in=_written(text)))

    def by_place(self, rows: Attempts, name: str, text: str) -> Attempts:
        place = Location.objects.filter(code__in=_written(text)).first()
        within = Location.objects.filter(path__startswith=place.path) if place else ()
        return rows.filter(location__in=within)
