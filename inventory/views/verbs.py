"""The work menu, and one page for every verb."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import View

from inventory import attempts, verbs
from inventory.errors import Refused
from inventory.forms import VerbForm, form_for, permitted
from inventory.guided import GUIDED
from inventory.models import Movement, MovementKind
from inventory.verbs import REGISTRY, Verb
from inventory.views import visit
from inventory.views.common import FloorView, actor, key_of
from inventory.wording import recorded

KEPT = frozenset({"demand", "lane", "vehicle", "work_center", "supplier", "location", "site"})
"""Fields that stay filled for the next scan."""

KEPT_ALSO = {"receive": frozenset({"reference"}), "adjust": frozenset({"reason"})}
FORGETFUL = frozenset({"place_hold", "change_demand", "cancel_demand", "complete_demand"})
"""Verbs after which nothing stays filled: there is no next one like it."""

FILLS_ALTERNATIVE = frozenset({"stage", "allocate"})
"""Verbs that take the lots which the gate offers instead; from others a link leads to `stage`."""


class WorkView(FloorView, View):
    """What the person may do, in groups."""

    def get(self, request: HttpRequest) -> HttpResponse:
        groups: dict[str, list[dict[str, Any]]] = {}
        for verb in permitted(actor(request).user, REGISTRY.values()):
            groups.setdefault(str(verb.group), []).append(
                {"url": path_of(verb.name), "label": verb.label, "help": verb.help,
                 "icon": verb.icon}
            )  # fmt: skip
        user = actor(request).user
        flows = [
            {"url": reverse("staging:guided", args=[flow.name]), "label": flow.label,
             "help": flow.help, "icon": flow.icon}
            for flow in GUIDED.values()
            if user.has_perm(flow.permission)
        ]  # fmt: skip
        context = {
            "flows": flows,
            "groups": groups.items(),
            "done": visit.entries(request),
            "section": "work",
        }
        return render(request, "inventory/work.html", context)


class VerbView(FloorView, View):
    """The form of one verb. Values in the query fill it in; a success leaves it ready for the next.

    Answers 409 to a refusal and 422 to what could not be read, 200 where htmx does not ask.
    """

    verb: Verb

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        name = kwargs["name"].replace("-", "_")
        if name not in REGISTRY or kwargs["name"] != hyphenated(name):
            raise Http404
        self.verb = REGISTRY[name]

    def get_permission_required(self) -> tuple[str, ...]:
        return (*super().get_permission_required(), self.verb.permission)

    def handle_no_permission(self) -> HttpResponseRedirect:
        """To open the form counts as well: without the permission, nobody gets any further."""
        _keep_denied(self.request, self.verb, _typed(self.verb, self.request))
        return super().handle_no_permission()

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        blank = form_for(self.verb.name)
        form = blank(initial=blank.read(_filled(self.verb, request.GET)))
        answer = self._page(request, form, accepted=visit.take_news(request))
        answer["HX-Replace-Url"] = request.get_full_path()
        return answer

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        form = form_for(self.verb.name)(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        key = key_of(request, "idempotency_key")
        try:
            answer, _replayed = verbs.carry_out(
                self.verb,
                [form.line()],
                by=actor(request),
                at=timezone.now(),
                key=key,
                asked=_filled(self.verb, request.POST),
            )
        except ValidationError as error:
            self._explain(form, error)
            return self._page(request, form, status=409)
        visit.note(request, self.verb, answer, visit.as_entered(form), key=key)
        given = _filled(self.verb, form.data)  # type: ignore[arg-type]  # codes, where labels were
        kept = {name: value for name, value in given.items() if _stays(self.verb, name)}
        return HttpResponseRedirect(path_of(self.verb.name, **kept))

    def _explain(self, form: VerbForm, error: ValidationError) -> None:
        """Put the refusal into the form, with a button for each way out that it names."""
        if isinstance(error, Refused):
            if error.code == "idempotency_key_reused":
                error = page_was_used()
            for refusal in error.all:
                refusal.facts["offers"] = list(_offers(self.verb, form, refusal))
        form.refuse(error)

    def _page(
        self, request: HttpRequest, form: VerbForm, status: int = 200, accepted: Any = None
    ) -> HttpResponse:
        swaps = bool(getattr(request, "htmx", False))
        context = {
            "verb": self.verb,
            "form": form,
            "path": path_of(self.verb.name),
            "key": uuid4(),
            "accepted": accepted,
            "done": visit.entries(request),
            "section": "work",
        }
        template = "inventory/verb_form.html" if swaps else "inventory/verb.html"
        return render(request, template, context, status=status if swaps else 200)


class LabelView(VerbView):
    """What a label that was scanned into the form says for its fields. Records nothing.

    Takes the form as it is, and in `scanned` the name of the field. Answers 409 to a label that is
    wrong, or contradicts the form.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        form = form_for(self.verb.name)(request.POST)
        scanned = request.POST.get("scanned", "")
        refusals = form.errors.as_data().get(scanned, [])
        if refusals:
            hint = str(getattr(refusals[0], "hint", ""))
            return JsonResponse({"why": refusals[0].messages[0], "hint": hint}, status=409)
        return JsonResponse({"values": form.filled})


