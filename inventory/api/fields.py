"""Fields of the API: quantities that are never floats, and things named by code."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.drainage import set_override
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from inventory.days import DAYS, MOMENTS
from inventory.models import Site
from inventory.models.materials import QUANTITY
from inventory.scanning import LONGEST
from inventory.spans import SPAN, read_span
from inventory.units import plain

NOT_A_SPAN = _("Write a span of time like 06:00:00, or 2 06:00:00 with days in front.")

EXACT = {
    "oneOf": [
        {"type": "string", "pattern": r"^-?\d{1,9}(\.\d{1,6})?$"},
        {"type": "number"},
    ],
    "description": "Exact decimal; as a string or a number, at most 15 digits, 6 of them decimals.",
    "examples": ["2.5"],
}


@extend_schema_field({"type": "string", "format": "decimal", "examples": ["2.5"]})
class QuantityOut(serializers.Field[Decimal, Any, str, Any]):
    """A quantity in the base unit, without trailing zeros: `"2500"`, `"0.25"`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Decimal) -> str:
        return plain(value)


@extend_schema_field(EXACT)
class DecimalIn(serializers.DecimalField):
    """An exact number: 15 digits in all, 6 of them decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**QUANTITY, **options)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """An empty text is no number, and does not stand for none either."""
        return serializers.Field.validate_empty_values(self, data)


class WholeIn(serializers.IntegerField):
    """A whole number that the database and the digest of a request can hold."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=-(2**63), max_value=2**63 - 1, **options)


class DateIn(serializers.DateField):
    """A day, `2026-05-31`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[*DAYS], **options)


class DateTimeIn(serializers.DateTimeField):
    """A moment, with its offset: `2026-05-31T06:00:00+02:00`. Without one: the server's zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[*MOMENTS], **options)


@extend_schema_field(
    {
        "type": "string",
        "pattern": SPAN,
        "examples": ["06:00:00"],
    }
)
class DurationIn(serializers.CharField):
    """A span of time, as it is told: `06:00:00`, or `2 06:00:00` with days in front."""

    def to_internal_value(self, data: Any) -> timedelta:  # type: ignore[override]  # as text it comes
        found = read_span(super().to_internal_value(data))
        if found is None:
            raise serializers.ValidationError(NOT_A_SPAN, "not_a_span")
        return found


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"})
class ClockTimeIn(serializers.TimeField):
    """A time by the site's clock, `22:30`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **options)


class CodeIn(serializers.CharField):
    """The code of a thing that exists, or a scan that names it; `kind` is its model. Looked up with
    all others at once."""

    def __init__(self, *, kind: type[models.Model], **options: Any) -> None:
        self.kind = kind
        super().__init__(max_length=LONGEST, **options)
        # A hold or a movement is named by its number, which its own list shows as one.
        set_override(self, "field", {"type": ["string", "integer"], "maxLength": LONGEST})

    def run_validation(self, data: Any = empty) -> Any:
        """Takes a plain code at once: the general way looks at each character three times, which
        for a thousand lines was a tenth of the whole."""
        if type(data) is str and 0 < len(data) <= LONGEST and data.isprintable():
            return data.strip() or super().run_validation(data)
        return super().run_validation(data)


class ChoiceIn(serializers.ChoiceField):
    """One of a fixed set of words, as the enumeration's own member."""

    def __init__(self, *, choices: type[models.TextChoices], **options: Any) -> None:
        self.enumeration = choices
        super().__init__(choices=choices.choices, **options)

    def to_internal_value(self, data: Any) -> models.TextChoices:
        return self.enumeration(super().to_internal_value(data))


class SiteIn(serializers.SlugRelatedField[Site]):
    """A site by its code. What is unknown has the code that it has everywhere."""

    UNKNOWN: ClassVar[Any] = serializers.SlugRelatedField.default_error_messages["does_not_exist"]
    default_error_messages: ClassVar[dict[str, Any]] = {"unknown_code": UNKNOWN}

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="code", queryset=Site.objects.all(), **options)

    def fail(self, key: str, **said: Any) -> NoReturn:
        super().fail("unknown_code" if key == "does_not_exist" else key, **said)


class Code(serializers.CharField):
    """The code of another thing, for reading: `Code("lot")` is `lot.code`."""

    def __init__(self, source: str, column: str = "code", **options: Any) -> None:
        super().__init__(source=f"{source}.{column}", read_only=True, **options)


UNKNOWN_FIELD = _("There is no such field.")
