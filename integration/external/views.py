"""`PUT /external/{source}/materials/{id}/` and its like: things as other systems call them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn, cast

from django.contrib.auth.models import User
from django.db import models
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from integration.external import actions
from integration.external.lines import PutLocation, PutLot, PutMaterial
from integration.external.naming import known_as
from integration.external.serving import serve
from inventory import attempts, preconditions, sites
from inventory.api import matching
from inventory.api import serializers as shapes
from inventory.api.clients import client_of
from inventory.api.etags import etag_of
from inventory.api.fields import UNKNOWN_FIELD
from inventory.api.lines import line_serializer, read_lines
from inventory.api.renderers import FastJSONRenderer
from inventory.api.schema import TO_DO, TO_READ, VerbSchema
from inventory.api.terms import Terms, is_dry, plain_json, terms_of, told
from inventory.api.verbs import VerbView
from inventory.audit import Actor
from inventory.idempotency import Answer as Stored
from inventory.models import Location, Lot, Material, Surface
from inventory.verbs import Verb

GROUP = "External identifiers"
IN_PATH = ("source", "id")

PUT_MATERIAL = Verb(
    "integration", "put_material", "Put a material", actions.put_material, PutMaterial,
    group=GROUP, help="Make or change the material that a system calls so.",
)  # fmt: skip
PUT_LOCATION = Verb(
    "integration", "put_location", "Put a location", actions.put_location, PutLocation,
    group=GROUP, by_text=True, help="Make or change the location that a system calls so.",
)  # fmt: skip
PUT_LOT = Verb(
    "integration", "put_lot", "Put a lot", actions.put_lot, PutLot,
    group=GROUP, help="Announce the lot that a system calls so.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """What is answered about a thing: its own shape, as its resource has it."""

    serializer: type[serializers.BaseSerializer[Any]]
    rows: Callable[[], models.QuerySet[Any]]

    def of(self, thing: Any, request: Request) -> Any:
        row = self.rows().get(pk=thing.pk)
        return self.serializer(row, context={"request": request}).data


class PutSchema(VerbSchema):
    """One thing, without what stands in the path."""

    view: Any

    @property
    def problems(self) -> tuple[int, ...]:  # type: ignore[override]  # by method
        return (*TO_DO, 412, 428) if self.method == "PUT" else TO_READ

    def get_operation_id(self) -> str:
        return self._name if self.method == "PUT" else f"read_{self._name}"

    @property
    def _name(self) -> str:
        """`put_demand`; a demand is sent, by a verb that has a path of its own as well."""
        return f"put_{self.verb.name.rpartition('_')[2]}"

    def get_summary(self) -> str:
        return str(self.verb.label) if self.method == "PUT" else f"What {self._name} has put"

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        if self.method == "PUT":
            return super().get_description()
        return "The thing that the system calls so, in the shape of its own resource."

    def get_request_serializer(self) -> Any:
        return self.view.body() if self.method == "PUT" else None

    def get_response_serializers(self) -> Any:
        shape = self.view.shape.serializer
        if self.method != "PUT":
            return {200: shape}
        return {
            200: OpenApiResponse(shape, "It was known; changed if it differed."),
            201: OpenApiResponse(shape, "It is new under this identifier."),
        }


class PutView(VerbView):
    """Puts one thing: 201 where the identifier is new, 200 where it is known."""

    http_method_names = ["get", "put", "options"]
    schema = PutSchema()
    shape: Shape = None  # type: ignore[assignment]  # as_view() gives it
    kind: type[models.Model] = None  # type: ignore[assignment]

    @property
    def permission_needed(self) -> str:
        if self.request.method == "PUT":
            return self.verb.permission
        return f"{self.kind._meta.app_label}.view_{self.kind._meta.model_name}"

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        """Keep who tried what, if somebody is known to be there and means it."""
        if request.method == "PUT" and isinstance(request.user, User) and not is_dry(request):
            by = Actor(request.user, Surface.API)
            attempts.record_denied(self.verb.permission, {}, by=by)
        super().permission_denied(request, message, code)

    def body(self) -> type[serializers.Serializer[Any]]:
        """The line without what the path says."""
        whole: Any = line_serializer(self.verb.line)  # type: ignore[arg-type]  # it is hashable
        name = f"{whole.__name__.removesuffix('Line')}Content"
        parts = dict.fromkeys(IN_PATH) | {"__doc__": whole.__doc__}
        return type(name, (whole,), parts)

    def get(self, request: Request, source: str, identifier: str) -> Response:
        found = self.known(source, identifier)
        if found is None:
            raise Http404
        return Response(self.shape.of(found, request))

    def known(self, source: str, identifier: str) -> Any:
        """What the system calls so, if who asks may see it; or None."""
        if "\x00" in source + identifier:
            return None
        found = known_as(self.kind, [(source, identifier)]).values()
        rows = self.kind._default_manager.filter(pk__in=[thing.pk for thing in found])
        return sites.within(rows, self.request.user).first()

    def put(self, request: Request, source: str, identifier: str) -> Response:
        terms = terms_of(request, matches=True)
        lines = read_lines(self.verb.line, _with_path(request.data, source, identifier)).lines
        with self._expecting_of(terms, lines[0], source, identifier):
            answer, replayed = self._serve(terms, lines, source, identifier)
        return terms.respond(answer, replayed=replayed)

    def _expecting_of(
        self, terms: Terms, line: Any, source: str, identifier: str
    ) -> AbstractContextManager[None]:
        """Has the thing compared with what the client has read of it at this path.

        Refuses `precondition_required` where the client must say that and the thing is known.
        """
        if terms.match is None and not client_of(self.request).match_required:
            return nullcontext()
        thing = self.known(source, identifier)
        if terms.match is None:
            if thing is None or self.is_ordered(line):
                return nullcontext()
            raise matching.required("id")
        if thing is None:
            raise preconditions.refused(f"{source}:{identifier}", field="id", etag=None)
        return matching.expecting(
            thing, terms.match, field="id", tags=lambda: (self._tag(thing),),
            beside=self.beside(thing),
        )  # fmt: skip

    def is_ordered(self, line: Any) -> bool:
        """Whether the line itself tells old from new."""
        return False

    def beside(self, thing: Any) -> Sequence[models.Model]:
        """What is told with the thing, and locked apart from it."""
        return ()

    def _tag(self, thing: Any) -> str:
        return etag_of(FastJSONRenderer().render(self.shape.of(thing, self.request)))

    def answer(
        self, said: dict[str, Any], warnings: list[str], source: str, identifier: str
    ) -> Any:
        """What is answered to a put: how the thing is now."""
        return self.shape.of(self.known(source, identifier), self.request)

    def _serve(self, terms: Terms, lines: list[Any], *path: str) -> tuple[Stored, bool]:
        def answered(done: dict[str, Any]) -> Stored:
            said = done["objects"][0]["facts"]
            status = HTTPStatus.CREATED if said["created"] else HTTPStatus.OK
            return int(status), plain_json(self.answer(said, done["warnings"], *path))

        return serve(
            self.verb,
            lines,
            by=Actor(cast("User", self.request.user), Surface.API),
            at=timezone.now(),
            key=terms.key,
            asked=[*path, self.request.data],
            told=told,
            answered=answered,
            dry=terms.dry,
        )


def _with_path(data: Any, source: str, identifier: str) -> Any:
    if not isinstance(data, dict):
        return data
    unknown = [name for name in (*IN_PATH, "lines") if name in data]
    if unknown:
        raise ValidationError({unknown[0]: [ErrorDetail(str(UNKNOWN_FIELD), "unknown_field")]})
    if "\x00" in source + identifier:
        raise ValidationError({"id": [ErrorDetail(_("Not a character of a code."), "invalid")]})
    return {"source": source, "id": identifier, **data}


def _shape(serializer: Any, kind: type[models.Model], *related: str) -> Shape:
    return Shape(serializer, lambda: kind._default_manager.select_related(*related))


VIEWS = {
    "materials": PutView.as_view(
        verb=PUT_MATERIAL, kind=Material, shape=_shape(shapes.MaterialSerializer, Material)
    ),
    "locations": PutView.as_view(
        verb=PUT_LOCATION,
        kind=Location,
        shape=_shape(shapes.LocationSerializer, Location, "site", "parent"),
    ),
    "lots": PutView.as_view(
        verb=PUT_LOT, kind=Lot, shape=_shape(shapes.LotSerializer, Lot, "material")
    ),
}
