"""Giving what is in the outbox its place in the feed.

One at a time, in transactions of their own: what a look at the outbox finds is committed, and takes
the next positions in the order in which it was written. Whatever is committed later is found by a
later look, and so gets a later position: no cursor that was handed out is ever overtaken, however
transactions overlapped. What one transaction did after it had seen the other's effect, stands after
that.
"""

from collections import defaultdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integration.feed import demands
from integration.feed.families import family_of
from integration.feed.kinds import Facets
from integration.models import FeedMark, FeedPosition
from inventory.models import OutboxRow

MOST = 2000
"""Rows that are given positions at a time."""


def catch_up(*, most: int = MOST) -> int:
    """Give positions to what is in the outbox; how many. 0 also while somebody else does.

    Whoever reads the feed calls it first. Call it outside of transactions: within one, all others
    wait for its end to hear of what happened.
    """
    if not _waiting()[:1]:
        return 0
    with transaction.atomic():
        mark = turn()
        return 0 if mark is None else _number(mark, most)


def _waiting() -> QuerySet[OutboxRow, Any]:
    """In the order in which it was written; by the index, which knows what is gone and not yet
    swept up."""
    return OutboxRow.objects.order_by("pk").values_list("pk", "topic", "key")


def catch_up_wholly() -> int:
    """Give positions to all that is in the outbox by now; how many."""
    total = count = catch_up()
    while count >= MOST:
        count = catch_up()
        total += count
    return total


def turn() -> FeedMark | None:
    """The mark, locked; None while somebody else has it."""
    free = FeedMark.objects.select_for_update(skip_locked=True)
    mark = free.first()
    if mark is None and not FeedMark.objects.exists():
        FeedMark.objects.bulk_create([FeedMark(pk=1)], ignore_conflicts=True)
        mark = free.first()
    return mark


def _number(mark: FeedMark, most: int) -> int:
    rows = list(_waiting()[:most])
    found = _facets([(topic, key) for _pk, topic, key in rows])
    events = [(key, found[topic, key]) for _pk, topic, key in rows]
    events += demands.completed(
        row for _key, row in events if row.name.removeprefix("movement.") in demands.USES
    ).items()
    now = timezone.now()
    FeedPosition.objects.bulk_create(
        FeedPosition(
            position=position, type=row.name, key=key, numbered_at=now,
            **{name: value for name, value in row._asdict().items() if name != "name"},
        )
        for position, (key, row) in enumerate(events, start=mark.newest + 1)
    )  # fmt: skip
    OutboxRow.objects.filter(pk__in=[pk for pk, _topic, _key in rows]).delete()
    mark.newest += len(events)
    mark.save(update_fields=["newest"])
    return len(events)


def _facets(wanted: list[tuple[str, int]]) -> dict[tuple[str, int], Facets]:
    by_topic: dict[str, list[int]] = defaultdict(list)
    for topic, key in wanted:
        by_topic[topic].append(key)
    return {
        (topic, key): row
        for topic, keys in by_topic.items()
        for key, row in family_of(topic).facets(topic, keys).items()
    }
