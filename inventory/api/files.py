"""Lists of the API as CSV or XLSX: the same filters and order as in JSON, and no pages."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request

from inventory import sites
from inventory.api.fields import QuantityOut
from inventory.audit import Actor
from inventory.models import Surface
from inventory.paging import every
from inventory.sheets.answers import answer, wanted
from inventory.sheets.columns import BATCH, Column, FileType, Sheet

OF_PAGES = ("cursor", "page_size")


def wanted_file(request: Request) -> FileType | None:
    """The kind of file that is asked for, by `format` or by the Accept header."""
    return wanted(str(request.accepted_renderer.format))


def file_of(
    view: Any, kind: FileType, rows: QuerySet[Any], shown: Callable[[list[Any]], Any]
) -> StreamingHttpResponse:
    """All that the view lists. `rows` are filtered; `shown` are the serializer's data of some.

    Refuses `export_too_large`. Where the view names a `file_permission`, the file asks for it and
    is recorded.
    """
    request, needed = view.request, getattr(view, "file_permission", "")
    if needed and not request.user.has_perm(needed):
        raise PermissionDenied
    _refuse_pages(request)
    asked = request.query_params.copy()
    asked.pop("format", None)
    request._request.GET = asked  # else links in the file would ask for files as well
    paginator = view.paginator
    [term] = paginator.get_ordering(request, rows, view)
    found = rows.filter(Q(*view.branches, _connector=Q.OR)) if view.branches else rows
    # What a page passes to `take`; a file takes one after the other.
    how = {
        "tie": paginator.tie, "down": term.startswith("-"), "sieve": view.sieve,
        "branches": view.branches, "read": paginator.value, "size": BATCH,
    }  # fmt: skip
    sheet = Sheet(
        name=request.path.strip("/").removeprefix("api/v1/").replace("/", "-"),
        columns=columns_of(view.get_serializer_class()),
        found=found,
        batches=lambda: map(shown, every(rows, term.lstrip("-"), **how)),
    )
    by = Actor(request.user, Surface.API) if needed else None
    told = sites.told_of(sites.limit_of(request.user)) if needed else None
    facts = {"filters": asked.dict()} | ({} if told is None else {"sites": told})
    try:
        return answer(sheet, kind, for_people=False, by=by, facts=facts)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise ValidationError(_("A parameter is out of range."), "out_of_range") from error


def _refuse_pages(request: Request) -> None:
    text = _("A file has no pages.")
    paged = [name for name in OF_PAGES if name in request.query_params]
    if paged:
        raise ValidationError({name: [ErrorDetail(text, "unknown_parameter")] for name in paged})


def columns_of(serializer: type[serializers.BaseSerializer[Any]]) -> list[Column]:
    """The serializer's fields, in their order. Nested ones are JSON in a cell."""
    fields: dict[str, Any] = getattr(serializer(), "fields", {})
    return [Column(name, name, _reader(name, field)) for name, field in fields.items()]


def _reader(name: str, field: Any) -> Callable[[Any], Any]:
    """Numbers and days as such; all else as in JSON."""
    kinds: dict[type, Callable[[str], Any]] = {
        QuantityOut: Decimal,
        serializers.DecimalField: Decimal,
        serializers.DateField: date.fromisoformat,
    }
    made: Any = next((to for kind, to in kinds.items() if isinstance(field, kind)), None)
    if made is None:
        return lambda row: row[name]
    return lambda row: None if row[name] in (None, "") else made(row[name])
