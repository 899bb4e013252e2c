"""What due times rest on has changed: work them out again, in portions, wherever it counts.

Each portion is a transaction of its own that takes the locks of its lots, as every action does, so
that it neither overtakes an action nor is overtaken. What was staged meanwhile under the older
terms shows up once its transaction ends: PostgreSQL numbers them (see `staging.horizon`), and what
those wrote that were in flight at the change is counted again until the last of them has ended.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from uuid_utils.compat import uuid7

from inventory.models import Lot, Site
from staging.dwell import calendars
from staging.dwell.counting import count_again
from staging.horizon import Horizon, written_between
from staging.models import Commitment, DwellChange, DwellSet, DwellTerms, StagedStock

LOTS = 500
"""Lots whose stock is counted again in one transaction."""

SNAPSHOT_ENDS = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"


def catch_up(at: datetime, *, thorough: bool = False) -> int:
    """Count again what has to be; how many positions that changed.

    Two statements where nothing has changed. `thorough` counts all that is staged.
    """
    terms = DwellTerms.objects.first()
    notes = list(DwellChange.objects.order_by("pk"))  # what comes to light later is for next time
    counted = 0
    if notes or thorough:
        horizon = Horizon.now()
        _renew(notes, at)
        until = _transactions_so_far()
        counted += _count(_concerned(notes, everything=thorough))
        DwellChange.objects.filter(pk__in=[note.pk for note in notes]).delete()
        if notes:
            _remember(terms, horizon, until)
    if terms and terms.until is not None:
        counted += _settle(terms)
    return counted


def announce() -> None:
    """In the transaction of a change of the policies: each process reads them anew, and all due
    times are worked out again."""
    DwellChange.objects.create()
    DwellTerms.objects.update_or_create(pk=1, defaults={"stamp": uuid7()})


def _renew(notes: list[DwellChange], at: datetime) -> None:
    """Let every process read the terms anew, and work out working time that has changed."""
    stale = {note.site_id for note in notes if note.site_id} | set(calendars.running_out(at))
    with transaction.atomic():
        if stale:
            calendars.work_out(Site.objects.filter(pk__in=stale).order_by("pk"))
        DwellTerms.objects.update_or_create(pk=1, defaults={"stamp": uuid7()})


def _concerned(notes: list[DwellChange], *, everything: bool) -> QuerySet[Commitment]:
    """The staged stock that the notes are about."""
    staged: QuerySet[Commitment] = StagedStock.objects.all()
    if everything or any(_is_all(note) for note in notes):
        return staged
    return staged.filter(
        Q(location__in={note.location_id for note in notes} - {None})
        | Q(lot__material__in={note.material_id for note in notes} - {None})
        | Q(requirement__demand__in={note.demand_id for note in notes} - {None})
        | Q(location__site__in={note.site_id for note in notes} - {None})
    )


def _is_all(note: DwellChange) -> bool:
    return not (note.location_id or note.material_id or note.demand_id or note.site_id)


def _count(stock: QuerySet[Commitment]) -> int:
    """Portion by portion. What is staged while it runs is staged under the terms in force."""
    lots = stock.order_by("lot").values_list("lot", flat=True).distinct()
    return sum(_count_portion(portion) for portion in _portions(list(lots)))


def _portions(keys: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(keys)
    while portion := list(islice(rest, LOTS)):
        yield portion


@transaction.atomic
def _count_portion(lots: list[int]) -> int:
    list(Lot.objects.filter(pk__in=lots).locked().values_list("pk"))
    version = DwellSet.objects.in_force().values_list("version", flat=True).first()
    return count_again(version, lots)


# --- what was in flight -------------------------------------------------------------------------


def _transactions_so_far() -> int | None:
    """The number that no transaction has got yet. None on SQLite, where only one writes at once."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT_ENDS)
        return int(cursor.fetchone()[0])


def _remember(terms: DwellTerms | None, horizon: Horizon | None, until: int | None) -> None:
    if horizon is None:
        return
    since = horizon.transaction
    if terms and terms.until is not None and terms.cluster == horizon.cluster:
        since = min(since, terms.since or since)  # an earlier change is not settled yet
    DwellTerms.objects.update(cluster=horizon.cluster, since=since, until=until)


def _settle(terms: DwellTerms) -> int:
    """Count again what transactions wrote that were in flight at the last change."""
    horizon = Horizon.now()
    if horizon is None or terms.since is None or terms.until is None:
        return 0
    if not horizon.can_compare(terms.cluster, terms.since):
        counted = _count(StagedStock.objects.all())
    else:
        counted = _count(written_between(terms.since, terms.until))
    if horizon.transaction >= terms.until:
        unchanged = DwellTerms.objects.filter(until=terms.until)
        unchanged.update(cluster="", since=None, until=None)
    return counted
