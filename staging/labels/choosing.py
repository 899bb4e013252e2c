"""Which labels are meant: by codes, or all of a demand, a delivery, a branch or a row of places."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Model, Q
from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.errors import Refused
from inventory.models import REAL_KINDS, Container, Location, Lot, Movement
from staging.labels.lines import Kind
from staging.models import Commitment, Demand, LabelSize

MOST_THINGS = 1000
"""Things that one file has labels of."""

WAYS: dict[str, tuple[str, ...]] = {
    "lots": ("lot", "ids", "demand", "batch"),
    "containers": ("container", "ids", "demand", "within", "batch"),
    "locations": ("location", "ids", "within", "first", "last"),
    "demands": ("demand", "ids"),
}
"""By kind, how the things may be named. `batch` is what one action moved, such as a delivery."""

_MODELS: dict[str, type[Model]] = {
    "lot": Lot, "container": Container, "location": Location, "demand": Demand,
    "within": Location, "first": Location, "last": Location,
}  # fmt: skip

Asked = Mapping[str, Sequence[str]]
Chosen = list[tuple[Any, Decimal | None]]
"""Things, and how much of each, where that is known."""


def chosen(kind: Kind, asked: Asked, **common: Any) -> list[Any]:
    """The lines that are meant; `common` is the same on all of them. Each way is a few statements.

    Refuses `unknown_code`, `ambiguous_code`, `nothing_chosen`, `too_many_things`.
    """
    found = _things(kind, {name: values for name, values in asked.items() if any(values)})
    if not found:
        raise Refused(
            _("There is nothing to print a label of."),
            code="nothing_chosen",
            field=kind.field,
            hint=_("Scan a code, or choose from a list."),
        )
    if len(found) > MOST_THINGS:
        raise Refused(
            _("These are more than %(most)d labels."),
            code="too_many_things",
            field=kind.field,
            hint=_("Choose fewer at once."),
            most=MOST_THINGS,
        )
    return [_line(kind, thing, quantity, common) for thing, quantity in found]


def _line(kind: Kind, thing: Any, quantity: Decimal | None, common: Mapping[str, Any]) -> Any:
    known = {"quantity": quantity} if kind.name == "lots" and quantity is not None else {}
    return kind.line(**{kind.field: thing}, **known | dict(common))


def _things(kind: Kind, asked: Asked) -> Chosen:
    if codes_given := asked.get(kind.field):
        return [(thing, None) for thing in _named(kind.field, codes_given)]
    if ids := asked.get("ids"):
        return _by_number(_MODELS[kind.field], ids)
    if "demand" in asked:
        return _of_demand(kind, _named("demand", asked["demand"])[0])
    if "batch" in asked:
        return _of_batch(kind, asked["batch"][0])
    if kind.name == "locations" and ("first" in asked or "last" in asked):
        return _range(asked)
    if "within" in asked:
        return _within(kind, _named("within", asked["within"])[0])
    return []


def _named(field: str, given: Sequence[str]) -> list[Any]:
    found = codes.find(_MODELS[field], given)
    try:
        return [codes.resolve(_MODELS[field], code, found) for code in given]
    except Refused as refusal:
        refusal.field = field
        raise


def _by_number(model: type[Model], ids: Sequence[str]) -> Chosen:
    """Rows of a list in the admin, in the order of their numbers."""
    numbers = [n for text in ids for n in text.split(",") if n.isascii() and n.isdecimal()]
    rows = model._default_manager.filter(pk__in=[int(n) for n in numbers if len(n) < 19])
    return _some(rows.order_by("pk"))


def _of_demand(kind: Kind, demand: Demand) -> Chosen:
    """What is reserved, staged or issued for it: each lot with its quantity, or the containers."""
    rows = Commitment.objects.open().filter(requirement__demand=demand)
    if kind.name == "containers":
        inside = rows.filter(container__isnull=False).values("container")
        return _some(Container.objects.filter(pk__in=inside).order_by("code"))
    return _summed((row.lot, row.quantity) for row in rows.select_related("lot").order_by("pk"))


def _of_batch(kind: Kind, batch: str) -> Chosen:
    """What one action received, made, packed or moved."""
    try:
        rows = Movement.objects.filter(batch=UUID(batch)).order_by("pk")
    except ValueError:
        return []
    if kind.name == "containers":
        inside = rows.filter(to_container__isnull=False).values("to_container")
        return _some(Container.objects.filter(pk__in=inside).order_by("code"))
    standing = rows.filter(target__kind__in=REAL_KINDS).select_related("lot")
    return _summed((row.lot, row.quantity) for row in standing[: MOST_THINGS + 1])


def _within(kind: Kind, place: Location) -> Chosen:
    if kind.name == "containers":
        rows = Container.objects.filter(location__path__startswith=place.path, parent=None)
        return _some(rows.order_by("code"))
    return _some(Location.objects.real().within(place).order_by("path"))


def _range(asked: Asked) -> Chosen:
    """Places from one code to another, both included, as the tree orders them."""
    ends = {name: _named(name, asked[name])[0].path for name in ("first", "last") if name in asked}
    span = Q()
    if "first" in ends:
        span &= Q(path__gte=ends["first"])
    if "last" in ends:
        span &= Q(path__lte=ends["last"])
    return _some(Location.objects.real().filter(span).order_by("path"))


def _some(rows: Any) -> Chosen:
    return [(row, None) for row in rows[: MOST_THINGS + 1]]


def _summed(pairs: Iterable[tuple[Lot, Decimal]]) -> Chosen:
    sums: dict[int, tuple[Lot, Decimal]] = {}
    for lot, quantity in pairs:
        sums[lot.pk] = (lot, quantity + (sums[lot.pk][1] if lot.pk in sums else 0))
    return list(sums.values())


def usual_size(kind: Kind) -> LabelSize | None:
    """The size that is taken where none is asked for."""
    sizes = LabelSize.objects.filter(is_active=True).order_by("code")
    return next((size for size in sizes if size.code == kind.usual_size), sizes.first())
