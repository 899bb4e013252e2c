"""A page between a list and a verb: the rows chosen, what is asked of the person, what was refused.

Every act of the admin that is not master data goes this way, and through `verbs.carry_out`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.admin.base import BIGINT_BITS, Buttons, M, actor, require
from inventory.errors import Refused
from inventory.fields import Words
from inventory.forms import form_field, is_of_signature
from inventory.verbs import REGISTRY, Verb, carry_out

MOST = 100
"""Rows that one page takes: more than a person can look at before signing."""


class ActForm(forms.Form):
    """What the person enters once, for all rows."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    @property
    def asked(self) -> dict[str, str]:
        """The input without the secrets, to know a repeated request by."""
        return {
            name: str(value)
            for name, value in self.cleaned_data.items()
            if not isinstance(self.fields[name].widget, forms.PasswordInput)
        }

    @property
    def given(self) -> dict[str, Any]:
        """The input by the line's field names; what was left empty stays the line's default."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "key" and value not in (None, "", ())
        }

    def refuse(self, name: str | None, refusal: Refused | str) -> None:
        self.add_error(name if name in self.fields else None, refusal)


def act_form(verb: Verb, targets: Sequence[str]) -> type[ActForm]:
    """The form of a verb, less the fields that the chosen rows fill."""
    filled = {declared.name for declared in verb.fields if declared.about.hidden} | {*targets}
    asked = [declared for declared in verb.fields if declared.name not in filled]
    fields = {declared.name: form_field(declared) for declared in asked}
    # The signature comes last.
    fields = dict(sorted(fields.items(), key=lambda named: is_of_signature(named[1])))
    for field in fields.values():
        if isinstance(field, forms.TypedChoiceField) and field.required:
            choices: Any = field.choices
            field.widget = forms.RadioSelect()
            field.choices = [choice for choice in choices if choice[0]]
    return type("ActForm", (ActForm,), fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A verb offered on rows of a list.

    `target` is the line's field that a row fills; `targets` all fields that rows could fill;
    `rows` the template of the table of rows; `sees` the field that says which version was shown;
    `waits` the type of what is made of a row that is not done yet.
    """

    verb: str
    target: str
    rows: str
    done: Words
    targets: tuple[str, ...] = ()
    sees: str = ""
    waits: str = ""

    def page(self, model_admin: "Acting[Any]", request: HttpRequest) -> HttpResponse:
        """Ask on GET; carry out on POST, and go back to where the person came from."""
        verb = REGISTRY[self.verb]
        require(request, verb.permission, lambda: {self.target: named(request, model_admin)})
        rows = chosen(request, model_admin)
        form = act_form(verb, self.targets or (self.target,))(
            request.POST or None, initial={"key": uuid4().hex}
        )
        refused: dict[int, list[Refused]] = defaultdict(list)
        if request.method == "POST" and form.is_valid():
            lines = [verb.line(**self._of(row, request), **form.given) for row in rows]
            if attempt(request, verb, lines, form, refused, asked=[row.pk for row in rows]):
                self._tell(request, len(rows))
                return HttpResponseRedirect(came_from(request, model_admin, rows))
        context = {
            "verb": verb,
            "form": form,
            # Before the rows are looked at: what changes in between is refused, not overlooked.
            "versions": model_admin.versions(rows) if self.sees else {},
            "rows": [(row, refused[index]) for index, row in enumerate(model_admin.look_at(rows))],
            "rows_template": self.rows,
            "refused": any(refused.values()),
            "others": [row.pk for index, row in enumerate(rows) if not refused[index]],
        }
        return render(request, model_admin, "admin/act.html", str(verb.label), context)

    def _of(self, row: Any, request: HttpRequest) -> dict[str, Any]:
        """What a row says of its line, and what version of it the page showed."""
        shown = request.POST.get(f"seen-{row.pk}", "")
        return {self.target: row} | ({self.sees: shown} if self.sees else {})

    def _tell(self, request: HttpRequest, count: int) -> None:
        """For how many rows it is done, and what else there is to say."""
        answer: dict[str, Any] = request.answer  # type: ignore[attr-defined]
        done = count - sum(made["type"] == self.waits for made in answer["objects"])
        if done:
            messages.success(request, self._done(done))
        for warning in answer["warnings"]:
            messages.warning(request, warning)

    def _done(self, count: int) -> str:
        return ngettext("%(done)s One row.", "%(done)s %(count)d rows.", count) % {
            "done": self.done,
            "count": count,
        }


