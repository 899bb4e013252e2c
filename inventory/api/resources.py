"""What every resource that is read has in common."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError as ModelError
from django.core.validators import RegexValidator
from django.db import DataError, models
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django_filters import rest_framework as filters
from django_filters.utils import translate_validation
from django_filters.widgets import BooleanWidget
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import OrderingFilter
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from inventory import sites
from inventory.api.files import file_of, wanted_file
from inventory.api.renderers import FILES
from inventory.api.selection import SELECTION, Expansion, Selection
from inventory.api.terms import refuse_empty, refuse_parameters
from inventory.models import Location

OF_THE_PAGE = {"cursor", "page_size", "ordering", "format"}
PERIOD = ("recorded_from", "recorded_before")
MOST_PLACES = 500
"""Places of a branch that are named one by one in a statement."""


class StrictFilters(filters.DjangoFilterBackend):
    """Refuses parameters that nobody reads: a misspelt filter must not answer with everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        own = self.get_filterset_class(view, queryset).base_filters
        refuse_parameters(request, OF_THE_PAGE | {*own} | {*getattr(view, "selects", ())})
        texts = {name for name, one in own.items() if isinstance(one, filters.CharFilter)}
        refuse_empty(request, (own.keys() | OF_THE_PAGE) - texts - {"cursor"})
        filterset = self.get_filterset(request, queryset, view)
        if not filterset.is_valid():
            raise translate_validation(filterset.errors)
        view.sieve, view.branches = filterset.sieve(), filterset.branches()
        return filterset.qs


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

    def get_default_ordering(self, view: Any) -> Any:
        """A period is read in the order of its own column, and so from its own index."""
        asked = view.request.query_params if getattr(view, "request", None) else {}
        if any(asked.get(name) for name in PERIOD):
            return ("-recorded_at",)
        return super().get_default_ordering(view)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        terms = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        [parameter] = super().get_schema_operation_parameters(view)
        return [{**parameter, "schema": {"type": "string", "enum": terms}}]


RESOURCES: dict[type[models.Model], "type[Resource]"] = {}
"""The resource of each kind of thing that has one."""

SHOWN: dict[Any, "type[Resource]"] = {}
"""The resource that a serializer is for."""


