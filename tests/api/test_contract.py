"""What answers say beside their body: version, deprecation, how much may still be asked."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import urls
from integration.contract.rates import ClientRate
from inventory.api.schema import ApiSchema
from inventory.deprecation import Deprecated, deprecated
from inventory.verbs import REGISTRY, Verb
from tests.plant import Plant

pytestmark = pytest.mark.django_db

MORE = "https://example.com/old"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
SUNSET = datetime(2026, 12, 31, tzinfo=UTC)


class OldView(APIView):
    """A view whose reading is going to end."""

    permission_needed = "inventory.view_lot"
    schema = ApiSchema()
    summaries = {"get": "Old", "post": "Not old"}

    @deprecated(SINCE, sunset=SUNSET, more=MORE)
    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("api/v1/old/", OldView.as_view()), path("", include(urls))]


# --- version and deprecation --------------------------------------------------------------------


def test_every_answer_of_the_api_says_its_version(plant: Plant, api: Any) -> None:
    paths = ("/api/v1/sites/", "/api/v1/nothing/", "/api/v1/receive/")
    assert {api.get(path)["API-Version"] for path in paths} == {"1.0.0"}
    assert "API-Version" not in api.get("/sign-in/")


@pytest.mark.urls(__name__)
def test_an_operation_that_ends_says_since_when_and_until_when(plant: Plant, api: Any) -> None:
    old = api.get("/api/v1/old/")
    assert old["Deprecation"] == f"@{int(SINCE.timestamp())}"
    assert old["Sunset"] == "Thu, 31 Dec 2026 00:00:00 GMT"
    assert f'<{MORE}>; rel="deprecation"' in old["Link"]
    assert "Deprecation" not in api.post("/api/v1/old/")
    assert "Deprecation" not in api.get("/api/v1/sites/")


@pytest.mark.urls(__name__)
def test_its_description_says_so() -> None:
    from drf_spectacular.generators import SchemaGenerator

    old = SchemaGenerator(patterns=urlpatterns[:1]).get_schema(request=None, public=True)
    operations = old["paths"]["/api/v1/old/"]
    assert operations["get"]["deprecated"] is True
    assert {"Deprecation", "Sunset"} <= set(operations["get"]["responses"]["200"]["headers"])
    assert "deprecated" not in operations["post"]


def test_a_verb_may_end(plant: Plant, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from integration.contract.headers import _deprecation
    from inventory.api.verbs import VerbView

    receive = REGISTRY["receive"]
    old = Verb("inventory", "old", "Old", receive.run, receive.line, deprecated=Deprecated(SINCE))
    view = VerbView.as_view(verb=old)
    assert _deprecation(view, "post") == {"Deprecation": f"@{int(SINCE.timestamp())}"}


# --- rates --------------------------------------------------------------------------------------


@pytest.fixture
def counted(agreed: Any, nothing_shared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three requests a minute, from nobody yet."""
    monkeypatch.setattr(ClientRate, "_paused_until", 0.0)
    agreed(requests_per_minute=3)


def test_a_client_is_told_how_much_is_left_and_refused_beyond(
    plant: Plant, api: Any, api_as: Any, counted: None
) -> None:
    with time_machine.travel(datetime(2026, 5, 1, 8, 0, 20, tzinfo=UTC), tick=False) as clock:
        answers = [api.read("sites/") for _n in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0]["RateLimit-Policy"] == '"minute";q=3;w=60'
        assert [answer["RateLimit"] for answer in answers] == [
            f'"minute";r={left};t=40' for left in (2, 1, 0, 0)
        ]
        refused = answers[-1]
        assert refused["Retry-After"] == "40"
        assert (refused.json()["code"], refused["Content-Type"]) == (
            "throttled", "application/problem+json",
        )  # fmt: skip
        assert api_as("integrator").read("sites/").status_code == 200  # another client
        clock.shift(40)
        assert api.read("sites/").status_code == 200


def test_a_429_is_no_answer_to_keep(plant: Plant, api: Any, counted: None) -> None:
    with time_machine.travel(plant.now, tick=False) as clock:
        for _n in range(3):
            api.read("sites/")
        line = {"lot": plant.lot().code, "target": plant.a2.code}
        assert api.do("move", line, **{"Idempotency-Key": "k"}).status_code == 429
        clock.shift(60)
        assert api.do("move", line, **{"Idempotency-Key": "k"}).status_code == 200


def test_nobody_is_refused_while_the_cache_is_down(
    plant: Plant, api: Any, counted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def down(key: str) -> int:
        asked.append(key)
        raise ConnectionError

    monkeypatch.setattr(cache, "incr", down, raising=False)
    assert [api.read("sites/").status_code for _n in range(5)] == [200] * 5
    assert len(asked) == 1  # nobody waits for it again and again
    assert "RateLimit" not in api.read("sites/")


def test_nobody_is_counted_unless_it_was_agreed(plant: Plant, api: Any) -> None:
    assert "RateLimit" not in api.read("sites/")
