"""A client, and a plant in which everything has happened."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Api, api, api_as
from tests.epcis.work import Busy
from tests.standing import built_once

__all__ = ["api", "api_as"]


@built_once
def busy() -> Busy:
    plant = Busy()
    plant.everything()
    return plant


@pytest.fixture
def events(api: Api) -> Callable[..., list[dict[str, Any]]]:
    """The events that a query finds, by pages of 500."""

    def ask(**query: Any) -> list[dict[str, Any]]:
        answer = api.get("/epcis/events", {"perPage": 500, **query})
        assert answer.status_code == 200, answer.json()
        return list(answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"])

    return ask