class Resource(ListModelMixin, RetrieveModelMixin, GenericViewSet[Any]):
    """A list with filters, ordering and keyset pages, and each thing by its code or number.

    `ordering_fields` are columns that are never empty; `ordering` is the default. `expansions` are
    the fields in whose place the whole thing can be shown. What else a resource does says by
    `keeps_to_sites` whether it tells of the sites only of who asks.
    """

    filter_backends = (StrictFilters, StrictOrdering)
    lookup_value_converter = "int"
    ordering_fields: tuple[str, ...] = ("id",)
    ordering: tuple[str, ...] = ("-id",)
    permission_needed: str | tuple[str, ...] | None = None
    keeps_to_sites: bool | None = None
    summaries: ClassVar[dict[str, str]] = {}
    expansions: ClassVar[Mapping[str, Expansion]] = {}
    tag = ""
    sieve: Q | None = None
    branches: tuple[Q, ...] = ()
    said_in_words: ClassVar[tuple[str, ...]] = ()
    """Fields that may name anything; they are empty where one of them names what is of other sites
    than those of who asks."""
    file_permission = ""
    """What its file asks for besides; that it left is then recorded."""

    def get_renderers(self) -> list[Any]:
        """Lists can be files as well; a method that there is not is refused before its form."""
        files = [kind() for kind in FILES] if self.action in ("list", None) else []
        return [*super().get_renderers(), *files]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        kind = wanted_file(request)
        if kind is None:
            return super().list(request, *args, **kwargs)
        rows = self.filter_queryset(self.get_queryset())
        return file_of(
            self,
            kind,
            rows,
            lambda part: self._kept_back(self.get_serializer(part, many=True).data),
        )

    def get_paginated_response(self, data: Any) -> Any:
        return super().get_paginated_response(self._kept_back(data))

    def _kept_back(self, rows: Any) -> Any:
        """Without what of it is of other sites than those of who asks."""
        if self.said_in_words:
            sites.hush(rows, self.said_in_words, self.request.user)
        if self._is_selected:
            self.selection.withhold(rows, self.request.user)
        return rows

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "retrieve" in cls.summaries and cls.queryset is not None:
            RESOURCES.setdefault(cls.queryset.model, cls)
        if {"list", "retrieve"} & cls.summaries.keys() and cls.serializer_class is not None:
            SHOWN.setdefault(cls.serializer_class, cls)

    @classmethod
    def represent(cls, pk: Any, request: Request) -> Any:
        """What the resource of one thing answers now, without `fields` and `expand`."""
        view = cls(action=None, request=request, kwargs={}, format_kwarg=None, detail=True)
        return view.get_serializer(view.get_queryset().get(pk=pk)).data

    @property
    def selects(self) -> Collection[str]:
        """The parameters of `selection`, where they are taken."""
        return SELECTION if self.action in ("list", "retrieve") else set()

    @cached_property
    def selection(self) -> Selection:
        """What of each thing is shown."""
        shown: Any = self.get_serializer_class()()
        return Selection.of(self.request, shown.fields, self.expansions)

    def is_shown(self, name: str) -> bool:
        """Whether a field is, so that nothing need be read for one that is not."""
        return not self._is_selected or self.selection.shows(name)

    def get_serializer(self, *args: Any, **options: Any) -> Any:
        serializer = super().get_serializer(*args, **options)
        if self._is_selected:
            self.selection.narrow(serializer)
        return serializer

    @property
    def _is_selected(self) -> bool:
        return bool(self.selects and SELECTION & getattr(self.request, "query_params", {}).keys())

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        refuse_parameters(request, SELECTION)
        answer = super().retrieve(request, *args, **kwargs)
        self._kept_back([answer.data])
        return answer

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Lists are filtered; one thing is found by its code or number alone. Both are kept to the
        sites of who asks."""
        queryset = sites.within(queryset, self.request.user)
        if self._is_selected:
            queryset = self.selection.joined(queryset, self.get_serializer_class()())
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


class WholeFilter(filters.NumberFilter):
    """A whole number; a fraction of one is refused, and not cut off."""

    field_class = forms.IntegerField


_WHOLE = [
    kind for kind in filters.FilterSet.FILTER_DEFAULTS if issubclass(kind, models.IntegerField)
]


class Filters(filters.FilterSet):
    """What a resource is filtered by."""

    FILTER_DEFAULTS = (
        filters.FilterSet.FILTER_DEFAULTS
        | {models.BooleanField: {"filter_class": YesNoFilter}}
        | {kind: {"filter_class": WholeFilter} for kind in _WHOLE}
    )

    def sieve(self) -> Q | None:
        """What no index answers: the page looks at so many rows, and picks. See `paging.take`."""
        return None

    def branches(self) -> tuple[Q, ...]:
        """Conditions of which one is enough, each with an index. See `paging.take`."""
        return ()

    def chosen(self, name: str) -> Any:
        """What was asked of one filter; None, or nothing, if it was left out."""
        return self.form.cleaned_data.get(name)


class Word(models.Value):
    """A word of a fixed set, which stands in the statement itself.

    As a parameter it would be left out of the plan that PostgreSQL keeps for a prepared statement:
    what is right for the common kinds then walks through the whole ledger for a rare one, past
    the partial index that has it (8 s instead of 2 ms at 10 million movements).
    """

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:
        if not str(self.value).replace("_", "").isalnum():
            raise ValueError(self.value)
        return f"'{self.value}'", ()


class WordFilter(filters.ChoiceFilter):
    """One of a fixed set of words."""

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(**{self.field_name: Word(str(value))}) if value else qs


class OneOfFilter(filters.MultipleChoiceFilter):
    """One of a fixed set of words, or one of several.

    Not with DISTINCT, which its parent asks for: it sorts all that is found, for one page.
    """

    def filter(self, qs: Any, value: list[str]) -> Any:
        words = [Word(str(one)) for one in value or ()]
        return qs.filter(**{f"{self.field_name}__in": words}) if words else qs


NUMBERS = RegexValidator(r"^[0-9]{1,18}(,[0-9]{1,18})*$", _lazy("Write numbers."))


class CodeFilter(filters.CharFilter):
    """By code: `CodeFilter("lot")` compares `lot.code`; several, separated by commas, are ored.

    What another table names is looked up first. With its key at hand the database knows how many
    rows to expect, and takes the right index: with the code it has to guess.
    """

    def __init__(self, field: str, column: str = "code", **options: Any) -> None:
        if column == "id":
            options.setdefault("validators", [NUMBERS])
        super().__init__(field_name=field or column, **options)
        self.is_own, self.column = not field, column

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        named = Q(**{f"{self.column}__in": value.split(",")})
        if self.is_own:
            return qs.filter(named)
        kind = _kind_of(qs.model, self.field_name)
        found = kind._default_manager.filter(named).values_list("pk", flat=True)
        return qs.filter(**{f"{self.field_name}__in": list(found)})


def _kind_of(model: Any, path: str) -> type[models.Model]:
    """The model at the end of a chain of foreign keys."""
    for step in path.split("__"):
        model = model._meta.get_field(step).related_model
    kind: type[models.Model] = model
    return kind


class WithinFilter(filters.CharFilter):
    """A location by its code, with everything below it."""

    def __init__(self, field: str = "location", **options: Any) -> None:
        super().__init__(field_name=field, **options)

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        place = Location.objects.filter(code=value).first()
        if place is None:
            return qs.none()
        within = Location.objects.within(place).order_by()
        keys = list(within.values_list("pk", flat=True)[: MOST_PLACES + 1])
        # Named one by one, the database knows how much stands there.
        places = within if len(keys) > MOST_PLACES else keys
        return qs.filter(**{f"{self.field_name}__in": places})


class PeriodFilters(Filters):
    """By when it was recorded: from `recorded_from` on, and before `recorded_before`."""

    recorded_from = filters.IsoDateTimeFilter("recorded_at", "gte")
    recorded_before = filters.IsoDateTimeFilter("recorded_at", "lt")
