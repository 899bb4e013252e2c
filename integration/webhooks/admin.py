"""Webhooks in the admin: who gets what, how far each has come, and every attempt."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integration.feed import reading
from integration.feed.kinds import NAMES, PREFIX
from integration.models import Delivery, Parcel, ParcelKind, Subscription
from integration.webhooks import actions, states
from integration.webhooks.admin_steps import STEPS, require_change, step_page
from inventory.admin import cells
from inventory.admin.base import HistoryAdmin, Refusable, RefusableForm, actor
from inventory.admin.bearer import secret_page
from inventory.errors import Refused
from staging.models import AlertReason

NARROWED = _(
    "Narrows the events of alerts (forestage.alert.*) alone; all others are sent regardless. What "
    "counts is how the alert stood at each step: from level QA, one that escalates to QA is told "
    "from then on."
)

SHOWN = 10
"""Attempts on a webhook's own page."""


class TypesField(forms.CharField):
    """Kinds of events, one a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        typed = super().to_python(value) or ""
        return list(dict.fromkeys(typed.replace(",", " ").split()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


class ReasonsField(forms.MultipleChoiceField):
    """Reasons of alerts, kept as a list."""

    widget = forms.CheckboxSelectMultiple

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(initial or []) != set(data or [])


class Begin(models.TextChoices):
    """Where a new receiver begins."""

    NEWEST = "newest", _("With what happens from now on")
    OLDEST = "oldest", _("With the oldest event that the feed still has")


class SubscriptionForm(RefusableForm[Subscription]):
    types = TypesField(
        label=_("Kinds of events"), required=False,
        widget=forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField", "spellcheck": "false"}),
        help_text=_(
            "One a line, such as forestage.hold.placed, or forestage.movement.* for all of them. "
            "Empty: everything."
        ),
    )  # fmt: skip
    alert_reasons = ReasonsField(
        label=_("Reasons"), choices=AlertReason.choices, required=False,
        help_text=_("None chosen: all."),
    )  # fmt: skip
    begin = forms.TypedChoiceField(
        label=_("Begin"), choices=Begin.choices, initial=Begin.NEWEST, required=False
    )

    class Meta:
        model = Subscription
        fields = ("name", "url", "types", "sites", *actions.OF_ALERTS, "contact")
        labels = {"alert_severity": _("From severity"), "alert_level": _("From level")}
        widgets = {
            "url": forms.TextInput(attrs={"class": "vLargeTextField", "inputmode": "url"}),
            "alert_severity": forms.RadioSelect,
            "alert_level": forms.RadioSelect,
        }


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("failing", _("Failing")),
            ("given_up", _("Given up")),
            ("enabled", _("Enabled")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("failing", "given_up", "enabled"):
            return getattr(queryset, str(self.value()))()
        return queryset


@admin.register(Subscription)
class SubscriptionAdmin(Refusable[Subscription]):
    form = SubscriptionForm
    change_form_template = "admin/webhook.html"
    list_display = ("name", "url", "state", "behind", "succeeded_at", "dead")
    list_filter = (StateFilter,)
    search_fields = ("name", "url")
    autocomplete_fields = ("sites",)
    tried = "webhooks.subscribe"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        dead = Q(parcels__kind=ParcelKind.DEAD, parcels__taken_at=None)
        rows = super().get_queryset(request)
        return rows.annotate(letters=Count("parcels", filter=dead))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        asked = ["name", "url", "contact", "types", "sites"]
        return [
            (None, {"fields": asked if obj else [*asked, "begin"]}),
            (
                _("Which alerts"),
                {"fields": list(actions.OF_ALERTS), "description": NARROWED},
            ),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.newest = reading.mark_now().newest
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        pages = [
            path(f"<int:pk>/{name}/", wrap(partial(step_page, self, step)), name=_name_of(name))
            for name, step in STEPS.items()
        ]
        return [*pages, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        asked: dict[str, Any] = {
            name: form.cleaned_data[name] for name in SubscriptionForm.Meta.fields
        }
        asked |= {"by": actor(request), "at": timezone.now()}
        if change:
            actions.change(subscription=Subscription.objects.get(pk=obj.pk), **asked)
            return
        oldest = form.cleaned_data["begin"] == Begin.OLDEST
        after = reading.mark_now().forgotten if oldest else None
        row, secret = actions.subscribe(**asked, after=after)
        obj.pk = row.pk
        request.secret = secret  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The action has saved all of it."""

    def response_add(
        self, request: HttpRequest, obj: Subscription, post_url_continue: str | None = None
    ) -> HttpResponse:
        return shown_once(self, request, obj, request.secret)  # type: ignore[attr-defined]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = self._about(request, row) if isinstance(row, Subscription) else {}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
            "kinds": [PREFIX + name for name in NAMES],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def _about(self, request: HttpRequest, row: Subscription) -> dict[str, Any]:
        newest = reading.mark_now().newest
        may = request.user.has_perm("integration.change_subscription")
        return {
            "webhook": row,
            "limited_to": list(row.limited_to.all()),
            "badge_of": states.badge(row),
            "advice": states.advice(row),
            "behind": max(newest - row.position, 0),
            "newest": newest,
            "secrets": row.secrets.valid(timezone.now()),
            "log": row.deliveries.order_by("-pk")[:SHOWN],
            "log_url": f"{reverse('admin:integration_delivery_changelist')}"
            f"?subscription__id__exact={row.pk}",
            "letters_url": f"{reverse('admin:integration_parcel_changelist')}"
            f"?subscription__id__exact={row.pk}",
            "steps": [
                {"step": step, "url": reverse(f"admin:{_name_of(name)}", args=[row.pk])}
                for name, step in STEPS.items()
                if may and step.offered(row)
            ],
        }

    @admin.display(description=_("state"))
    def state(self, row: Subscription) -> str:
        return states.badge(row)

    @admin.display(description=_("events behind"))
    def behind(self, row: Subscription) -> int:
        return max(self.newest - row.position, 0)

    @admin.display(description=_("dead letters"))
    def dead(self, row: Any) -> str:
        return str(row.letters or cells.EMPTY)


