"""The change feed over the API: pages, waiting, who may, what is refused."""

import threading
import time
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from integration.feed import waiting
from integration.feed.views import BATCH
from inventory import sites
from inventory.models import OutboxRow
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.feed.days import TYPES, a_day
from tests.plant import Plant


def names(answer: Any) -> list[str]:
    return [event["type"].removeprefix("forestage.") for event in answer.json()["results"]]


def test_pages_lead_to_each_other(plant: Plant, api: Api) -> None:
    a_day(plant)
    answer, found = api.read("events/", page_size=5), []
    while True:
        found += names(answer)
        if not answer.json()["more"]:
            break
        answer = api.get(answer.json()["next"])
    assert found == TYPES
    assert answer.json()["cursor"] == answer.headers["Feed-Cursor"] == "13"
    assert names(api.read("events/", after=13)) == []
    # The position that stands in an event will do as well.
    assert names(api.read("events/", after=f"{11:019}")) == TYPES[11:]
    plant.lot(1)
    assert names(api.get(answer.json()["next"])) == ["movement.receive", "decision.release"]


def test_from_now_on(plant: Plant, api: Api) -> None:
    plant.lot(1)
    answer = api.read("events/", after="newest")
    assert names(answer) == []
    plant.lot(1)
    assert len(names(api.get(answer.json()["next"]))) == 2


def test_a_batch_of_cloudevents(plant: Plant, api: Api) -> None:
    a_day(plant)
    answer = api.get("/api/v1/events/?page_size=2", headers={"Accept": BATCH})
    assert answer.headers["Content-Type"] == BATCH
    assert [event["specversion"] for event in answer.json()] == ["1.0", "1.0"]
    assert answer.headers["Feed-Cursor"] == "2"
    link = answer.headers["Link"].partition(">")[0].removeprefix("<")
    following = api.get(link, headers={"Accept": BATCH}).json()
    assert [event["sequence"][-1] for event in following] == ["3", "4"]
    refused = api.get("/api/v1/events/?after=99", headers={"Accept": BATCH})
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_filters(plant: Plant, api: Api) -> None:
    lot, demand, _hold = a_day(plant)
    other = plant.lot(1)
    kinds = "forestage.hold.*,forestage.alert.raised"
    assert names(api.read("events/", type=kinds)) == ["hold.placed", "alert.raised", "hold.lifted"]
    assert len(names(api.read("events/", lot=f"{lot.code},{other.code}"))) == 12
    assert names(api.read("events/", demand=demand.reference, type="forestage.movement.*")) == [
        "movement.stage", "movement.load", "movement.ship",
    ]  # fmt: skip
    assert len(names(api.read("events/", site=plant.site.code))) == 15


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"typ": "forestage.hold.placed"}, 400, "unknown_parameter"),
        ({"type": "forestage.hold.plcaed"}, 400, "unknown_type"),
        ({"type": "hold.*,forestage.hold.*"}, 400, "unknown_type"),
        ({"site": "NOWHERE"}, 400, "unknown_code"),
        ({"lot": "NO/LOT"}, 400, "unknown_code"),
        ({"after": "-1"}, 400, "invalid"),
        ({"after": "x"}, 400, "invalid"),
        ({"after": "\x00"}, 400, "null_characters_not_allowed"),
        ({"wait": waiting.LONGEST + 1}, 400, "max_value"),
        ({"alert_severity": "grave"}, 400, "invalid_choice"),
        ({"alert_level": "4"}, 400, "invalid_choice"),
        ({"alert_reasons": "lot_rejected,moo"}, 400, "invalid_choice"),
        ({"type": "forestage.hold.*", "alert_level": "2"}, 400, "without_alerts"),
        ({"type": "forestage.hold.*", "alert_severity": "critical"}, 400, "without_alerts"),
        ({"type": "forestage.hold.*", "alert_reasons": "lot_rejected"}, 400, "without_alerts"),
        ({"page_size": 501}, 400, "max_value"),
        ({"after": "9" * 19}, 409, "cursor_ahead"),
    ],
)
@pytest.mark.django_db
def test_what_is_refused(api: Api, query: dict[str, Any], status: int, code: str) -> None:
    answer = api.read("events/", **query)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"] == code


