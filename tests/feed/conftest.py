"""Clients of the API, as its own tests have them."""

from tests.api.conftest import api, api_as

__all__ = ["api", "api_as"]
