"""Access of external systems, and what is kept for them."""

from integration.models.access import ApiToken
from integration.models.epcis import CapturedEvent, CaptureJob, ErrorBehaviour

__all__ = ["ApiToken", "CaptureJob", "CapturedEvent", "ErrorBehaviour"]