def test_a_cursor_that_is_too_old(plant: Plant, api: Api) -> None:
    from integration.models import FeedMark, FeedPosition

    a_day(plant)
    api.read("events/")
    FeedPosition.objects.filter(position__lte=4).delete()
    FeedMark.objects.update(forgotten=4)
    answer = api.read("events/", after=3)
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_too_old")
    assert answer.json()["errors"][0]["facts"] == {"oldest": 4, "newest": 13}
    assert names(api.read("events/")) == TYPES[4:]


def test_who_may_follow_what(plant: Plant, api_as: Any) -> None:
    a_day(plant)
    assert Api().read("events/").status_code == 401
    for role in ("operator", "supervisor", "qa", "auditor", "integrator"):
        assert api_as(role).read("events/").status_code == 200
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_movement"))
    assert api_as(user).read("events/").status_code == 403
    assert api_as(user).read("events/", type="forestage.hold.placed").status_code == 403
    assert names(api_as(user).read("events/", type="forestage.movement.*")) == [
        name for name in TYPES if name.startswith("movement.")
    ]


def test_a_client_of_one_site_hears_of_that_site_alone(plant: Plant, api: Api) -> None:
    user = UserFactory(role="integrator")
    lot, _demand, _hold = a_day(plant)
    elsewhere = Plant()
    other = elsewhere.lot(1)
    plant.hold(material=lot.material)
    sites.limit(user, frozenset({elsewhere.site.pk}))
    api.force_authenticate(user)
    answer = api.read("events/")
    assert names(answer) == ["movement.receive", "decision.release"]
    assert {event["subject"] for event in answer.json()["results"]} == {f"lot:{other.code}"}
    assert api.read("events/", lot=lot.code).status_code == 400
    assert api.read("events/", site=plant.site.code).status_code == 400


# --- waiting ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_when_something_wanted_happens(plant: Plant, api: Api) -> None:
    start = api.read("events/", after="newest").json()["cursor"]

    def later() -> None:
        time.sleep(0.3)
        lot = plant.lot(1)  # nobody waits for that
        time.sleep(0.3)
        plant.hold(lot=lot)
        connection.close()

    thread = threading.Thread(target=later)
    began = time.monotonic()
    thread.start()
    answer = api.read("events/", after=start, wait=waiting.LONGEST, type="forestage.hold.*")
    assert names(answer) == ["hold.placed"]
    assert 0.5 < time.monotonic() - began < waiting.LONGEST - 1
    thread.join()
    assert not OutboxRow.objects.exists()


def test_waiting_for_nothing_ends_in_time(plant: Plant, api: Api) -> None:
    began = time.monotonic()
    answer = api.read("events/", after="newest", wait=1)
    assert (names(answer), answer.headers.get("Retry-After")) == ([], None)
    assert 0.9 < time.monotonic() - began < waiting.LONGEST - 1


def test_no_more_wait_than_there_are_turns(plant: Plant, api: Api, settings: Any) -> None:
    settings.FEED_WAITERS = 1
    with waiting.turn() as given:
        assert given
        answer = api.read("events/", after="newest", wait=10)
        assert (names(answer), answer.headers["Retry-After"]) == ([], "1")
        plant.lot(1)  # what is there already needs no turn
        answer = api.read("events/", wait=10)
        assert len(names(answer)) == 2
        assert "Retry-After" not in answer.headers
    with waiting.turn() as given:
        assert given
    settings.VAR_DIR = "/proc/nowhere"  # where nothing can be written
    assert api.read("events/", after="newest", wait=10).headers["Retry-After"] == "1"
