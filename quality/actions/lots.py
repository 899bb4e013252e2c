"""Split and merge under quality control: what stops a lot stops its parts."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions import Merge, Split
from inventory.actions import merge_lots as merge_stock
from inventory.actions import split_lot as split_stock
from inventory.actions.common import lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Lot, Movement
from quality.models import Hold, RestrictedUse


@transaction.atomic
def split_lot(*, lines: Sequence[Split], by: Actor, at: datetime) -> list[Lot]:
    """Split lots; open holds and restrictions of the whole lie on each part as well.

    Refuses as `inventory.actions.split_lot` does.
    """
    lock_lots(line.lot for line in lines)
    parts = split_stock(lines=lines, by=by, at=at)
    stamp = audit.stamp(by, at, str(_("Split from a lot on hold")))
    for line, part in zip(lines, parts, strict=True):
        _copy_stops(line.lot, part, stamp)
    return parts


def _copy_stops(whole: Lot, part: Lot, stamp: audit.Stamp) -> None:
    Hold.objects.bulk_create(
        Hold(lot=part, **{**stamp.columns(), "reason": hold.reason})
        for hold in Hold.objects.open().filter(lot=whole)
    )
    RestrictedUse.objects.bulk_create(
        RestrictedUse(lot=part, reference=use.reference, until=use.until)
        for use in RestrictedUse.objects.filter(lot=whole)
    )


@transaction.atomic
def merge_lots(*, lines: Sequence[Merge], by: Actor, at: datetime) -> list[Movement]:
    """Merge lots. A lot on hold or restricted can neither be merged nor take up another.

    Refuses `lot_on_hold`, `lot_restricted`, and as `inventory.actions.merge_lots` does.
    """
    lots = lock_lots([lot for line in lines for lot in (line.lot, line.into)])
    held = Hold.objects.open().filter(lot__in=lots).select_related("lot").first()
    if held:
        raise Refused(
            _("%(lot)s is on hold: %(why)s."),
            code="lot_on_hold",
            field="lot",
            hint=_("Have the hold lifted first."),
            lot=held.lot,
            why=held.reason,
        )
    restricted = RestrictedUse.objects.filter(lot__in=lots).select_related("lot").first()
    if restricted:
        raise Refused(
            _("%(lot)s is restricted to named demands."),
            code="lot_restricted",
            field="lot",
            hint=_("Have it released first."),
            lot=restricted.lot,
        )
    return merge_stock(lines=lines, by=by, at=at)
