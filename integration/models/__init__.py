"""Access of external systems, and what is kept for them."""

from integration.models.access import ApiToken

__all__ = ["ApiToken"]
