"""What every resource that is read has in common."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError as ModelError
from django.db import DataError, models
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from django_filters.widgets import BooleanWidget
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import OrderingFilter
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from inventory.models import Location

OF_THE_PAGE = {"cursor", "page_size", "ordering"}


class StrictFilters(filters.DjangoFilterBackend):
    """Refuses parameters that nobody reads: a misspelt filter must not answer with everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        known = OF_THE_PAGE | set(self.get_filterset_class(view, queryset).base_filters)
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            text = _("There is no such parameter. Known are: %(known)s.") % {
                "known": ", ".join(sorted(known))
            }
            raise ValidationError(
                {name: [ErrorDetail(text, "unknown_parameter")] for name in unknown}
            )
        return super().filter_queryset(request, queryset, view)


class StrictOrdering(OrderingFilter):
    """Orders by one of the columns that the resource names; refuses others."""

    def remove_invalid_fields(
        self, queryset: QuerySet[Any], fields: Any, view: Any, request: Request
    ) -> list[str]:
        allowed = view.ordering_fields
        valid = [term for term in fields if term.removeprefix("-") in allowed]
        if len(fields) != 1 or not valid:
            text = _("Order by one of: %(allowed)s; with - in front, downwards.") % {
                "allowed": ", ".join(allowed)
            }
            raise ValidationError({"ordering": [ErrorDetail(text, "unknown_ordering")]})
        return valid

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        terms = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        [parameter] = super().get_schema_operation_parameters(view)
        return [{**parameter, "schema": {"type": "string", "enum": terms}}]


class Resource(ListModelMixin, RetrieveModelMixin, GenericViewSet[Any]):
    """A list with filters, ordering and keyset pages, and each thing by its code or number.

    `ordering_fields` are columns that are never empty; `ordering` is the default.
    """

    filter_backends = (StrictFilters, StrictOrdering)
    lookup_value_converter = "int"
    ordering_fields: tuple[str, ...] = ("id",)
    ordering: tuple[str, ...] = ("-id",)
    permission_needed: str | None = None
    summaries: ClassVar[dict[str, str]] = {}
    tag = ""

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Lists are filtered; one thing is found by its code or number alone."""
        return queryset if self.detail else super().filter_queryset(queryset)

    def get_object(self) -> Any:
        try:
            return super().get_object()
        except (ValueError, DataError) as error:  # a code that no database can hold
            raise Http404 from error


class Coded(Resource):
    """A resource whose things are named by code in the path."""

    lookup_field = "code"
    lookup_value_converter = "str"
    ordering_fields: tuple[str, ...] = ("code", "id")
    ordering = ("code",)


class _YesNoWidget(BooleanWidget):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return data.get(name) if value is None else value


class _YesNoField(forms.NullBooleanField):
    def to_python(self, value: Any) -> bool | None:  # type: ignore[override]  # as its parent
        if value in (None, ""):
            return None
        if not isinstance(value, bool):
            raise ModelError(_("Write true or false."), code="invalid")
        return value


class YesNoFilter(filters.BooleanFilter):
    """`true` or `false`; anything else is refused, and not taken for nothing."""

    field_class = _YesNoField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, widget=_YesNoWidget, **options)


class Filters(filters.FilterSet):
    """What a resource is filtered by."""

    FILTER_DEFAULTS = filters.FilterSet.FILTER_DEFAULTS | {
        models.BooleanField: {"filter_class": YesNoFilter}
    }


class CodeFilter(filters.CharFilter):
    """By code: `CodeFilter("lot")` compares `lot.code`; several, separated by commas, are ored."""

    def __init__(self, field: str, column: str = "code", **options: Any) -> None:
        super().__init__(field_name=f"{field}__{column}" if field else column, **options)

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        return qs.filter(**{f"{self.field_name}__in": value.split(",")})


class WithinFilter(filters.CharFilter):
    """A location by its code, with everything below it."""

    def __init__(self, field: str = "location", **options: Any) -> None:
        super().__init__(field_name=field, **options)

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        place = Location.objects.filter(code=value).first()
        return (
            qs.filter(**{f"{self.field_name}__in": Location.objects.within(place)})
            if place
            else qs.none()
        )


class PeriodFilters(Filters):
    """By when it was recorded: from `recorded_from` on, and before `recorded_before`."""

    recorded_from = filters.IsoDateTimeFilter("recorded_at", "gte")
    recorded_before = filters.IsoDateTimeFilter("recorded_at", "lt")
