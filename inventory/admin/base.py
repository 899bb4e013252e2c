"""What every page of the admin shares: one audit trail, no deletion, changes through actions."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.forms.models import BaseModelFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from inventory import attempts
from inventory.actions import remove_master, save_master
from inventory.admin.files import AsFile
from inventory.admin.finding import BoundedPaginator
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.form_fields import NumberField
from inventory.models import Surface

M = TypeVar("M", bound=models.Model)


def actor(request: HttpRequest) -> Actor:
    """Who is at the admin."""
    return Actor(request.user, Surface.ADMIN)  # type: ignore[arg-type]


def require(
    request: HttpRequest, permission: str, asked: Callable[[], attempts.Asked] = dict
) -> None:
    """Let pass who has the permission. Of who has not, it is kept what they tried to do."""
    if not request.user.has_perm(permission):
        attempts.record_denied(permission, asked(), by=actor(request))
        raise PermissionDenied


def trail_of(row: models.Model) -> str:
    """Where the audit trail is shown for one row."""
    subject = {"subject_type": row._meta.label_lower, "subject_id": row.pk}
    return f"{reverse('admin:inventory_auditentry_changelist')}?{urlencode(subject)}"


BIGINT_BITS = 63


class Autocomplete(AutocompleteSelect):
    """Django's own asks the database for whatever was posted; this one for numbers of rows."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        rows = [pk for pk in value if not pk or (pk.isdecimal() and len(pk) < 19)]
        return super().optgroups(name, rows, attr)


class Autocompleting:
    """Forms whose `autocomplete_fields` stand whatever was posted into them."""

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs["widget"] = Autocomplete(db_field, self.admin_site)  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc,no-any-return]


class OneTrail(Autocompleting, AsFile[M]):
    """Nothing is deleted, and the audit trail is the only history: Django's own log stays empty."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    list_per_page = 50
    list_max_show_all = 0
    paginator = BoundedPaginator

    class Media:
        css = {"all": ("css/admin-work.css",)}

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def log_addition(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """The action has recorded it."""

    def log_change(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """The action has recorded it."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        page: HttpResponse = super().changelist_view(request, title | (extra_context or {}))
        return page

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What happened to this row: the audit trail, filtered."""
        return HttpResponseRedirect(trail_of(self.model(pk=object_id)))


class HistoryAdmin(OneTrail[M]):
    """History, and what actions alone may write: read, never added, changed or deleted."""

    change_form_template = "admin/record.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class Buttons(admin.ModelAdmin[M]):
    """Pages of rows that have buttons above them, each with its `verb` and `url`."""

    change_form_template = "admin/acting_form.html"

    def buttons(self, request: HttpRequest, row: M) -> list[dict[str, Any]]:
        """What this person may do with the row."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = {"buttons": self.buttons(request, row) if row else []} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)


EXACT: dict[type[models.Field[Any, Any]], dict[str, Any]] = {
    models.DecimalField: {"form_class": NumberField}
}
"""Form fields of quantities."""


class RefusableForm(forms.ModelForm[M]):
    """A form that shows what the action refused."""

    refusal: ValidationError | None = None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.refusal is not None:
            show(self, self.refusal)
        return cleaned


def reason_field() -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        help_text=_("Why it changes; kept in the audit trail."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
    )


class ReasonedForm(RefusableForm[M]):
    """A row, and why it changes: asked for in the field `why_in`, needed where the row is there."""

    why_in = "reason"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.why_in in self.fields:
            self.fields[self.why_in].required = not self.instance._state.adding


class MasterForm(ReasonedForm[M]):
    """A row of master data, and why it changes."""

    reason = reason_field()


def show(form: forms.BaseForm, refusal: ValidationError) -> None:
    """Put a refusal, or what validation found, beside the fields concerned."""
    if isinstance(refusal, Refused):
        found = {refusal.field: [f"{refusal.text} {refusal.hint}".strip()]}
    else:
        found = getattr(refusal, "message_dict", {None: refusal.messages})
    for field, messages in found.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, message)


class Refusable(OneTrail[M]):
    """A page whose form is saved by an action, which may refuse.

    `tried` names the action where its refusals are kept; what is carried out as a verb keeps them
    itself.
    """

    tried = ""
    form: type[forms.ModelForm[M]] = RefusableForm
    formfield_overrides = EXACT

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # Not in a transaction of Django's: the action has its own, and what it keeps of a refused
        # attempt must stay. The same form is shown again and says why.
        try:
            return self._saving(request, object_id, form_url, extra_context)
        except ValidationError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            if self.tried and isinstance(refusal, Refused):
                asked = {str(self.opts.model_name): [object_id or ""]}
                tried = [(asked, found) for found in refusal.all]
                attempts.record(self.tried, tried, by=actor(request), at=timezone.now())
            return self._saving(request, object_id, form_url, extra_context)

    def _saving(self, *args: Any) -> HttpResponse:
        return self._changeform_view(*args)  # type: ignore[attr-defined,no-any-return]

    def get_form(
        self, request: HttpRequest, obj: M | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[M]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)  # type: ignore[attr-defined]
        return form


class MasterAdmin(Refusable[M]):
    """Master data. It is saved by the action alone, which records old and new values."""

    form: type[forms.ModelForm[M]] = MasterForm

    def _saving(self, *args: Any) -> HttpResponse:
        with transaction.atomic():  # a row and its inlines are saved together or not at all
            return super()._saving(*args)

    def save_model(
        self, request: HttpRequest, obj: M, form: forms.ModelForm[M], change: bool
    ) -> None:
        self._save(request, obj, form)

    def save_formset(
        self,
        request: HttpRequest,
        form: forms.ModelForm[M],
        formset: BaseModelFormSet[Any, Any],
        change: bool,
    ) -> None:
        for row in formset.save(commit=False):
            self._save(request, row, form)
        for row in formset.deleted_objects:
            remove_master(
                row, by=actor(request), at=timezone.now(), reason=form.cleaned_data["reason"]
            )

    def _save(self, request: HttpRequest, row: models.Model, form: forms.ModelForm[M]) -> None:
        save_master(row, by=actor(request), at=timezone.now(), reason=form.cleaned_data["reason"])
