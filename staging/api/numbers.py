"""The numbers over the API: for each set of figures the rows that its page shows."""

from typing import Any

from django import forms
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.api.fields import QuantityOut
from inventory.api.terms import refuse_parameters
from inventory.sheets.cells import seconds
from inventory.sites import limit_of, told_of
from staging.numbers.asked import Asked, NumbersForm
from staging.numbers.figures import FIGURES
from staging.numbers.tables import Column, Figure, Kind, Table

TYPES = {"until": OpenApiTypes.DATE, "lead": OpenApiTypes.INT}


class SpanOut(serializers.IntegerField):
    """A span of time, in whole seconds."""

    def to_representation(self, value: Any) -> int:
        return seconds(value)


def _field(column: Column) -> serializers.Field[Any, Any, Any, Any]:
    text = str(column.help or column.label)
    match column.kind:
        case Kind.COUNT:
            return serializers.IntegerField(allow_null=True, help_text=text)
        case Kind.QUANTITY:
            return QuantityOut(allow_null=True, help_text=text)
        case Kind.SHARE:
            text = f"{text}: a part of one."
            return serializers.DecimalField(5, 4, allow_null=True, help_text=text)
        case Kind.SPAN:
            return SpanOut(allow_null=True, help_text=f"{text} In seconds.")
        case Kind.MOMENT | Kind.STEP:
            return serializers.DateTimeField(help_text=text)
    if column.words:
        text = f"{text} One of: {', '.join(column.words)}."
        return serializers.CharField(help_text=text)
    return serializers.CharField(help_text=text)


def _name(figure: Figure, part: str = "") -> str:
    return "".join(word.title() for word in f"numbers-{figure.name}-{part}".split("-"))


def _rows(figure: Figure, table: Table) -> Any:
    fields = {column.name: _field(column) for column in table.columns}
    return inline_serializer(_name(figure, table.name), fields, many=True)


def _answer(figure: Figure) -> type[serializers.Serializer[Any]]:
    fields: dict[str, Any] = {}
    if "period" in figure.asks:
        fields |= {
            "since": serializers.DateField(help_text="The first day of the period."),
            "until": serializers.DateField(help_text="Its last day."),
            "step": serializers.CharField(help_text="One of: hour, day, week."),
        }
    fields |= {
        "sites": serializers.ListField(
            child=serializers.CharField(),
            allow_null=True,
            help_text="Of which sites alone, for a token for some; null: of all that were asked.",
        ),
        "time_zone": serializers.CharField(help_text="Whose days they are."),
        "complete": serializers.BooleanField(help_text="False where something was left out."),
    }
    fields |= {table.name: _rows(figure, table) for table in figure.tables}
    return type(inline_serializer(_name(figure, "figures"), fields))


def _parameters(figure: Figure) -> list[OpenApiParameter]:
    form = NumbersForm({}, figure.asks)
    return [
        OpenApiParameter(
            name,
            TYPES.get(name, OpenApiTypes.STR),
            enum=_choices(field),
            description=f"{field.label}. {field.help_text}".strip(),
        )
        for name, field in form.fields.items()
    ]


def _choices(field: forms.Field) -> list[Any] | None:
    if isinstance(field, forms.ModelChoiceField) or not isinstance(field, forms.ChoiceField):
        return None
    choices: Any = field.choices
    return [value for value, _label in choices if value]


class NumbersView(APIView):
    """A set of figures. What they mean stands in docs/numbers.md and on the page of the same name.

    Without `until`, the period ends today.
    """

    figure: Figure
    answer: type[serializers.Serializer[Any]]
    permission_needed = "staging.view_numbers"
    keeps_to_sites = True
    tag = "Numbers"

    def get(self, request: Request) -> Response:
        limit = limit_of(request.user)
        form = NumbersForm(request.query_params, self.figure.asks, limit)
        refuse_parameters(request, form.fields)
        if not form.is_valid():
            raise ValidationError(errors_of(form))
        asked = Asked.of(form, timezone.now())
        found = self.figure.count(asked)
        period = asked.period
        facts = {
            "since": period.since,
            "until": period.until,
            "step": period.step,
            "sites": told_of(limit),
            "time_zone": getattr(period.zone, "key", str(period.zone)),
            "complete": found.complete,
        }
        return Response(self.answer(facts | found.tables).data)


def errors_of(form: forms.Form) -> dict[str, list[ErrorDetail]]:
    """What a form found, as the API tells it."""
    return {
        name: [ErrorDetail(str(message), error.code or "invalid") for error in errors
               for message in error.messages]
        for name, errors in form.errors.as_data().items()
    }  # fmt: skip


def _view(figure: Figure) -> Any:
    answer = _answer(figure)
    view: Any = type(
        f"{_name(figure)}View",
        (NumbersView,),
        {
            "figure": figure,
            "answer": answer,
            "summaries": {"get": f"Numbers: {figure.label}"},
            "__doc__": f"{figure.about}",
        },
    )
    described: Any = extend_schema_view(
        get=extend_schema(
            parameters=_parameters(figure),
            responses=answer,
            operation_id=f"numbers_{figure.name.replace('-', '_')}",
        )
    )
    return described(view).as_view()


VIEWS = {name: _view(figure) for name, figure in FIGURES.items()}
