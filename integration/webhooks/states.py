"""How webhooks, attempts and dead letters stand, in badges and words."""

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from integration.models import Delivery, Ended, Outcome, Parcel, Subscription
from integration.webhooks import rights
from inventory.admin import cells


def badge(row: Subscription) -> SafeString:
    """Whether it works, never by colour alone."""
    if row.ended == Ended.BY_HAND:
        return cells.badge("calm", "slash-circle-fill", _("Disabled"))
    if row.disabled_at:
        return cells.badge("bad", "x-octagon-fill", _("Given up"))
    if row.failing_since:
        return cells.badge("warn", "exclamation-triangle-fill", _("Failing"))
    return cells.badge("ok", "check-circle-fill", _("Enabled"))


def advice(row: Subscription) -> str:
    """What its owner needs to know and do, where it gets nothing."""
    kept = _("Nothing is lost: once it is enabled, delivery goes on where it stopped.")
    found = {
        Ended.BY_HAND: kept,
        Ended.FAILED: _(
            "Every attempt of three days failed. See in the log below why, have the receiver put "
            "right, send it a test event, and enable it."
        ) + f" {kept}",
        Ended.GONE: _(
            "The receiver says that it is not there any more. If it is, enable it; if it has "
            "moved, change its address first."
        ) + f" {kept}",
        Ended.SECRET_LOST: _(
            "The secret key of this installation (FORESTAGE_SECRET_KEY) is not the one under which "
            "the webhook's secret was made, as in a copy of the database. Rotate the secret, give "
            "the new one to the receiver, and enable it."
        ),
        Ended.RIGHTS_LOST: _(
            "%(owner)s answers for what is sent, and may not view: %(what)s. Nothing of it has "
            "been sent since. Have the role given back, or have somebody enable it who may view "
            "all of it, and answers for it from then on."
        ) % {"owner": row.owner, "what": rights.in_words(row) or _("nothing")} + f" {kept}",
        Ended.PLACE_LOST: _(
            "It was away for longer than the change feed is kept, or a backup was restored: events "
            "are missing in between. Choose where it goes on, and have the receiver read anew what "
            "it needs."
        ),
    }  # fmt: skip
    return found.get(Ended(row.ended), "") if row.ended else ""


def result(row: Delivery) -> SafeString:
    """What the receiver answered."""
    word = str(row.status) if row.status else _("no answer")
    if row.outcome == Outcome.TAKEN:
        return cells.badge("ok", "check-circle-fill", word)
    return cells.badge("bad", "x-octagon-fill", word)


def letter(row: Parcel) -> SafeString:
    if row.taken_at:
        return cells.badge("ok", "check-circle-fill", _("Taken after all"))
    if row.asked_at:
        return cells.badge("info", "hourglass-split", _("Is sent again"))
    return cells.badge("bad", "x-octagon-fill", _("Not taken"))


def pretty(body: str) -> SafeString:
    """JSON as people read it."""
    said: Any = json.loads(body)
    return format_html('<pre class="body">{}</pre>', json.dumps(said, indent=2, ensure_ascii=False))
