"""Usage rules: read those in force, draft the next, put it into force."""

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

from inventory import attempts
from inventory.admin import cells
from inventory.admin.base import Autocompleting, MasterAdmin, actor, require, show
from inventory.errors import Refused
from quality.actions import activate_rules, change_rules, draft_rules
from quality.models import RuleSet, UsageRule
from quality.preview import compare

ACTIVATE = "quality.activate_rules"
BUTTON = {
    "name": "activate_rules",
    "label": gettext_lazy("Put into force"),
    "icon": "check2-square",
    "help": gettext_lazy("These rules apply from this moment on, to everything that is staged, "
                         "issued, consumed, loaded or shipped. They can never be changed again."),
}  # fmt: skip


PREVIEW = {"name": "preview_rules", "label": gettext_lazy("Preview"), "icon": "search"}


def _read(draft: RuleSet) -> dict[str, Any]:
    """What to see of a draft before it is put into force."""
    return {
        "rows": draft.rules.select_related("material", "customer"),
        "findings": list(compare(draft, timezone.localdate())),
    }


class RuleInline(Autocompleting, admin.TabularInline[UsageRule, RuleSet]):
    model = UsageRule
    extra = 0
    autocomplete_fields = ("material",)
    # The browser's own date field: Django's buttons below it made each rule two lines high.
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        DateField: {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
    }
    fields = (
        "status", "action", "purpose", "material", "customer", "effect", "valid_from",
        "valid_until", "note", "cleared_by",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageRule]:
        return super().get_queryset(request).select_related("rule_set", "material", "customer")

    def has_add_permission(self, request: HttpRequest, obj: RuleSet | None = None) -> bool:
        return is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_draft(obj) and super().has_delete_permission(request, obj)


def is_draft(rule_set: RuleSet | None) -> bool:
    return rule_set is not None and rule_set.activated_at is None


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Kept in the audit trail."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@admin.register(RuleSet)
class RuleSetAdmin(MasterAdmin[RuleSet]):
    """Adding a set makes a draft: a copy of the rules in force, to be changed and activated."""

    list_display = ("version", "note", "state", "activated_at", "activated_by")
    list_select_related = ("activated_by",)
    readonly_fields = ("version", "state", "activated_at", "activated_by")
    change_form_template = "admin/acting_form.html"
    tried = "quality.draft_rules"

    def has_change_permission(self, request: HttpRequest, obj: RuleSet | None = None) -> bool:
        return (obj is None or is_draft(obj)) and super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleSet]:
        newest = RuleSet.objects.filter(activated_at__isnull=False).order_by("-version")
        return super().get_queryset(request).annotate(newest=newest.values("version")[:1])

    def get_fields(self, request: HttpRequest, obj: RuleSet | None = None) -> list[Any]:
        if obj is None:
            return ["note"]
        shown = ["version", "state", "note", "activated_at", "activated_by"]
        return [*shown, "reason"] if self.has_change_permission(request, obj) else shown

    def get_inlines(self, request: HttpRequest, obj: RuleSet | None = None) -> list[Any]:
        """A draft starts with the rules in force; they are changed once it is there."""
        return [RuleInline] if obj else []

    def save_model(self, request: HttpRequest, obj: RuleSet, form: Any, change: bool) -> None:
        if not change:
            note = form.cleaned_data["note"]
            obj.pk = draft_rules(note=note, by=actor(request), at=timezone.now()).pk

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The note and the rules together, by the action that refuses what is in force."""
        changed = formset.save(commit=False)
        change_rules(
            draft=form.instance,
            rules=changed,
            removed=formset.deleted_objects,
            reason=form.cleaned_data["reason"],
            by=actor(request),
            at=timezone.now(),
        )

    def response_add(
        self, request: HttpRequest, obj: RuleSet, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, _("Draft %(draft)s made. Change its rules.") % {"draft": obj})
        return HttpResponseRedirect(cells.page_of(obj))

    def get_urls(self) -> list[Any]:
        activate = self.admin_site.admin_view(self.activate_page)
        name = "quality_ruleset_activate"
        preview = self.admin_site.admin_view(self.preview_page)
        return [
            path("<int:version>/activate/", activate, name=name),
            path("<int:version>/preview/", preview, name="quality_ruleset_preview"),
            *super().get_urls(),
        ]

    def preview_page(self, request: HttpRequest, version: int) -> HttpResponse:
        """What a draft would change, held against what was done and what is staged."""
        draft = get_object_or_404(RuleSet, pk=version)
        if not self.has_view_permission(request, draft):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Preview of rule set %(draft)s") % {"draft": draft},
            "draft": draft,
            "back": cells.page_of(draft),
            **_read(draft),
        }
        return TemplateResponse(request, "admin/rules_preview.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        draft = self.get_object(request, object_id)
        buttons = []
        if is_draft(draft):
            url = reverse("admin:quality_ruleset_preview", args=[object_id])
            buttons.append({"verb": PREVIEW, "url": url})
        if is_draft(draft) and request.user.has_perm(ACTIVATE):
            url = reverse("admin:quality_ruleset_activate", args=[object_id])
            buttons.append({"verb": BUTTON, "url": url})
        context = {"buttons": buttons} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    def activate_page(self, request: HttpRequest, version: int) -> HttpResponse:
        """Ask for the reason; put the draft into force."""
        draft = get_object_or_404(RuleSet, pk=version)
        require(request, ACTIVATE, lambda: {"rule_set": [draft]})
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                activate_rules(
                    rule_set=draft, by=actor(request), at=timezone.now(), **form.cleaned_data
                )
            except Refused as refusal:
                asked = {"rule_set": [draft], "reason": [form.cleaned_data["reason"]]}
                tried = [(asked, found) for found in refusal.all]
                attempts.record(ACTIVATE, tried, by=actor(request), at=timezone.now())
                show(form, refusal)
            else:
                messages.success(request, _("Rule set %(draft)s is in force.") % {"draft": draft})
                return HttpResponseRedirect(cells.page_of(draft))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Put rule set %(draft)s into force") % {"draft": draft},
            "back": cells.page_of(draft),
            "verb": BUTTON,
            "form": form,
            "rows_template": "admin/rows/rules.html",
            **_read(draft),
        }
        status = 409 if form.is_bound and form.errors else 200
        return TemplateResponse(request, "admin/act.html", context, status=status)

    @admin.display(description=gettext_lazy("state"))
    def state(self, rule_set: RuleSet) -> Any:
        if is_draft(rule_set):
            return cells.badge("info", "pencil", _("Draft"))
        if rule_set.version == rule_set.newest:  # type: ignore[attr-defined]
            return cells.badge("ok", "check-circle-fill", _("In force"))
        return cells.badge("calm", "archive-fill", _("Superseded"))
