"""What an e-mail about alerts still has to tell when it is sent."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from integration.models import Handling, Notice, NoticeMail
from integration.notices import writing
from integration.notices.people import People, Wish
from inventory.post import sending
from inventory.post.sending import Letter, Needless
from inventory.wording import recorded


def write(mail: NoticeMail) -> Letter:
    """What is still open of it. Raises `Needless`."""
    notices = left_to_tell(mail)
    told = {notice.alert_id for notice in notices}
    return Letter(writing.message(mail, notices), {"told": len(told)})


send_due = partial(sending.send_due, NoticeMail, write)


def left_to_tell(mail: NoticeMail) -> list[Notice]:
    """What is still open of what its person may and wants to see. Raises `Needless`."""
    wishes = People(only=[mail.user_id], also=[mail.user_id]).wishes()
    if not wishes:
        raise Needless(recorded(_("The person may not view alerts any more.")))
    wish = wishes[0]
    if not wish.address:
        raise Needless(recorded(_("The person has no e-mail address any more.")))
    rows = mail.notices.filter(alert__closed_at=None).select_related(
        "alert__site", "alert__location", "alert__lot__material", "alert__demand"
    )
    found = [row for row in rows if _is_wanted(row, wish)]
    if not found:
        raise Needless
    return found


def _is_wanted(row: Notice, wish: Wish) -> bool:
    """Whether its person still wants e-mail about it."""
    return wish.is_of(row.site_id) and wish.handling(row.severity) >= Handling.DIGEST
