"""Pages of numbered sets of rules: read those in force, draft the next, put it into force."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import DateField, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.admin import cells
from inventory.admin.base import Autocompleting, Buttons, MasterAdmin, actor
from inventory.admin.reasoned import ask_why
from inventory.models.versioned import Versioned

PREVIEW = {"name": "preview_rules", "label": gettext_lazy("Preview"), "icon": "search"}


def is_draft(row: Versioned | None) -> bool:
    return row is not None and row.is_draft


class RuleInline(Autocompleting, admin.TabularInline[Any, Any]):
    """The rules of a set, which change while it is a draft."""

    extra = 0
    # The browser's own date field: Django's buttons below it made each rule two lines high.
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        DateField: {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
    }

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_draft(obj) and super().has_delete_permission(request, obj)


class VersionedAdmin(Buttons[Any], MasterAdmin[Any]):
    """Adding a set makes a draft: a copy of what is in force, to be changed and activated."""

    list_display = ("version", "note", "state", "activated_at", "activated_by")
    list_select_related = ("activated_by",)
    readonly_fields = ("version", "state", "activated_at", "activated_by")

    activating: str
    """The permission, and the name under which refusals are kept."""
    button: ClassVar[dict[str, Any]]
    rule_inline: type[RuleInline]
    rows_template: str
    parameter = "rule_set"

    # What a kind of set has of its own.

    def draft(self, **given: Any) -> Any:
        raise NotImplementedError

    def change(self, **given: Any) -> Any:
        raise NotImplementedError

    def activate(self, row: Any, **given: Any) -> Any:
        raise NotImplementedError

    def read(self, draft: Any) -> dict[str, Any]:
        """What to see of a draft before it is put into force."""
        raise NotImplementedError

    def said(self, what: str, draft: Any) -> str:
        """The words for `made`, `preview`, `asking` and `in_force`."""
        raise NotImplementedError

    # The same for all.

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or is_draft(obj)) and super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        newest = self.model.objects.filter(activated_at__isnull=False).order_by("-version")
        rows: QuerySet[Any] = super().get_queryset(request)
        found: QuerySet[Any] = rows.annotate(newest=newest.values("version")[:1])
        return found

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return ["note"]
        shown = ["version", "state", "note", "activated_at", "activated_by"]
        return [*shown, "reason"] if self.has_change_permission(request, obj) else shown

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """A draft starts with the rules in force; they are changed once it is there."""
        return [self.rule_inline] if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            note = form.cleaned_data["note"]
            obj.pk = self.draft(note=note, by=actor(request), at=timezone.now()).pk

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The note and the rules together, by the action that refuses what is in force."""
        changed = formset.save(commit=False)
        self.change(
            draft=form.instance,
            rules=changed,
            removed=formset.deleted_objects,
            reason=form.cleaned_data["reason"],
            by=actor(request),
            at=timezone.now(),
        )

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, self.said("made", obj))
        return HttpResponseRedirect(cells.page_of(obj))

    def _url(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def get_urls(self) -> list[Any]:
        activate = self.admin_site.admin_view(self.activate_page)
        preview = self.admin_site.admin_view(self.preview_page)
        return [
            path("<int:version>/activate/", activate, name=self._url("activate")),
            path("<int:version>/preview/", preview, name=self._url("preview")),
            *super().get_urls(),
        ]

    def _context(self, request: HttpRequest, what: str, draft: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.said(what, draft),
            "draft": draft,
            "rows_template": self.rows_template,
            "back": cells.page_of(draft),
            **self.read(draft),
        }

    def preview_page(self, request: HttpRequest, version: int) -> HttpResponse:
        """What a draft would change, held against what was done and what is staged."""
        draft = get_object_or_404(self.model, pk=version)
        if not self.has_view_permission(request, draft):
            raise PermissionDenied
        context = self._context(request, "preview", draft)
        return TemplateResponse(request, "admin/rules_preview.html", context)

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        offered = {"preview": PREVIEW}
        if request.user.has_perm(self.activating):
            offered["activate"] = self.button
        return [
            {"verb": verb, "url": reverse(f"admin:{self._url(page)}", args=[row.pk])}
            for page, verb in (offered if is_draft(row) else {}).items()
        ]

    def activate_page(self, request: HttpRequest, version: int) -> HttpResponse:
        """Ask for the reason; put the draft into force."""
        draft = get_object_or_404(self.model, pk=version)
        return ask_why(
            request, self.activating, {self.parameter: [draft]},
            run=partial(self.activate, draft),
            done=self.said("in_force", draft),
            then=cells.page_of(draft),
            context=lambda: self._context(request, "asking", draft) | {"verb": self.button},
        )  # fmt: skip

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Any) -> Any:
        if is_draft(row):
            return cells.badge("info", "pencil", _("Draft"))
        if row.version == row.newest:
            return cells.badge("ok", "check-circle-fill", _("In force"))
        return cells.badge("calm", "archive-fill", _("Superseded"))
