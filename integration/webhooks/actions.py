"""Setting receivers up, and what people do about them. Every one of these is audited.

Each takes the row, and the turn away from a worker that is at it: what that has under way is not
written any more, and is sent again by the next.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from integration.feed import reading
from integration.feed.numbering import catch_up
from integration.models import Ended, Parcel, ParcelKind, Subscription
from integration.webhooks import addresses, ending, messages, rights, secrets
from integration.webhooks.turns import FREE
from inventory import audit, preconditions
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Site
from inventory.sites import limit_of
from staging.models import AlertLevel, Severity

FRESH: dict[str, Any] = {
    "failing_since": None, "failing_event": "", "attempts": 0, "next_attempt_at": None,
}  # fmt: skip
"""Of a subscription that nothing has failed at."""


OF_ALERTS: dict[str, Any] = {
    "alert_severity": Severity.NOTICE.value,
    "alert_level": AlertLevel.OPERATOR.value,
    "alert_reasons": [],
}
"""What is asked of alerts, as it is where it narrows nothing."""

WHAT_GOES_WHERE = {"url", "types", "sites", *OF_ALERTS}
"""What of a subscription decides who learns what."""

LISTS = ("types", "alert_reasons")


class Resume(models.TextChoices):
    """Where delivery goes on."""

    NEXT = "next", _("With the event that was not taken, in order")
    AFTER = "after", _("With the one after it; it stays a dead letter")
    OLDEST = "oldest", _("With the oldest that the feed still has")
    NEWEST = "newest", _("With what happens from now on; nothing from in between is sent")


def subscribe(
    *,
    name: str,
    url: str,
    types: Sequence[str],
    sites: Sequence[Site],
    alert_severity: str = Severity.NOTICE,
    alert_level: int = AlertLevel.OPERATOR,
    alert_reasons: Sequence[str] = (),
    contact: str = "",
    after: int | None = None,
    by: Actor,
    at: datetime,
) -> tuple[Subscription, str]:
    """Set a receiver up; it gets what happens after a position of the feed, or from now on.

    Returns it with its secret, which is kept nowhere. Raises ValidationError as `full_clean` does;
    refuses `webhook_url`, `webhook_address`, `webhook_type`, `webhook_rights` (not all of it may be
    viewed), `site_not_in_scope`, `webhook_without_alerts` (they are narrowed, and none is wanted),
    and a position as the feed does: `cursor_too_old`, `cursor_ahead`.
    """
    limit = limit_of(by.user)
    rights.require(by.user, types, sites, within=limit)
    url = addresses.check_url(url)  # before the transaction: names take time to resolve
    _check_types(types)
    position = _position(after)
    with transaction.atomic():
        stamp = audit.stamp(by, at)
        made = Subscription(
            name=name, url=url, types=list(types), contact=contact, owner=by.user,
            alert_severity=alert_severity, alert_level=alert_level,
            alert_reasons=list(alert_reasons), created_at=stamp.recorded_at, position=position,
        )  # fmt: skip
        made.full_clean()
        _check_alerts(made)
        made.save()
        made.sites.set(sites)
        made.limited_to.set(limit or ())
        secret = secrets.make(made, stamp.recorded_at)
        audit.record("webhooks.subscribe", stamp=stamp, subject=made, facts=_said(made))
    return made, secret


def change(
    *,
    subscription: Subscription,
    name: str | None = None,
    url: str | None = None,
    types: Sequence[str] | None = None,
    sites: Sequence[Site] | None = None,
    alert_severity: str | None = None,
    alert_level: int | None = None,
    alert_reasons: Sequence[str] | None = None,
    contact: str | None = None,
    by: Actor,
    at: datetime,
) -> Subscription:
    """Change where events go, or which; what is left out stays. Nothing is recorded if nothing
    changes.

    What has failed so far is tried at once, as it may be for the address that it failed. Refuses as
    `subscribe` does, for whoever changes it and for whoever answers for it.
    """
    if url is not None and url != subscription.url:
        url = addresses.check_url(url)
    _check_types(types or ())
    given: dict[str, Any] = {
        "name": name, "url": url, "types": types, "contact": contact,
        "alert_severity": alert_severity, "alert_level": alert_level,
        "alert_reasons": alert_reasons,
    }  # fmt: skip
    with transaction.atomic():
        row, stamp = _locked(subscription), audit.stamp(by, at)
        before = _said(row)
        for column, value in given.items():
            if value is not None:
                setattr(row, column, list(value) if column in LISTS else value)
        row.full_clean()
        _check_alerts(row)
        if sites is not None:
            row.sites.set(sites)
        after = _said(row)
        changes = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
        if changes.keys() & WHAT_GOES_WHERE:
            _require_rights(row, by)
        if changes:
            _save(row, *given, next_attempt_at=None)
            audit.record("webhooks.change", stamp=stamp, subject=row, changes=changes)
    return row


def _require_rights(row: Subscription, by: Actor) -> None:
    """Neither does somebody have sent to himself what he may not view, nor beyond its sites."""
    wanted = list(row.sites.all())
    rights.require(by.user, row.types, wanted, within=limit_of(by.user))
    rights.require(row.owner, row.types, wanted, within=rights.limit(row))


@transaction.atomic
def rotate_secret(
    *, subscription: Subscription, overlap_hours: int, by: Actor, at: datetime
) -> str:
    """Make a new secret and return it. The old ones sign as well for so many hours more."""
    row, stamp = _locked(subscription), audit.stamp(by, at)
    ends = stamp.recorded_at + timedelta(hours=overlap_hours)
    old = row.secrets.valid(stamp.recorded_at)
    old.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=ends)).update(expires_at=ends)
    secret = secrets.make(row, stamp.recorded_at)
    _save(row)
    facts = {"old_secret_until": ends.isoformat()}
    audit.record("webhooks.rotate_secret", stamp=stamp, subject=row, facts=facts)
    return secret


@transaction.atomic
def disable(*, subscription: Subscription, reason: str, by: Actor, at: datetime) -> Subscription:
    """Send nothing more. Nothing happens to one that is disabled. Refuses `reason_needed`."""
    row, stamp = _locked(subscription), audit.stamp(by, at, audit.require_reason(reason))
    if row.disabled_at is None:
        _save(row, disabled_at=stamp.recorded_at, ended=Ended.BY_HAND, tell_after=None)
        facts = {"position": row.position}
        audit.record("webhooks.disable", stamp=stamp, subject=row, facts=facts)
    return row


def enable(
    *, subscription: Subscription, resume: str, reason: str, by: Actor, at: datetime
) -> Subscription:
    """Go on sending. Nothing happens to one that is enabled.

    Where its owner may not view all of it any more, whoever enables it answers for it from then on.
    Refuses `reason_needed`; `webhook_place_lost` where the feed does not have any more what came
    next; `nothing_given_up` for `after` where no event was; `webhook_rights`.
    """
    catch_up()
    with transaction.atomic():
        row, stamp = _locked(subscription), audit.stamp(by, at, audit.require_reason(reason))
        if row.disabled_at is None:
            return row
        goes_on = {"disabled_at": None, "ended": "", "tell_after": None, "told_at": None}
        was = row.position
        goes_on |= _resumed(row, Resume(resume))
        taken_over = _taken_over(row, by)
        _save(row, "owner", **goes_on)
        facts = {"resume": resume, "position": [was, row.position], **taken_over}
        audit.record("webhooks.enable", stamp=stamp, subject=row, facts=facts)
    return row


def _taken_over(row: Subscription, by: Actor) -> dict[str, Any]:
    """Let whoever may view all of it answer for it, if its owner may not; what the trail says."""
    if not rights.lost(row):
        return {}
    rights.require(by.user, row.types, row.sites.all(), within=limit_of(by.user))
    was, row.owner = row.owner, by.user
    return {"owner": [str(was), str(by.user)]}


def _resumed(row: Subscription, resume: Resume) -> dict[str, Any]:
    """What changes of a subscription that goes on there."""
    mark = reading.mark_now()
    if resume is Resume.OLDEST:
        return FRESH | {"position": mark.forgotten}
    if resume is Resume.NEWEST:
        return FRESH | {"position": mark.newest}
    if not mark.forgotten <= row.position <= mark.newest:
        raise Refused(
            _("The feed does not have any more what came after %(position)s."),
            code="webhook_place_lost",
            field="resume",
            hint=_("Go on with the oldest that it has, and compare what the receiver has missed."),
            position=row.position,
        )
    if resume is Resume.AFTER:
        return FRESH | {"position": _given_up(row).position}
    # The event keeps its name, so that its dead letter is settled when it is taken.
    return {"failing_since": None, "attempts": 0, "next_attempt_at": None}


def _given_up(row: Subscription) -> Parcel:
    dead = Parcel.objects.dead().filter(subscription=row, event=row.failing_event).first()
    if dead is None:
        raise _nothing_given_up()
    return dead


def _nothing_given_up() -> Refused:
    return Refused(
        _("No event was refused by the receiver."),
        code="nothing_given_up",
        field="resume",
        hint=_("Go on with the next one."),
    )


@transaction.atomic
def try_now(*, subscription: Subscription, by: Actor, at: datetime) -> Subscription:
    """Try the event that was not taken again at once, without waiting for its time."""
    row, stamp = _locked(subscription), audit.stamp(by, at)
    if row.next_attempt_at is not None:
        _save(row, next_attempt_at=None)
        facts = {"event": row.failing_event}
        audit.record("webhooks.try_now", stamp=stamp, subject=row, facts=facts)
    return row


def set_aside(*, subscription: Subscription, reason: str, by: Actor, at: datetime) -> Parcel:
    """Pass over the event that is not taken, so that those after it are sent; it is a dead letter.

    Refuses `reason_needed`, `nothing_given_up` where the last event was taken.
    """
    reason = audit.require_reason(reason)
    where = messages.wanted(subscription)
    found = reading.after(subscription.position, where=where, most=1)
    with transaction.atomic():
        row, stamp = _locked(subscription), audit.stamp(by, at, reason)
        if not row.failing_event or not found or found[0].id != row.failing_event:
            raise _nothing_given_up()
        message, now = messages.of_event(found[0]), stamp.recorded_at
        said = str(_("Set aside after %(attempts)s attempts")) % {"attempts": row.attempts}
        parcel = ending.give_up(row, message, said=said, at=now)
        facts = {"event": message.event, "position": message.position, "attempts": row.attempts}
        _save(row, **FRESH | {"position": message.position})
        audit.record("webhooks.set_aside", stamp=stamp, subject=row, facts=facts)
    return parcel


def replay(
    *, subscription: Subscription, after: int, reason: str, by: Actor, at: datetime
) -> Subscription:
    """Send again, in order, all that happened after a position of the feed.

    Refuses `reason_needed`, and `cursor_too_old` and `cursor_ahead` as the feed does.
    """
    reason, position = audit.require_reason(reason), _position(after)
    with transaction.atomic():
        row, stamp = _locked(subscription), audit.stamp(by, at, reason)
        facts = {"position": [row.position, position]}
        _save(row, **FRESH | {"position": position})
        audit.record("webhooks.replay", stamp=stamp, subject=row, facts=facts)
    return row


@transaction.atomic
def show_secret(*, subscription: Subscription, secret: int, by: Actor, at: datetime) -> str | None:
    """A secret once more, to whoever asks for the answer that it stood in; None where it signs
    nothing any more, or was made too long ago."""
    stamp = audit.stamp(by, at)
    found = secrets.again(secret, stamp.recorded_at)
    if found is not None:
        audit.record("webhooks.show_secret", stamp=stamp, subject=subscription)
    return found


@transaction.atomic
def send_again(*, letter: Parcel, by: Actor, at: datetime) -> Parcel:
    """Send a dead letter once more, beside the feed. Refuses `letter_taken`."""
    stamp = audit.stamp(by, at)
    row = Parcel.objects.select_for_update(no_key=True).get(pk=letter.pk)
    preconditions.locked([row])
    if row.kind != ParcelKind.DEAD or row.taken_at is not None:
        raise Refused(
            _("%(letter)s has been taken."),
            code="letter_taken",
            hint=_("To send it once more, replay the webhook from a position."),
            letter=row,
        )
    if row.asked_at is None:
        row.asked_at = stamp.recorded_at
        row.save(update_fields=["asked_at"])
        facts = {"event": row.event, "position": row.position}
        audit.record("webhooks.send_again", stamp=stamp, subject=row.subscription, facts=facts)
    return row


@transaction.atomic
def send_test(*, subscription: Subscription, by: Actor, at: datetime) -> Parcel:
    """Have a test event sent, once, also to a receiver that is disabled."""
    stamp = audit.stamp(by, at)
    message = messages.of_test(subscription, stamp.recorded_at)
    parcel = Parcel.objects.create(
        subscription=subscription, kind=ParcelKind.TEST, event=message.event, type=message.type,
        body=message.body, created_at=stamp.recorded_at, asked_at=stamp.recorded_at,
    )  # fmt: skip
    facts = {"event": message.event}
    audit.record("webhooks.send_test", stamp=stamp, subject=subscription, facts=facts)
    return parcel


def _locked(subscription: Subscription) -> Subscription:
    row = Subscription.objects.select_for_update(no_key=True).get(pk=subscription.pk)
    preconditions.locked([row])
    return row


def _save(row: Subscription, *fields: str, **values: Any) -> None:
    """Write these columns, and take the turn from whoever has it."""
    values |= FREE
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*fields, *values])


def _position(after: int | None) -> int:
    """Where in the feed to begin: as it was asked, or at its end."""
    if after is None:
        return reading.newest()
    catch_up()
    reading.check(after, reading.mark_now())
    return after


def _check_types(types: Sequence[str]) -> None:
    for pattern in types:
        if not reading.matching(pattern):
            raise Refused(
                _("%(type)s is no kind of event."),
                code="webhook_type",
                field="types",
                hint=_("Write one as the feed does, or its beginning and a *."),
                type=pattern,
            )


def _check_alerts(row: Subscription) -> None:
    """Who narrows alerts and gets none would wait for them."""
    in_vain = reading.Filters(types=tuple(row.types), **messages.alerts_of(row)).in_vain()
    if in_vain:
        raise Refused(
            _("No event of alerts is among the kinds that are chosen."),
            code="webhook_without_alerts",
            field=in_vain[0],
            hint=_("Choose forestage.alert.* as well, or all severities, levels and reasons."),
        )


def _said(row: Subscription) -> dict[str, Any]:
    """What is settled of a subscription, for the audit trail."""
    sites = sorted(row.sites.values_list("code", flat=True))
    return {
        "name": row.name, "url": row.url, "types": row.types, "sites": sites,
        "contact": row.contact, **{name: getattr(row, name) for name in OF_ALERTS},
    }  # fmt: skip
