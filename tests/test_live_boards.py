"""Boards ask every second, and are told only what is new, at next to no cost."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError

from inventory.models import AuditEntry
from staging import actions as staging
from staging import live
from staging.live import LOOK_AGAIN, Seen
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.usefixtures("nothing_shared")

BOARDS = ("/", "/ready/")


@pytest.fixture
def floor(plant: Plant, client: Client) -> Client:
    client.force_login(plant.operator.user)
    return client


def opened(client: Client, path: str) -> str:
    """What a page that was opened says it shows."""
    found = re.search(r'data-seen="([^"]+)"', client.get(path).content.decode())
    assert found
    return found[1]


def poll(client: Client, path: str, seen: str) -> Any:
    return client.get(path, headers={"Board-Seen": seen, "HX-Request": "true"})


def stage_some(plant: Plant) -> str:
    lot = plant.lot(5)
    order = plant.order((lot.material, 5))
    plant.stage(order, lot)
    return str(order.reference)


@pytest.mark.parametrize("path", BOARDS)
def test_an_unchanged_board_costs_two_statements(floor: Client, plant: Plant, path: str) -> None:
    stage_some(plant)
    seen = opened(floor, path)
    poll(floor, path, seen)
    with CaptureQueriesContext(connection) as caught:
        answer = poll(floor, path, seen)
    assert (answer.status_code, answer.content) == (204, b"")
    tables = [re.search(r'FROM "(\w+)"', query["sql"]) for query in caught]
    assert [found and found[1] for found in tables] == ["django_session", "inventory_auditentry"]


@pytest.mark.parametrize("path", BOARDS)
def test_a_change_comes_as_a_part(floor: Client, plant: Plant, path: str) -> None:
    seen = opened(floor, path)
    reference = stage_some(plant)
    answer = poll(floor, path, seen)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert reference in text
    assert "<html" not in text
    assert poll(floor, path, answer["Board-Seen"]).status_code == 204


def test_what_happens_elsewhere_draws_nothing_anew(floor: Client, plant: Plant) -> None:
    stage_some(plant)
    seen = opened(floor, f"/?site={plant.site.code}")
    stage_some(Plant())
    answer = poll(floor, f"/?site={plant.site.code}", seen)
    assert answer.status_code == 204
    assert Seen.of(answer.wsgi_request) != answer["Board-Seen"]
    with CaptureQueriesContext(connection) as caught:
        assert poll(floor, f"/?site={plant.site.code}", answer["Board-Seen"]).status_code == 204
    assert len(caught) == 2


def test_screens_that_show_the_same_share_one_drawing(floor: Client, plant: Plant) -> None:
    seen = opened(floor, "/")
    stage_some(plant)
    poll(floor, "/", seen)
    with CaptureQueriesContext(connection) as caught:
        assert poll(floor, "/", seen).status_code == 200
    assert not [query for query in caught if "staging_commitment" in query["sql"]]


def test_a_drawing_is_not_shared_with_who_may_do_less(floor: Client, plant: Plant) -> None:
    lot = plant.lot(5)
    plant.stage(plant.order((lot.material, 5)), lot)
    plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.l1))
    assert "Put away" in poll(floor, "/", "0.-.0").content.decode()
    reader = Client()
    reader.force_login(UserFactory(role="auditor"))
    text = poll(reader, "/", "0.-.0").content.decode()
    assert lot.code in text
    assert "Put away" not in text


def test_a_board_needs_no_cache(
    floor: Client, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: Any, **kwargs: Any) -> None:
        raise RedisConnectionError

    for name in ("get", "set"):
        monkeypatch.setattr(cache, name, gone)
    seen = opened(floor, "/")
    reference = stage_some(plant)
    assert reference in poll(floor, "/", seen).content.decode()


def test_time_passes_although_nothing_happens(floor: Client, plant: Plant) -> None:
    lot = plant.lot(5)
    order = plant.order((lot.material, 5), needed_at=plant.now + timedelta(seconds=20))
    plant.stage(order, lot)
    seen = Seen(*_parts(opened(floor, "/")))
    now = seen.at
    assert seen.stands(live.newest(), now + LOOK_AGAIN - 1)
    assert not seen.stands(live.newest(), now + LOOK_AGAIN)
    assert not seen.stands(live.newest(), now - 1)


def _parts(seen: str) -> tuple[int, str, int]:
    newest, mark, at = seen.split(".")
    return int(newest), mark, int(at)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_later_commit_of_an_earlier_key_is_noticed() -> None:
    """Keys are handed out before transactions commit: the greatest alone would not tell."""
    plant = Plant()
    earlier = connection.copy()
    try:
        with transaction.atomic():
            plant.order((plant.material(), 1))
        before = live.newest()
        with earlier.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT nextval(pg_get_serial_sequence('inventory_auditentry', 'id'))")
            key = cursor.fetchone()[0]
            plant.order((plant.material(), 1))
            between = live.newest()
            cursor.execute(
                "INSERT INTO inventory_auditentry SELECT (jsonb_populate_record(entry,"
                " jsonb_build_object('id', %s::bigint))).* FROM inventory_auditentry entry LIMIT 1",
                [key],
            )
            assert live.newest() == between
            cursor.execute("COMMIT")
        assert before < between < live.newest()
        assert AuditEntry.objects.order_by("-pk").values_list("pk", flat=True)[0] > key
    finally:
        earlier.close()


def test_whoever_has_lost_the_right_is_told_when_it_is_next_looked(
    floor: Client, plant: Plant
) -> None:
    seen = Seen(*_parts(opened(floor, "/")))
    user = plant.operator.user
    user.is_active = False
    user.save()
    later = Seen(seen.newest, seen.mark, seen.at - LOOK_AGAIN)
    answer = poll(floor, "/", str(later))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("seen", ["", "a", "1.2", "x.y.z", "1.-.99999999999999999999", "1.2.3.4"])
def test_nonsense_is_answered_like_a_first_look(floor: Client, seen: str) -> None:
    assert poll(floor, "/", seen).status_code == 200


def test_a_stranger_is_told_nothing(db: None, client: Client) -> None:
    now = int(timezone.now().timestamp())
    for path in BOARDS:
        assert poll(client, path, str(Seen(live.newest(), "x", now))).status_code == 302


# --- filters ------------------------------------------------------------------------------------


def lanes_on(client: Client, **asked: str) -> set[str]:
    context = client.get("/", asked).context
    return {lane.location.code for area in context["areas"] for lane in area["lanes"]}


def test_lanes_by_area_customer_route_and_carrier(floor: Client, plant: Plant) -> None:
    area = plant._place("HALL")
    inner = plant._place("INNER", parent=area, kind="staging", purpose="kitting")
    lot = plant.lot(20)
    plant.stage(plant.order((lot.material, 5)), lot)
    shipment = plant.shipment((lot.material, 5), route="North", carrier="Kestrel")
    plant.stage(shipment, lot, plant.dock)
    plant.stage(plant.shipment((lot.material, 5), route="South"), lot, plant.dock)
    assert lanes_on(floor, area=area.code) == {inner.code}
    for asked in (
        {"customer": plant.customer.code.lower()}, {"route": "north"}, {"carrier": "KESTREL"},
        {"carrier": "kestrel", "q": lot.number},
    ):  # fmt: skip
        assert lanes_on(floor, **asked) == {plant.dock.code}, asked
        shown = floor.get("/", asked).context["areas"][0]["lanes"][0]
        assert shipment in [group.demand for group in shown.demands]
        assert len(shown.demands) == (2 if "customer" in asked else 1)
    assert lanes_on(floor, carrier="nobody") == set()
    assert lanes_on(floor, carrier="kestrel", area=area.code) == set()
    assert lanes_on(floor, carrier="kestrel", q="other") == set()


def test_filters_suggest_what_the_next_demands_say(floor: Client, plant: Plant) -> None:
    plant.shipment((plant.material(), 5), route="North", carrier="Kestrel")
    context = floor.get("/").context
    assert context["routes"] == ["North"]
    assert context["carriers"] == ["Kestrel"]
    assert context["customers"] == [plant.customer.code]