def attempt(
    request: HttpRequest,
    verb: Verb,
    lines: Sequence[Any],
    form: ActForm,
    refused: dict[int, list[Refused]],
    *,
    asked: Any = None,
) -> bool:
    """Carry the verb out. Where it is refused, say so in the form or with the row; then False."""
    try:
        request.answer, _replayed = carry_out(  # type: ignore[attr-defined]
            verb,
            lines,
            by=actor(request),
            at=timezone.now(),
            key=form.cleaned_data["key"],
            asked=[asked, form.asked],
        )
    except Refused as refusal:
        for found in refusal.all:
            if found.line is not None and found.field not in form.fields:
                refused[found.line].append(found)
            else:
                form.refuse(found.field, found)
    except ValidationError as invalid:
        for message in invalid.messages:
            form.refuse(None, message)
    else:
        return True
    request.refused = True  # type: ignore[attr-defined]
    return False


def render(
    request: HttpRequest,
    model_admin: "Acting[Any]",
    template: str,
    title: str,
    context: dict[str, Any],
) -> TemplateResponse:
    """A page in the admin's frame; 409 where something was refused."""
    frame = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "back": came_from(request, model_admin, [row for row, _refusals in context["rows"]]),
    }
    status = 409 if getattr(request, "refused", False) else 200
    return TemplateResponse(request, template, frame | context, status=status)


def chosen(request: HttpRequest, model_admin: "Acting[Any]") -> list[Any]:
    """The rows the address names, in the order of the list; 404 where one is missing."""
    rows = named(request, model_admin)
    if not rows or len(rows) != len(_numbers(request, model_admin)):
        raise Http404(_("Nothing to act on was chosen."))
    return rows


def named(request: HttpRequest, model_admin: "Acting[Any]") -> list[Any]:
    """Those of the rows that the address names which are there."""
    numbers = _numbers(request, model_admin)
    return list(model_admin.get_queryset(request).filter(pk__in=numbers)) if numbers else []


def _numbers(request: HttpRequest, model_admin: "Acting[Any]") -> set[Any]:
    wanted = request.GET.get("ids", "").split(",")
    key = model_admin.opts.pk
    try:
        pks = [key.to_python(pk) for pk in wanted[:MOST] if pk]
    except ValidationError:
        return set()
    if any(isinstance(pk, int) and pk.bit_length() > BIGINT_BITS for pk in pks):
        return set()  # no row has such a number, and the database would choke on it
    return set(pks)


def came_from(request: HttpRequest, model_admin: admin.ModelAdmin[Any], rows: Sequence[Any]) -> str:
    """The list as it was filtered; after a single row, its page."""
    back = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return back
    name = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}"
    if len(rows) == 1:
        return reverse(f"{name}_change", args=[rows[0].pk])
    return reverse(f"{name}_changelist")


def opens(verb: Verb) -> Any:
    """The list action that leads to an act's page with the chosen rows."""

    @admin.action(description=verb.label)  # who may not do the verb is not offered it, see below
    def to_page(
        model_admin: "Acting[Any]", request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        pks = [str(pk) for pk in queryset.values_list("pk", flat=True)[: MOST + 1]]
        if len(pks) > MOST:
            message = _("Choose at most %(most)d rows at once.") % {"most": MOST}
            messages.error(request, message)
            return None
        asked = {"ids": ",".join(pks), "next": request.get_full_path()}
        return HttpResponseRedirect(f"{model_admin.act_url(verb.name)}?{urlencode(asked)}")

    return to_page


class Acting(Buttons[M]):
    """Adds acts to a list, and to the pages of its rows."""

    acts: tuple[Act, ...] = ()

    def look_at(self, rows: list[M]) -> list[M]:
        """The rows with what a person needs to see before acting."""
        return rows

    def versions(self, rows: list[M]) -> dict[Any, str]:
        """By row, the version of what a page shows of it, for acts that have `sees`."""
        return {}

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        pages = [
            path(f"act/{act.verb}/", wrap(partial(act.page, self)), name=self._url_name(act.verb))
            for act in self.acts
        ]
        return [*pages, *super().get_urls()]

    def _url_name(self, verb: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_act_{verb}"

    def act_url(self, verb: str) -> str:
        return reverse(f"admin:{self._url_name(verb)}")

    def offered(self, request: HttpRequest, row: M | None = None) -> list[Verb]:
        """What this person may do with the rows, or with this one."""
        verbs = (REGISTRY[act.verb] for act in self.acts)
        return [verb for verb in verbs if request.user.has_perm(verb.permission)]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if IS_POPUP_VAR not in request.GET:
            for verb in self.offered(request):
                actions[verb.name] = (opens(verb), verb.name, verb.label)
        return actions

    def buttons(self, request: HttpRequest, row: M) -> list[dict[str, Any]]:
        return [
            {"verb": verb, "url": f"{self.act_url(verb.name)}?ids={row.pk}"}
            for verb in self.offered(request, row)
        ]
