"""Which fields of a resource are shown, and which codes with the whole thing behind them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from inventory import codes, sites

FIELDS, EXPAND = "fields", "expand"
SELECTION = frozenset({FIELDS, EXPAND})


@dataclass(frozen=True, slots=True)
class Expansion:
    """What stands in the place of a code: `serializer` shows it, with what it joins and reads."""

    serializer: type[Any]
    joins: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a request selects. `fields` is None for all of them."""

    fields: frozenset[str] | None
    expand: Mapping[str, Expansion]

    @classmethod
    def of(
        cls, request: Request, known: Iterable[str], expansions: Mapping[str, Expansion]
    ) -> "Selection":
        """Reads `fields` and `expand`; refuses names that the resource does not have."""
        fields = _names(request, FIELDS, set(known))
        expand = _names(request, EXPAND, set(expansions)) or ()
        hidden = [name for name in expand if fields and name.split(".")[0] not in fields]
        if hidden:
            text = _("It is not among the fields that are asked for.")
            raise ValidationError({EXPAND: [ErrorDetail(text, "not_shown")]})
        return cls(
            None if fields is None else frozenset(fields),
            {name: expansions[name] for name in expand},
        )

    def shows(self, name: str) -> bool:
        return self.fields is None or name in self.fields

    def narrow(self, serializer: Any) -> None:
        """Let it show what is selected."""
        shown = getattr(serializer, "child", serializer).fields
        if self.fields is not None:
            for name in set(shown) - self.fields:
                shown.pop(name)
        for name, expansion in self.expand.items():
            *around, last = name.split(".")
            fields = shown
            for part in around:
                fields = fields[part].child.fields
            source = path_of(fields[last])
            fields[last] = expansion.serializer(
                source=source if source != last else None, read_only=True
            )

    def withhold(self, shown: Iterable[dict[str, Any]], user: Any) -> None:
        """Leave what is of other sites than those of the user as a code. One statement for each
        name that is expanded."""
        rows = list(shown) if sites.limit_of(user) is not None else []
        for name, expansion in self.expand.items() if rows else ():
            *around, last = name.split(".")
            near = rows
            for part in around:
                near = [one for row in near for one in row[part]]
            kind = expansion.serializer.Meta.model
            [column, *_others] = codes.columns()[kind]
            whole = [row for row in near if row[last] is not None]
            named = {f"{column}__in": {row[last][column] for row in whole}}
            seen = sites.within(kind._default_manager.filter(**named), user).order_by()
            own = set(seen.values_list(column, flat=True))
            for row in whole:
                if row[last][column] not in own:
                    row[last] = row[last][column]

    def joined(self, rows: QuerySet[Any], serializer: Any) -> QuerySet[Any]:
        """With what is shown read along: in the same statement, or one more for all rows."""
        for name, expansion in self.expand.items():
            *around, last = name.split(".")
            fields = serializer.fields
            for part in around:
                fields = fields[part].child.fields
            start = "__".join([*around, *path_of(fields[last]).split(".")])
            joins = [f"{start}__{path}" for path in expansion.joins]
            reads = [f"{start}__{path}" for path in expansion.reads]
            if around:  # beyond a list, nothing can be joined
                rows = rows.prefetch_related(*joins, *reads)
            else:
                rows = rows.select_related(start, *joins).prefetch_related(*reads)
        return rows


def path_of(field: Any) -> str:
    """The way to the thing whose code the field shows."""
    return str(field.source).rpartition(".")[0]


def _names(request: Request, parameter: str, known: set[str]) -> list[str] | None:
    given = request.query_params.get(parameter)
    if given is None:
        return None
    names = [name.strip() for name in given.split(",")]
    if set(names) <= known:
        return names
    text = _("Choose from: %(known)s.") % {"known": ", ".join(sorted(known)) or "-"}
    raise ValidationError({parameter: [ErrorDetail(text, "unknown_field")]})
