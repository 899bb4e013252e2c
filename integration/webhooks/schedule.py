"""When an event that was not taken is tried again: after seconds first, over three days in all."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between one attempt and the next, as the specification proposes: 75 h 35 min in all."""

ATTEMPTS = len(DELAYS) + 1
JITTER = 0.2
"""By how much of itself a delay may be longer, so that many do not come back at once."""

OVERLOADED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
THROTTLED = timedelta(minutes=1)
"""At least so long do we leave a receiver alone that says it is overloaded."""

LONGEST_ASKED = timedelta(hours=24)
"""A receiver may ask for more; it is looked in on all the same."""


def next_attempt(
    attempts: int, at: datetime, *, status: int | None = None, retry_after: str = ""
) -> datetime | None:
    """When to try again after so many attempts, the last one now. None: no more."""
    if attempts >= ATTEMPTS:
        return None
    delay = DELAYS[attempts - 1]
    if status in OVERLOADED:
        delay = max(delay, THROTTLED)
    delay = max(delay, asked(retry_after, at))
    return at + delay * (1 + JITTER * random.random())  # noqa: S311 - nothing is secret about it


def asked(retry_after: str, at: datetime) -> timedelta:
    """What a `Retry-After` asks for (RFC 9110): seconds or a date; nothing if it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), int(LONGEST_ASKED.total_seconds())))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return timedelta()
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - at
    return min(max(wait, timedelta()), LONGEST_ASKED)
