"""What people do about what they are told: choose it, have read it."""

from collections.abc import Collection, Sequence
from datetime import datetime, time
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from integration.models import Notice, NoticeChoice
from inventory import audit, sites
from inventory.audit import Actor
from inventory.models import Site

WISHED = (
    "level", "notice", "warning", "critical", "digest_times", "time_zone", "own_quiet",
    "quiet_from", "quiet_until", "quiet_days", "days_off", "loud",
)  # fmt: skip
"""What a person chooses, but for the sites."""


@transaction.atomic
def choose_notices(
    *,
    level: int | None = None,
    notice: int | None = None,
    warning: int | None = None,
    critical: int | None = None,
    digest_times: str = "",
    time_zone: str = "",
    own_quiet: bool = False,
    quiet_from: time | None = None,
    quiet_until: time | None = None,
    quiet_days: str = "1234567",
    days_off: str = "",
    loud: bool | None = None,
    sites: Sequence[Site] = (),
    by: Actor,
    at: datetime,
) -> NoticeChoice:
    """Say how oneself is told; what is left empty is as one's roles have it. Nothing is recorded if
    nothing changes.

    Counts from what happens next. Raises ValidationError as `full_clean` does.
    """
    User.objects.select_for_update(no_key=True).get(pk=by.user.pk)  # two at once take turns
    row = NoticeChoice.objects.filter(pk=by.user.pk).first() or NoticeChoice(user=by.user)
    is_new = row._state.adding
    before = said(row)
    given = locals()
    for name in WISHED:
        setattr(row, name, given[name])
    row.full_clean(validate_unique=False)
    row.save(force_insert=is_new)
    row.sites.set(sites)
    after = said(row)
    changes = {key: [before[key], new] for key, new in after.items() if before[key] != new}
    if changes:
        audit.record("notices.choose", stamp=audit.stamp(by, at), subject=by.user, changes=changes)
    return row


def said(row: NoticeChoice) -> dict[str, Any]:
    """A choice as the trail and the API have it: plain values."""
    found = {name: getattr(row, name) for name in WISHED}
    for name in ("quiet_from", "quiet_until"):
        found[name] = found[name].isoformat("minutes") if found[name] else None
    named = [] if row._state.adding else row.sites.order_by("code")
    return found | {"sites": [site.code for site in named]}


def of_user(user: Any) -> QuerySet[Notice]:
    """What somebody was told, of the sites that they may see."""
    return sites.within(Notice.objects.filter(user=user), user)


@transaction.atomic
def read_notices(*, notices: Collection[int] | None = None, by: Actor, at: datetime) -> int:
    """Mark these as read, or all; how many were not. Others' are left alone, and nothing stands in
    the trail: it is nobody's business."""
    rows = of_user(by.user).filter(read_at=None)
    if notices is not None:
        rows = rows.filter(pk__in=notices)
    return rows.update(read_at=at)
