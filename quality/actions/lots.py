"""Split and merge under quality control: what stops a lot stops its parts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions import Merge, Split
from inventory.actions import merge_lots as merge_stock
from inventory.actions import split_lot as split_stock
from inventory.actions.common import each, lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Lot, Movement
from inventory.wording import recorded
from quality.models import Hold, RestrictedUse


@transaction.atomic
def split_lot(*, lines: Sequence[Split], by: Actor, at: datetime) -> list[Lot]:
    """Split lots; open holds and restrictions of the whole lie on each part as well.

    Refuses as `inventory.actions.split_lot` does.
    """
    lock_lots(line.lot for line in lines)
    parts = split_stock(lines=lines, by=by, at=at)
    stamp = audit.stamp(by, at, recorded(_("Split from a lot on hold")))
    _copy_stops([(line.lot.pk, part) for line, part in zip(lines, parts, strict=True)], stamp)
    return parts


def _copy_stops(pairs: Sequence[tuple[int, Lot]], stamp: audit.Stamp) -> None:
    """Put the open holds and the restrictions of each whole on its part."""
    holds, uses = _by_lot(Hold.objects.open(), pairs), _by_lot(RestrictedUse.objects.all(), pairs)
    Hold.objects.bulk_create(
        Hold(lot=part, **{**stamp.columns(), "reason": hold.reason})
        for whole, part in pairs
        for hold in holds[whole]
    )
    RestrictedUse.objects.bulk_create(
        RestrictedUse(lot=part, reference=use.reference, until=use.until)
        for whole, part in pairs
        for use in uses[whole]
    )


def _by_lot(rows: QuerySet[Any], pairs: Sequence[tuple[int, Lot]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows.filter(lot__in={whole for whole, _part in pairs}):
        found[row.lot_id].append(row)
    return found


@transaction.atomic
def merge_lots(*, lines: Sequence[Merge], by: Actor, at: datetime) -> list[Movement]:
    """Merge lots. A lot on hold or restricted can neither be merged nor take up another.

    Refuses `lot_on_hold`, `lot_restricted`, and as `inventory.actions.merge_lots` does.
    """
    lots = lock_lots([lot for line in lines for lot in (line.lot, line.into)])
    held = Hold.objects.open().by_lot(lots.values())
    restricted = set(RestrictedUse.objects.filter(lot__in=lots).values_list("lot", flat=True))
    each(lines, lambda line, index: _check_merge(line, held, restricted))
    return merge_stock(lines=lines, by=by, at=at)


def _check_merge(line: Merge, held: dict[int, Hold], restricted: set[int]) -> None:
    for lot in (line.lot, line.into):
        if hold := held.get(lot.pk):
            raise Refused(
                _("%(lot)s is on hold: %(why)s."),
                code="lot_on_hold",
                field="lot",
                hint=_("Have the hold lifted first."),
                lot=lot,
                why=hold.reason,
            )
        if lot.pk in restricted:
            raise Refused(
                _("%(lot)s is restricted to named demands."),
                code="lot_restricted",
                field="lot",
                hint=_("Have it released first."),
                lot=lot,
            )
