"""A seal sent to another system: a signed POST, as the Standard Webhooks specification says.

The addresses are the deployer's, from the environment: whoever administers the database can take
none away.
"""

from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from inventory.models import SealNotice
from inventory.seals.content import dumps, moment
from inventory.standard_webhooks import TIMEOUT, headers

TYPE = "seal.published"


class _NoRedirects(HTTPRedirectHandler):
    """A signed message goes where it was meant to, or nowhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(notice: SealNotice, at: datetime) -> None:
    """Send it. Raises OSError where it was not taken."""
    content = body(notice).encode()
    number, seconds = f"seal_{notice.pk}", int(at.timestamp())
    signed = headers([settings.SEAL_SECRET], number, seconds, content)
    request = Request(notice.address, content, signed, method="POST")  # noqa: S310 - the deployer's
    try:
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT):
            return
    except HTTPError as answer:
        answer.close()
        raise OSError(f"answered {answer.code}") from None
    except HTTPException as failure:
        raise OSError(str(failure) or type(failure).__name__) from None


def body(notice: SealNotice) -> str:
    """The seal as it is told to programs; the same at every attempt."""
    said = {"sequence": notice.sequence, "hash": notice.hash, "seal": notice.published_as}
    return dumps({"type": TYPE, "timestamp": moment(notice.due_at), "data": said})