class UndoView(FloorView, View):
    """Take back what the person has just done, by reversing its movements."""

    reads = ("inventory.reverse",)

    def handle_no_permission(self) -> HttpResponseRedirect:
        _keep_denied(self.request, REGISTRY["reverse"], {"batch": [self.kwargs["batch"]]})
        return super().handle_no_permission()

    def post(self, request: HttpRequest, batch: UUID) -> HttpResponse:
        rows = Movement.objects.filter(batch=batch, actor=actor(request).user, reversed_by=None)
        late = rows.filter(recorded_at__lt=timezone.now() - visit.UNDO_WITHIN).exists()
        lines = [
            REGISTRY["reverse"].line(movement=movement, reason=recorded(_("Undone after entry.")))
            for movement in rows.exclude(kind=MovementKind.REVERSE).select_related("lot")
        ]
        try:
            if late:
                raise _too_late()
            if not lines:
                raise _nothing_to_undo()
            verbs.carry_out(
                REGISTRY["reverse"], lines, by=actor(request), at=timezone.now(),
                key=f"undo-{batch}", asked=str(batch),
            )  # fmt: skip
        except Refused as refusal:
            messages.error(request, f"{refusal.text} {refusal.hint}")
        else:
            messages.success(request, _("Undone. The opposite movement stands in the ledger."))
            visit.mark_undone(request, batch)
        return redirect(self._back())

    def _back(self) -> str:
        """The page it was pressed on, if that is one of ours; else the verb's, or the menu."""
        back, name = self.request.POST.get("back", ""), self.request.POST.get("verb", "")
        if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
            return back
        return path_of(name) if name in REGISTRY else reverse("inventory:work")


def _keep_denied(request: HttpRequest, verb: Verb, asked: attempts.Asked) -> None:
    """Strangers are sent to sign in; nobody is known to have tried anything."""
    if request.user.is_authenticated:
        attempts.record_denied(verb.permission, asked, by=actor(request))


def _typed(verb: Verb, request: HttpRequest) -> attempts.Asked:
    """What was filled in, as far as it can be read; else as it was written."""
    data = request.POST if request.method == "POST" else request.GET
    form = form_for(verb.name)(data)
    form.is_valid()
    written = _filled(verb, data)
    return {
        name: [form.cleaned_data.get(name, text.replace("\x00", "\ufffd"))]
        for name, text in written.items()
    }


def hyphenated(name: str) -> str:
    return name.replace("_", "-")


def path_of(name: str, **filled: str) -> str:
    """The page of a verb, with some of its fields filled in."""
    query = f"?{urlencode(filled)}" if filled else ""
    return reverse("inventory:verb", args=[hyphenated(name)]) + query


def _filled(verb: Verb, values: QueryDict) -> dict[str, str]:
    """The values given for the verb's fields; secrets are left out."""
    return {
        field.name: value
        for field in verb.fields
        if not field.about.secret and (value := values.get(field.name))
    }


def _stays(verb: Verb, name: str) -> bool:
    if verb.name in FORGETFUL:
        return False
    return name in KEPT or name in KEPT_ALSO.get(verb.name, ())


def _offers(verb: Verb, form: VerbForm, refusal: Refused) -> Iterable[dict[str, str]]:
    """Ways out that the refusal's facts name: a label, and the page with the form so filled."""
    filled = _filled(verb, form.data)  # type: ignore[arg-type]
    for other in refusal.facts.get("alternatives", []):
        found = {"lot": other["lot"], "source": other["location"]}
        if verb.name in FILLS_ALTERNATIVE:
            yield {
                "label": _("Take %(lot)s at %(source)s") % found,
                "url": path_of(verb.name, **filled | found),
            }
        elif "demand" in filled:
            yield {
                "label": _("Stage %(lot)s from %(source)s") % found,
                "url": path_of("stage", demand=filled["demand"], **found),
            }
    for name, choices in _choices(form, refusal):
        for choice in choices:
            yield {"label": choice, "url": path_of(verb.name, **filled | {name: choice})}


def _choices(form: VerbForm, refusal: Refused) -> Iterable[tuple[str, list[str]]]:
    """Fields that the refusal asks for, with the values it names."""
    if refusal.code == "demand_needed":
        yield "demand", refusal.facts.get("demands", [])
    if refusal.code == "lane_needed" and (name := form.place_of("lane")):
        yield name, refusal.facts.get("places", [])


def page_was_used() -> Refused:
    """The refusal `page_used`: a page's key was sent before, with other values."""
    return Refused(
        _("This page was sent before, with other values. Nothing was recorded now."),
        code="page_used",
        hint=_("Check the values and send it again."),
    )


def _too_late() -> Refused:
    return Refused(
        _("That was done more than ten minutes ago."),
        code="undo_too_late",
        hint=_("Reverse the movement instead, and say why."),
    )


def _nothing_to_undo() -> Refused:
    return Refused(
        _("There is nothing left to undo."),
        code="nothing_to_undo",
        hint=_("Look at the lot's timeline for what happened since."),
    )
