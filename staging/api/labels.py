"""Labels over the API: as a file, PDF or ZPL."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn, cast

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.views import APIView

from inventory import attempts, codes, sites
from inventory.api.fields import UNKNOWN_FIELD, ChoiceIn, DecimalIn
from inventory.api.lines import MOST_LINES, line_serializer, read_lines
from inventory.api.problems import Invalid, details
from inventory.api.renderers import FastJSONRenderer
from inventory.api.schema import ALWAYS, TO_DO, ApiSchema
from inventory.api.terms import is_dry, refuse_empty, refuse_parameters, settled, terms_of
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.idempotency import FIRST_ERROR, Answer
from inventory.models import Surface
from staging.labels.choosing import WAYS, chosen, usual_size
from staging.labels.lines import KINDS, PERMISSION, Format, Kind, Resolution
from staging.labels.printing import MOST_COPIES, How, Printed, print_labels
from staging.models import LabelSize

UNKNOWN = ("unknown_code", "ambiguous_code")


class PdfRenderer(FastJSONRenderer):
    """Lets PDF be asked for; problems are JSON all the same."""

    media_type = "application/pdf"
    format = "pdf"


class ZplRenderer(FastJSONRenderer):
    """Lets ZPL be asked for; problems are JSON all the same."""

    media_type = "application/zpl"
    format = "zpl"


class HowQuery(serializers.Serializer[Any]):
    """How labels are printed."""

    format = ChoiceIn(
        choices=Format, required=False, help_text="The same as `Accept`, which it overrides."
    )
    size = serializers.CharField(
        required=False, max_length=40, help_text="A code of `label-sizes`. Left out: the usual one."
    )
    resolution = ChoiceIn(choices=Resolution, required=False, help_text="Of ZPL, in dpi.")
    skip = serializers.IntegerField(
        required=False, min_value=0, max_value=1000,
        help_text="Labels of the first sheet that have been used before.",
    )  # fmt: skip


COMMON: Mapping[str, Any] = {
    "copies": serializers.IntegerField(required=False, min_value=1, max_value=MOST_COPIES),
    "reason": serializers.CharField(
        required=False, max_length=500, allow_blank=True, help_text="For a reprint."
    ),
}

SAID = {
    "ids": "Numbers, with commas between them.",
    "demand": "Everything that is reserved, staged or issued for it.",
    "batch": "Everything that one action moved, such as a delivery.",
    "within": "Everything in this location and below it.",
    "first": "From this location on, as the tree orders them.",
    "last": "Up to this location.",
}


def query_of(kind: Kind) -> type[HowQuery]:
    """The query of a GET: what, and how."""
    fields: dict[str, Any] = dict(COMMON)
    if kind.name == "lots":
        fields["quantity"] = DecimalIn(required=False, help_text="On each label, in the base unit.")
    for way in WAYS[kind.name]:
        text = serializers.CharField(max_length=4000 if way == "ids" else 200)
        fields[way] = (
            serializers.ListField(child=text, required=False, help_text="May be repeated.")
            if way == kind.field
            else serializers.CharField(required=False, max_length=4000, help_text=SAID[way])
        )
    if "batch" in fields:
        fields["batch"] = serializers.UUIDField(required=False, help_text=SAID["batch"])
    return type(f"{kind.field.title()}LabelQuery", (HowQuery,), fields)


def body_of(kind: Kind) -> type[serializers.Serializer[Any]]:
    """The body of a POST: lines."""
    many = line_serializer(kind.line)(many=True, allow_empty=False, max_length=MOST_LINES)  # type: ignore[arg-type,call-arg]
    body = {"lines": many, "__doc__": f"1 to {MOST_LINES} lines, each with its copies."}
    return type(f"{kind.field.title()}LabelsBody", (serializers.Serializer,), body)


class LabelSchema(ApiSchema):
    """Says what printing can lead to."""

    @property
    def problems(self) -> tuple[int, ...]:  # type: ignore[override]  # by method, here
        return TO_DO if self.method == "POST" else (400, 404, 409, *ALWAYS)

    def get_operation_id(self) -> str:
        return f"labels_{self.view.kind.name}_{self.method.lower()}"  # type: ignore[attr-defined]


class LabelView(APIView):
    """Labels of one kind. GET says in the query what is meant; POST sends a line for each thing.

    A file comes back, and the header `Forestage-Labels` with the number of labels in it. That they
    were printed stands in the audit trail, so a GET is recorded as well.

    Refuses `reason_needed` for a reprint, `label_too_small`, `too_many_labels`,
    `copies_out_of_range`, `size_not_in_use`, `zpl_needs_roll`.
    """

    kind: Kind = None  # type: ignore[assignment]  # as_view() gives it
    renderer_classes = (PdfRenderer, ZplRenderer)
    keeps_to_sites = True
    schema = LabelSchema()
    summaries: ClassVar[dict[str, str]] = {
        "get": "Labels of what is named",
        "post": "Labels, line by line",
    }
    tag = "Labels"

    @property
    def permission_needed(self) -> tuple[str, ...]:
        """Who may print, and read what is printed."""
        return PERMISSION, self.kind.reads

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        """Keep who tried, if somebody is known to be there."""
        if isinstance(request.user, User) and not (request.method == "POST" and is_dry(request)):
            attempts.record_denied(PERMISSION, {}, by=Actor(request.user, Surface.API))
        super().permission_denied(request, message, code)

    def get(self, request: Request) -> HttpResponse:
        refuse_parameters(request, query_of(self.kind)().fields)
        given = self._read(request, query_of(self.kind))
        common = {name: given[name] for name in ("copies", "quantity", "reason") if name in given}
        asked = {way: _texts(given[way]) for way in WAYS[self.kind.name] if given.get(way)}
        try:
            lines = chosen(self.kind, asked, **common)
        except Refused as refusal:
            raise _invalid(refusal) from refusal
        return self._print(request, given, lines)

    def post(self, request: Request) -> HttpResponse:
        terms = terms_of(request, others=HowQuery().fields)
        given = self._read(request, HowQuery)
        body = request.data if isinstance(request.data, Mapping) else {}
        if unknown := sorted(set(body) - {"lines"}):
            raise Invalid(
                list(details({unknown[0]: [ErrorDetail(str(UNKNOWN_FIELD), "unknown_field")]}))
            )
        asked = read_lines(self.kind.line, body or {"lines": None})
        how, by = self._how(request, given), Actor(cast("User", request.user), Surface.API)

        def act() -> Answer:
            sites.check_lines(asked.lines, by.user)
            made = print_labels(
                kind=self.kind, lines=asked.lines, how=how, by=by, at=timezone.now()
            )
            file = {"content": b64encode(made.content).decode(), "type": made.content_type}
            return 200, file | {"headers": made.headers}

        said = {"lines": request.data, "how": given, "format": how.format}
        (status, body), replayed = settled(
            terms, by.user, f"{PERMISSION} {self.kind.name}", said, act,
            refused=lambda refusal: self._record(asked.lines, refusal, by),
        )  # fmt: skip
        if status >= FIRST_ERROR:
            return terms.respond((status, body), replayed=replayed)
        headers = body["headers"] | terms.headers(replayed=replayed)
        return HttpResponse(b64decode(body["content"]), content_type=body["type"], headers=headers)

    def _read(self, request: Request, query: type[HowQuery]) -> dict[str, Any]:
        refuse_empty(request, query().fields)
        reader = query(data=request.query_params)
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)

    def _print(self, request: Request, given: dict[str, Any], lines: list[Any]) -> HttpResponse:
        by = Actor(cast("User", request.user), Surface.API)
        how = self._how(request, given)
        try:
            sites.check_lines(lines, by.user)
            made = print_labels(kind=self.kind, lines=lines, how=how, by=by, at=timezone.now())
        except Refused as refusal:
            self._record(lines, refusal, by)
            raise
        return answer(made)

    def _how(self, request: Request, given: dict[str, Any]) -> How:
        return How(
            size=self._size(given.get("size")),
            format=Format(request.accepted_renderer.format),
            resolution=given.get("resolution", Resolution.COARSE),
            skip=given.get("skip", 0),
        )

    def _record(self, lines: list[Any], refusal: Refused, by: Actor) -> None:
        tried = [(attempts.asked_of(lines), found) for found in refusal.all]
        attempts.record(PERMISSION, tried, by=by, at=timezone.now())

    def _size(self, code: str | None) -> LabelSize:
        size = usual_size(self.kind) if code is None else None
        try:
            return size or codes.find_one(LabelSize, code or self.kind.usual_size)
        except Refused as refusal:
            refusal.field = "size"
            raise _invalid(refusal) from refusal


def answer(made: Printed) -> HttpResponse:
    """The file, to be kept or sent to the printer."""
    return HttpResponse(made.content, content_type=made.content_type, headers=made.headers)


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _invalid(refusal: Refused) -> Exception:
    """A name that cannot be found is a mistake in the request; everything else is refused."""
    return Invalid([refusal.plain()]) if refusal.code in UNKNOWN else refusal


def _view(kind: Kind) -> Any:
    """A view of its own for each kind, described with its own fields."""
    files: Any = {
        (200, "application/pdf"): OpenApiTypes.BINARY,
        (200, "application/zpl"): OpenApiTypes.STR,
    }
    view = type(
        f"{kind.field.title()}LabelView", (LabelView,), {"kind": kind, "__doc__": LabelView.__doc__}
    )
    get = extend_schema(parameters=[query_of(kind)], responses=files)
    post = extend_schema(parameters=[HowQuery], request=body_of(kind), responses=files)
    view.get = get(_like(LabelView.get))  # type: ignore[attr-defined]
    view.post = post(_like(LabelView.post))  # type: ignore[attr-defined]
    return view.as_view()  # type: ignore[attr-defined]


def _like(method: Any) -> Any:
    def same(self: LabelView, request: Request) -> HttpResponse:
        return method(self, request)  # type: ignore[no-any-return]

    same.__doc__, same.__name__ = method.__doc__, method.__name__
    return same


VIEWS = {name: _view(kind) for name, kind in KINDS.items()}
