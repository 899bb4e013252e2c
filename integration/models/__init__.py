"""Access of external systems, and what is kept for them."""

from integration.models.access import ApiClient, ApiToken

__all__ = ["ApiClient", "ApiToken"]
