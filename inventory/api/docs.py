"""The API's document, and pages to read and try it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from inventory.api import document
from inventory.api.document import Part


class _Made(SchemaGenerator):
    """What drf-spectacular's view asks for the document."""

    def get_schema(self, request: Request | None = None, public: bool = True) -> Part:
        name = request.query_params.get("tag") if request else None
        if name is None:
            return document.whole()
        if name not in document.tags():
            known = ", ".join(document.tags())
            raise ValidationError({"tag": f"There is no such tag. The tags are: {known}."})
        return document.part(document.tags()[name])


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document of this API; with `tag`, only what belongs to one of its tags."""

    generator_class = _Made


class TryView(SpectacularSwaggerSplitView):
    """Swagger UI for the operations of one tag, from our own server, in a page without inline
    script or style."""

    template_name = "api/try.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, tag: str, **kwargs: Any) -> HttpResponse:
        if tag not in document.tags():
            raise Http404
        self.title = document.tags()[tag]
        self.url = f"{reverse('schema')}?tag={tag}"
        shown: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        return shown


@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """Every operation by its tag, those with the words that are searched for."""
    words = request.GET.get("search", "").casefold().split()
    found: dict[str, list[Part]] = {tag: [] for tag in document.tags().values()}
    for path, method, operation in document.operations(document.whole()):
        line = {"method": method.upper(), "path": path, **operation}
        said = " ".join([method, path, operation["operationId"], operation["summary"]]).casefold()
        if all(word in said for word in words):
            found[operation["tags"][0]].append(line)
    groups = [(slug, tag, found[tag]) for slug, tag in document.tags().items() if found[tag]]
    return render(
        request, "api/docs.html", {"groups": groups, "search": request.GET.get("search", "")}
    )
