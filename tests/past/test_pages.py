"""The pages and resources of the past: which moment they show, what they refuse, whose it is."""

import csv
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from inventory.models import Lot
from staging import actions as staging
from staging.models import Demand
from staging.past import asked
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.past.conftest import NOON
from tests.plant import Plant

pytestmark = pytest.mark.django_db

RIVERSIDE = ZoneInfo("Europe/Berlin")
STAGED, MOVED = NOON + timedelta(minutes=10), NOON + timedelta(minutes=20)


@pytest.fixture
def order(plant: Plant, clock: time_machine.Traveller) -> Demand:
    """Staged in a lane at ten past noon, and in another from twenty past."""
    lot = plant.lot(10, number="A")
    order = plant.order((lot.material, 8), reference="PO-1")
    clock.move_to(STAGED)
    plant.stage(order, lot, quantity=5)
    clock.move_to(MOVED)
    plant.do(staging.transfer, staging.Transfer(lot=lot, target=plant.l2))
    clock.move_to(NOON + timedelta(hours=3))
    return order


@pytest.fixture
def reader(order: Demand) -> Client:
    """Signed in when all that has happened; a session does not last for hours."""
    client = Client()
    client.force_login(UserFactory(role="supervisor"))
    return client


def at(moment: datetime) -> dict[str, str]:
    return {"at": asked.as_text(moment)}


def rows(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    head = text.splitlines()[0]
    return list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in head else ","))


class TestPages:
    def test_a_lane_by_its_link(self, reader: Client, plant: Plant, order: Demand) -> None:
        path = f"/as-it-stood/lanes/{plant.l1.code}/"
        then = reader.get(path, at(STAGED + timedelta(minutes=5)))
        now = reader.get(path)
        assert [one.quantity for one in then.context["staged"]] == [5]
        assert now.context["staged"] == []
        text = then.content.decode()
        assert "This is the past" in text
        assert "Back to now" in text
        assert 'method="post"' not in text.split('<main id="main"')[1].split("</main>")[0]
        previous, following = (
            parse_qs(urlsplit(then.context[f"{way}_change"]).query)["at"][0]
            for way in ("previous", "next")
        )
        assert [previous, following] == [asked.as_text(STAGED), asked.as_text(MOVED)]

    def test_the_board_and_the_demand(self, reader: Client, plant: Plant, order: Demand) -> None:
        moment = at(STAGED)
        board = reader.get("/as-it-stood/", moment | {"site": plant.site.code})
        standing = {
            lane.location.code: len(lane.staged)
            for area in board.context["areas"]
            for lane in area["lanes"]
        }
        assert standing[plant.l1.code] == 1
        assert standing[plant.l2.code] == 0
        page = reader.get("/as-it-stood/demands/PO-1/", moment)
        assert [line["row"].staged for line in page.context["lines"]] == [5]
        assert f"/as-it-stood/lanes/{plant.l1.code}/?at=" in page.content.decode()

    def test_files_hold_what_the_pages_show(
        self, reader: Client, plant: Plant, order: Demand
    ) -> None:
        moment = at(STAGED) | {"download": "csv"}
        for path in ("/as-it-stood/", f"/as-it-stood/lanes/{plant.l1.code}/"):
            [row] = rows(reader.get(path, moment))
            assert list(row.values())[:4] == [plant.l1.code, "PO-1", "1", f"{Lot.objects.get()}"]
        kit = rows(reader.get("/as-it-stood/demands/PO-1/", moment))
        assert [list(row.values())[4:9] for row in kit] == [["8", "0", "5", "0", "0"]]
        standing = reader.get("/as-it-stood/demands/PO-1/", moment | {"table": "standing"})
        assert len(rows(standing)) == 1
        assert reader.get("/as-it-stood/", {"at": "never", "download": "csv"}).status_code == 404

    def test_what_cannot_be_shown(self, reader: Client, order: Demand) -> None:
        for text, status in {
            "2999-01-01T00:00Z": 409, "2001-01-01T00:00Z": 409, "soon": 422,
            "0001-01-01T00:00Z": 422, "2026-02-30T00:00": 422,
        }.items():  # fmt: skip
            assert reader.get("/as-it-stood/", {"at": text}).status_code == status, text
        early = reader.get("/as-it-stood/demands/PO-1/", {"at": "2001-01-01T00:00Z"})
        assert early.context["refusal"].code == "before_first_record"
        assert reader.get("/as-it-stood/demands/PO-9/").status_code == 404
        assert reader.get("/as-it-stood/lanes/PO-9/").status_code == 404


