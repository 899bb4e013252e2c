"""Access of external systems, and what is kept for them."""

from integration.models.access import ApiToken
from integration.models.external import MODELS, ExternalId, InboundDemand, ThingKind

__all__ = ["MODELS", "ApiToken", "ExternalId", "InboundDemand", "ThingKind"]
