"""What a page of events needs to know of other records: a statement each, however many events."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    DecimalField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from integration.epcis.identifiers import Names
from integration.epcis.kinds import Kind
from integration.epcis.streams import Stream
from integration.models import CapturedEvent
from inventory.models import LocationKind, Movement, MovementKind
from inventory.models.materials import QUANTITY
from quality.models import Decision, Hold, Inspection, Signature
from staging.models import Requirement

_DECIMAL: DecimalField[Any, Any] = DecimalField(**QUANTITY)
_FINEST = Decimal(1).scaleb(-QUANTITY["decimal_places"])


@dataclass(frozen=True)
class Found:
    """A record that is an event: in which stream, and of which kind."""

    stream: Stream
    row: Any
    kind: Kind

    @property
    def about(self) -> Any:
        """The record that says what happened: for a reversal, the movement that it undoes."""
        return self.row.reverses if self.stream.declares else self.row


@dataclass
class Facts:
    """What a page of events needs to know besides: a statement each, however many events."""

    names: Names
    tasks: dict[int, Requirement] = field(default_factory=dict)
    counted: dict[int, Decimal] = field(default_factory=dict)
    captured: dict[Any, str] = field(default_factory=dict)
    results: dict[int, int] = field(default_factory=dict)
    signed: dict[tuple[str, int], str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Sequence[Found], names: Names) -> "Facts":
        movements = [one.about for one in found if isinstance(one.about, Movement)]
        decisions = [one.row.pk for one in found if isinstance(one.row, Decision)]
        holds = [one.row.pk for one in found if isinstance(one.row, Hold)]
        tasks = {movement.task for movement in movements if movement.task}
        counts = [movement.pk for movement in movements if movement.kind == MovementKind.ADJUST]
        requirements = Requirement.objects.filter(pk__in=tasks).select_related("demand")
        captured = CapturedEvent.objects.filter(batch__in={row.batch for row in movements})
        return cls(
            names,
            {row.pk: row for row in requirements.order_by()},
            dict(_counted(counts)),
            dict(captured.order_by().values_list("batch", "event_id")),
            dict(_results(decisions)),
            _signed(decisions, holds),
        )


def _counted(movements: Sequence[int]) -> Iterator[tuple[int, Decimal]]:
    """What stood there after each count: the ledger up to it, in the same container or loose."""

    def total(end: str, container: str) -> Coalesce:
        rows = Movement.objects.filter(
            lot=OuterRef("lot"), pk__lte=OuterRef("pk"), **{end: OuterRef("place")}
        )
        rows = rows.annotate(inside=_or_none(container)).filter(inside=OuterRef("inside"))
        summed = rows.order_by().values("lot").annotate(sum=Sum("quantity")).values("sum")
        return Coalesce(Subquery(summed), Value(Decimal(0)), output_field=_DECIMAL)

    if not movements:
        return
    found = Movement.objects.filter(pk__in=movements).annotate(
        place=Case(
            When(source__kind=LocationKind.VARIANCE, then=F("target_id")), default=F("source_id")
        ),
        inside=_or_none("from_container_id", "to_container_id"),
    )
    ins, outs = total("target", "to_container_id"), total("source", "from_container_id")
    for pk, more, less in (
        found.order_by().annotate(ins=ins, outs=outs).values_list("pk", "ins", "outs")
    ):
        # SQLite adds decimals as floats.
        yield pk, (more - less).quantize(_FINEST)


def _or_none(*containers: str) -> Coalesce:
    """The container, or 0 for loose stock, so that two can be compared."""
    return Coalesce(*containers, Value(0), output_field=BigIntegerField())


def _results(decisions: Iterable[int]) -> QuerySet[Any, Any]:
    """The last inspection of the lot before each decision."""
    before = Inspection.objects.filter(
        lot=OuterRef("lot"), recorded_at__lte=OuterRef("recorded_at")
    ).order_by("-pk")
    rows = Decision.objects.filter(pk__in=decisions).annotate(
        last=Subquery(before.values("pk")[:1])
    )
    return rows.filter(last__isnull=False).order_by().values_list("pk", "last")


def _signed(decisions: Sequence[int], holds: Sequence[int]) -> dict[tuple[str, int], str]:
    """The digest of what was signed, by the record that it is of."""
    rows = Signature.objects.filter(Q(decision__in=decisions) | Q(hold__in=holds))
    return {
        ("decision", decision) if decision else ("hold", hold): digest
        for decision, hold, digest in rows.order_by("pk").values_list("decision", "hold", "digest")
    }
