"""Clients of the API, by role."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from integration.access import ClientSettings
from tests.factories import UserFactory


class Api(APIClient):
    """A client that knows where the verbs are."""

    def do(self, verb: str, body: Any, **headers: str) -> Any:
        path = f"/api/v1/{verb.replace('_', '-')}/"
        return self.post(path, body, format="json", headers=headers or None)

    def read(self, path: str, **query: Any) -> Any:
        return self.get(f"/api/v1/{path}", query)


@pytest.fixture
def api_as(db: None) -> Callable[[User | str], Api]:
    """A client for a user, or for a new member of a role."""

    def client(who: User | str) -> Api:
        api = Api()
        api.force_authenticate(UserFactory(role=who) if isinstance(who, str) else who)
        return api

    return client


@pytest.fixture
def agreed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Agrees something with every client: `agreed(key_required=True)`."""

    def agree(**values: Any) -> None:
        nothing = {"key_required": False, "match_required": False, "requests_per_minute": None}
        found = ClientSettings(**nothing | {"name": "MES"} | values)
        monkeypatch.setattr("inventory.api.clients._settings_of", lambda: lambda _auth: found)
        monkeypatch.setattr("integration.contract.rates.settings_of", lambda _auth: found)

    return agree


@pytest.fixture
def api(api_as: Callable[[User | str], Api]) -> Api:
    """What an ERP or MES uses."""
    return api_as("integrator")
