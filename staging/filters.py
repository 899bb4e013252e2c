"""What the reading pages can be narrowed down by."""

from typing import Any

import django_filters as df
from django import forms
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit_search, audit_words
from inventory.models import (
    AuditEntry,
    Balance,
    Location,
    Lot,
    LotStatus,
    Material,
    MaterialKind,
    Site,
    Surface,
)
from quality import gate
from staging.models import Alert, AlertReason
from staging.stops import on_hold

ANY = _("Any")
MOMENT = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


def text_filter(label: Any, method: str) -> df.CharFilter:
    return df.CharFilter(label=label, method=method, max_length=100, strip=True)


class MaterialFilter(df.FilterSet):
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


class StockFilter(df.FilterSet):
    """What is on hand, by what it is, where it stands and what quality says of it."""

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


class LotFilter(df.FilterSet):
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


class AlertFilter(df.FilterSet):
    """Alerts, by reason, place and whether somebody has taken them up."""

    reason = df.ChoiceFilter(label=_("Reason"), choices=AlertReason, empty_label=ANY)
    site = df.ModelChoiceFilter(
        label=_("Site"), field_name="location__site", queryset=Site.objects.all(),
        to_field_name="code", empty_label=ANY,
    )  # fmt: skip
    acknowledged = df.ChoiceFilter(
        label=_("Acknowledged"), choices=(("no", _("Not yet")), ("yes", _("By somebody"))),
        method="by_acknowledged", empty_label=ANY,
    )  # fmt: skip
    state = df.ChoiceFilter(
        label=_("State"), choices=(("closed", _("Closed")), ("all", _("Open and closed"))),
        method="by_state", empty_label=_("Open"),
    )  # fmt: skip

    class Meta:
        model = Alert
        fields: tuple[str, ...] = ()

    def by_acknowledged(self, rows: QuerySet[Alert], name: str, wanted: str) -> QuerySet[Alert]:
        return rows.filter(acknowledged_at__isnull=wanted == "no")

    def by_state(self, rows: QuerySet[Alert], name: str, wanted: str) -> QuerySet[Alert]:
        return rows  # `shown` decides, because open is what is shown unless asked otherwise

    def shown(self) -> QuerySet[Alert]:
        """What the page lists: the open ones, unless closed ones or all are asked for."""
        rows: QuerySet[Alert] = self.qs
        state = self.form.cleaned_data.get("state") if self.is_bound else ""
        return rows if state == "all" else rows.filter(closed_at__isnull=state != "closed")


class AuditFilter(df.FilterSet):
    """The audit trail, by who, what, on what, through which door and when."""

    about = text_filter(_("Subject or lot"), "by_subject")
    who = df.ModelChoiceFilter(
        label=_("Who"), field_name="actor", queryset=User.objects.order_by("username"),
        to_field_name="username", empty_label=_("Anybody"),
    )  # fmt: skip
    action = df.ChoiceFilter(label=_("Action"), choices=audit_words.choices, empty_label=ANY)
    surface = df.ChoiceFilter(label=_("Through"), choices=Surface, empty_label=ANY)
    batch = df.UUIDFilter(widget=forms.HiddenInput)
    since = df.DateTimeFilter(
        label=_("From"), field_name="recorded_at", lookup_expr="gte", widget=MOMENT
    )
    until = df.DateTimeFilter(
        label=_("To"), field_name="recorded_at", lookup_expr="lt", widget=MOMENT
    )

    class Meta:
        model = AuditEntry
        fields: tuple[str, ...] = ()

    def by_subject(self, rows: QuerySet[AuditEntry], name: str, text: str) -> QuerySet[AuditEntry]:
        """By the entry's subject, or by a lot that one of its movements moved."""
        return rows.filter(audit_search.about(text))