def _name_of(step: str) -> str:
    return f"integration_subscription_{step}"


def shown_once(
    model_admin: Any, request: HttpRequest, row: Subscription, secret: str
) -> HttpResponse:
    """The page with a secret that is not shown again."""
    back = reverse("admin:integration_subscription_change", args=[row.pk])
    return secret_page(
        model_admin, request, row, secret,
        title=_("The webhook's secret"), template="admin/webhook_secret.html", back=back,
    )  # fmt: skip


@admin.register(Delivery)
class DeliveryAdmin(HistoryAdmin[Delivery]):
    """The log: one line for each attempt."""

    list_display = (
        "at", "result", "subscription", "type", "attempt", "event",
    )  # fmt: skip
    list_filter = ("outcome", "subscription", ("at", admin.DateFieldListFilter))
    list_select_related = ("subscription",)
    search_fields = ("=event",)
    search_help_text = _("An event's id")
    ordering = ("-pk",)
    fields = (
        "subscription", "type", "event", "position", "attempt", "at", "result", "error", "answer",
        "address", "milliseconds", "next_attempt_at",
    )  # fmt: skip
    readonly_fields = ("result",)

    @admin.display(description=_("result"))
    def result(self, row: Delivery) -> str:
        return states.result(row)


class LetterFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Not taken")), ("taken", _("Taken after all"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Parcel]) -> QuerySet[Parcel]:
        known = {"open": True, "taken": False}.get(str(self.value()))
        return queryset if known is None else queryset.filter(taken_at__isnull=known)


@admin.register(Parcel)
class LetterAdmin(HistoryAdmin[Parcel]):
    """Dead letters: events that were given up, until they are taken after all."""

    list_display = ("created_at", "state", "subscription", "type", "error", "event")
    list_filter = (LetterFilter, "subscription")
    list_select_related = ("subscription",)
    search_fields = ("=event",)
    search_help_text = _("An event's id")
    ordering = ("-pk",)
    fields = (
        "subscription", "type", "event", "position", "created_at", "state", "error", "asked_at",
        "taken_at", "content",
    )  # fmt: skip
    readonly_fields = ("state", "content")
    actions = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Parcel]:
        return super().get_queryset(request).filter(kind=ParcelKind.DEAD)

    @admin.display(description=_("state"))
    def state(self, row: Parcel) -> str:
        return states.letter(row)

    @admin.display(description=_("body"))
    def content(self, row: Parcel) -> str:
        return states.pretty(row.body)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integration.change_subscription")

    @admin.action(description=_("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Parcel]) -> None:
        require_change(request)
        sent = 0
        for letter in queryset:
            try:
                actions.send_again(letter=letter, by=actor(request), at=timezone.now())
                sent += 1
            except Refused as refusal:
                messages.error(request, f"{refusal.text} {refusal.hint}")
        if sent:
            said = ngettext(
                "%(count)d dead letter is sent again within seconds.",
                "%(count)d dead letters are sent again within seconds.",
                sent,
            )
            messages.success(request, said % {"count": sent})
