"""How many requests a client may send in a minute, counted in the cache that all processes share.

A window is a minute of the clock. Without Redis each process counts for itself.
"""

import logging
from dataclasses import dataclass
from math import ceil
from time import monotonic, time
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from integration.access import settings_of

SECONDS = 60
"""Of a window."""

PAUSE = 5.0
"""Seconds for which nobody is counted once the cache has not answered."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """Where a client stands in its window."""

    quota: int
    used: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them."""
        left = max(self.quota - self.used, 0)
        return {
            "RateLimit-Policy": f'"minute";q={self.quota};w={SECONDS}',
            "RateLimit": f'"minute";r={left};t={self.reset}',
        }


class ClientRate(BaseThrottle):
    """Refuses (429) what is beyond the client's quota, and nobody while the cache is down."""

    rate: Rate | None = None
    _paused_until = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        client = settings_of(request.auth)
        if not client.requests_per_minute or monotonic() < ClientRate._paused_until:
            return True
        now = time()
        window, passed = divmod(now, SECONDS)
        try:
            used = _count(f"rate:{request.user.pk}:{client.name}:{int(window)}".replace(" ", "-"))
        except Exception:  # whatever the cache raises when it is gone
            logger.exception("Requests are not counted: the cache does not answer")
            ClientRate._paused_until = monotonic() + PAUSE
            return True
        self.rate = Rate(client.requests_per_minute, used, ceil(SECONDS - passed))
        request._request.rate = self.rate  # type: ignore[attr-defined]  # for `headers`
        return used <= client.requests_per_minute

    def wait(self) -> float | None:
        return self.rate.reset if self.rate else None


def _count(key: str) -> int:
    """One more; how many there are now."""
    try:
        return cache.incr(key)
    except ValueError:  # the first of its window
        if cache.add(key, 1, SECONDS * 2):
            return 1
        return cache.incr(key)
