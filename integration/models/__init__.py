"""Access of external systems, and what is kept for them."""

from integration.models.access import ApiToken
from integration.models.feed import FeedMark, FeedPosition

__all__ = ["ApiToken", "FeedMark", "FeedPosition"]