class TestTheHourThatComesTwice:
    def test_a_time_of_it_is_asked_about(
        self, reader: Client, plant: Plant, order: Demand, clock: time_machine.Traveller
    ) -> None:
        plant.site.time_zone = "Europe/Berlin"
        plant.site.save()
        clock.move_to(datetime(2026, 11, 1, tzinfo=UTC))
        reader.force_login(UserFactory(role="supervisor"))
        path = f"/as-it-stood/lanes/{plant.l1.code}/"
        twice = reader.get(path, {"at": "2026-10-25T02:30"})
        assert twice.status_code == 422
        links = [url for _said, url in twice.context["choices"]]
        assert [parse_qs(urlsplit(url).query)["at"] for url in links] == [
            ["2026-10-25T00:30:00Z"], ["2026-10-25T01:30:00Z"],
        ]  # fmt: skip
        shown = [reader.get(f"{path}{url}").content.decode() for url in links]
        assert "02:30 CEST" in shown[0]
        assert "02:30 CET" in shown[1]
        assert [said for said, _url in twice.context["choices"]] == [
            "2026-10-25 02:30 CEST", "2026-10-25 02:30 CET",
        ]  # fmt: skip
        once = reader.get(path, {"at": "2026-10-25T03:30"})
        assert once.headers["Location"].endswith("at=2026-10-25T02%3A30%3A00Z")

    def test_what_a_text_can_mean(self) -> None:
        skipped = asked.moments("2026-03-29T02:30", RIVERSIDE)
        assert skipped == []
        for text in ("2026-10-25T02:30+02:00", "2026-10-25T02:30 02:00", "2026-10-25T00:30Z"):
            assert asked.moments(text, RIVERSIDE) == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
        assert asked.moments("2026-06-01T12:00", RIVERSIDE) == [
            datetime(2026, 6, 1, 10, tzinfo=UTC)
        ]


class TestApi:
    @pytest.fixture
    def api(self, api_as: Any) -> Api:
        found: Api = api_as("integrator")
        return found

    def test_a_lane(self, api: Api, plant: Plant, order: Demand) -> None:
        hold = plant.hold(lot=Lot.objects.get())
        answer = api.read(f"as-it-stood/lanes/{plant.l1.code}/", **at(STAGED)).json()
        [one] = answer["lane"]["staged"]
        assert (one["demand"], one["quantity"], one["state"]) == ("PO-1", "5", "staged")
        assert (one["stops"], one["status"], answer["holds"]) == ([], "released", [])
        assert answer["next_change"] == asked.as_text(MOVED)
        now = api.read(f"as-it-stood/lanes/{plant.l2.code}/").json()
        assert now["lane"]["staged"][0]["holds"] == [hold.pk] == [now["holds"][0]["id"]]

    def test_a_demand_and_the_board(self, api: Api, plant: Plant, order: Demand) -> None:
        answer = api.read("as-it-stood/demands/PO-1/", **at(STAGED), known="then").json()
        assert (answer["state"], answer["percent"], answer["known"]) == ("staging", 62, "then")
        assert answer["lines"][0]["staged"] == "5"
        assert answer["lines"][0]["short"] == "3"
        board = api.read("as-it-stood/board/", **at(STAGED), site=plant.site.code).json()
        filled = [lane["lane"] for lane in board["lanes"] if lane["staged"]]
        assert filled == [plant.l1.code]
        assert board["next"] is None

    def test_what_it_refuses(self, api: Api, order: Demand) -> None:
        for moment, code in (("2998-01-01T00:00:00Z", "time_in_future"),
                             ("2001-01-01T00:00:00Z", "before_first_record")):  # fmt: skip
            answer = api.read("as-it-stood/demands/PO-1/", at=moment)
            assert (answer.status_code, answer.json()["code"]) == (409, code)
        for query in ({"at": "soon"}, {"at": ""}, {"known": "never"}, {"day": "1"}):
            assert api.read("as-it-stood/board/", **query).status_code == 400
