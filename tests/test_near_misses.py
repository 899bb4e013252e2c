"""Refused attempts counted: what a period comes to, and what it costs to ask."""

import csv
import io
import re
from collections import Counter
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.errors import Refused
from inventory.models import AuditEntry, LotStatus, RefusedAttempt
from inventory.verbs import REGISTRY, carry_out
from quality import near_misses
from quality.gate import STOP_LABELS
from quality.models import RuleSet, UsageRule
from quality.near_misses import Family
from staging import actions as staging
from staging.charts import plot
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

CODES = ("lot_on_hold", "stands_in_quarantine", "permission_denied", "signature_wrong", "not_here")


def attempt(plant: Plant, code: str, at: datetime, **named: Any) -> RefusedAttempt:
    """A row as `attempts.record` writes it, at a time of one's own choice."""
    return RefusedAttempt.objects.create(
        verb="staging.stage", code=code, message=f"No: {code}.", actor=plant.operator.user,
        surface="api", occurred_at=at, recorded_at=at, batch=uuid4(), **named,
    )  # fmt: skip


@pytest.fixture
def api(db: None) -> Api:
    client = Api()
    client.force_authenticate(UserFactory(role="qa"))
    return client


def all_counted(**period: Any) -> near_misses.NearMisses:
    return near_misses.count(RefusedAttempt.objects.all(), **period)


def test_each_code_is_of_one_family_only(plant: Plant) -> None:
    for code in CODES:
        attempt(plant, code, plant.now)
    found = {
        family: set(
            RefusedAttempt.objects.filter(near_misses.of_family(family)).values_list(
                "code", flat=True
            )
        )
        for family in Family
    }
    assert found == {
        Family.QUALITY: {"lot_on_hold", "stands_in_quarantine"},
        Family.PERSON: {"permission_denied", "signature_wrong"},
        Family.OTHER: {"not_here"},
    }
    assert set(STOP_LABELS) <= set(near_misses.STOPPED) <= set(near_misses.WORDS)


def test_nothing_comes_to_nothing(db: None) -> None:
    found = all_counted()
    assert (found.total.attempts, found.by_reason, found.by_place) == (0, [], [])
    assert [step.since for step in found.over_time] == [timezone.localdate()]
    assert found.complete


def test_what_a_period_comes_to(plant: Plant) -> None:
    lots = [plant.lot(), plant.lot()]
    noon = timezone.now().replace(hour=12, minute=0)
    rule = UsageRule.objects.filter(rule_set=RuleSet.objects.in_force().get())[0]
    for back, code, lot, lane in (
        (0, "rule_denies", lots[0], plant.l1), (0, "rule_denies", lots[1], plant.l1),
        (1, "rule_denies", lots[0], plant.l2), (1, "not_here", lots[0], None),
        (4, "permission_denied", None, None),
    ):  # fmt: skip
        by_rule = {"rule": rule.pk, "rule_version": rule.rule_set_id}
        named = {"lot": lot, "location": lane} | (by_rule if code == "rule_denies" else {})
        attempt(plant, code, noon - timedelta(days=back), **named)
    found = all_counted(since=noon.date() - timedelta(days=5), until=noon.date())
    assert [(one.code, one.attempts, one.lots, one.people) for one in found.by_reason] == [
        ("rule_denies", 3, 2, 1), ("not_here", 1, 1, 1), ("permission_denied", 1, 0, 1),
    ]  # fmt: skip
    first = found.by_reason[0]
    assert (first.rule, first.rule_version) == (rule.pk, rule.rule_set_id)
    assert rule.note in first.rule_text
    assert first.rule_text.startswith(f"v{rule.rule_set_id} ")
    assert {one.location: (one.attempts, one.quality, one.other) for one in found.by_place} == {
        plant.l1: (2, 2, 0), plant.l2: (1, 1, 0), None: (2, 0, 1),
    }  # fmt: skip
    assert [one.attempts for one in found.over_time] == [0, 1, 0, 0, 2, 2]
    total = found.total
    assert (total.attempts, total.quality, total.person, total.other) == (5, 3, 1, 1)


@pytest.mark.parametrize(("days", "step"), [(0, "day"), (92, "day"), (93, "week"), (731, "month")])
def test_long_periods_go_by_longer_steps(plant: Plant, days: int, step: str) -> None:
    now = timezone.now()
    for back in {0, *range(3, days, 9), days}:
        attempt(plant, "not_here", now - timedelta(days=back))
    found = all_counted()
    starts = [one.since for one in found.over_time]
    assert found.step == step
    assert len(starts) <= 106
    assert starts == sorted(set(starts))
    assert found.total.attempts == RefusedAttempt.objects.count()
    expected: Counter[date] = Counter()
    for at in RefusedAttempt.objects.values_list("recorded_at", flat=True):
        expected[max(start for start in starts if start <= timezone.localdate(at))] += 1
    assert {one.since: one.attempts for one in found.over_time if one.attempts} == expected


def test_more_than_can_be_counted_is_said(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    for back in range(6):
        attempt(plant, "not_here", now - timedelta(days=back))
    monkeypatch.setattr(near_misses, "MOST_ROWS", 3)
    found = all_counted()
    assert (found.complete, found.total.attempts) == (False, 3)
    assert found.since == timezone.localdate(now - timedelta(days=3))


def test_counts_over_the_api(plant: Plant, api: Api) -> None:
    now = timezone.now()
    attempt(plant, "lot_on_hold", now, location=plant.l1)
    attempt(plant, "not_here", now - timedelta(days=5), location=plant.l2)
    attempt(plant, "lot_on_hold", now - timedelta(days=40), location=plant.l1)

    def counted(**query: str) -> Any:
        answer = api.read("refused-attempts/counts/", **query)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    usual = counted()
    assert (usual["total"]["attempts"], usual["step"], len(usual["over_time"])) == (2, "day", 30)
    assert usual["total"] == {"attempts": 2, "quality": 1, "person": 0, "other": 1}
    assert {row["location"] for row in usual["by_place"]} == {plant.l1.code, plant.l2.code}
    early = (now - timedelta(days=60)).isoformat()
    assert counted(recorded_from=early)["total"]["attempts"] == 3
    assert counted(recorded_from=early, family="other")["total"]["attempts"] == 1
    assert counted(within=plant.l1.code)["total"]["attempts"] == 1
    before = counted(recorded_before=(now - timedelta(days=30)).isoformat())
    assert (before["total"]["attempts"], before["since"]) == (
        1, (now - timedelta(days=40)).date().isoformat(),
    )  # fmt: skip
    assert api.read("refused-attempts/counts/", nonsense="1").status_code == 400
    assert api.read("refused-attempts/counts/", recorded_from="soon").status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [({"verb": "staging.stage"}, 2), ({"code": "lot_on_hold,not_here"}, 2),
     ({"code": "lot_on_hold"}, 1), ({"family": "quality"}, 1), ({"actor": "NOBODY"}, 0),
     ({"surface": "api"}, 2), ({"surface": "browser"}, 0), ({"demand": "PO-7"}, 1),
     ({"hold": "12"}, 1), ({"rule": "3"}, 0), ({"lot": "NONE"}, 0)],
)  # fmt: skip
def test_the_list_is_narrowed_down(
    plant: Plant, api: Api, query: dict[str, str], expected: int
) -> None:
    lot = plant.lot()
    attempt(plant, "lot_on_hold", plant.now, lot=lot, material=lot.material, hold=12)
    attempt(plant, "not_here", plant.now, demand="PO-7", location=plant.l1)
    assert len(api.read("refused-attempts/", **query).json()["results"]) == expected
    of_lot = api.read("refused-attempts/", lot=lot.code).json()["results"]
    assert [(row["lot"], row["material"], row["hold"]) for row in of_lot] == [
        (lot.code, lot.material.code, 12)
    ]


def test_counting_costs_the_same_however_much_there_is(plant: Plant, api: Api) -> None:
    rules = UsageRule.objects.filter(status=LotStatus.QUARANTINE)

    def cost() -> int:
        with CaptureQueriesContext(connection) as spent:
            assert api.read("refused-attempts/counts/").status_code == 200
        return len(spent)

    attempt(plant, "rule_denies", plant.now, rule=rules[0].pk, rule_version=1, location=plant.l1)
    for _warm in range(3):  # what is kept from one request to the next
        few = cost()
    for place in (plant.l2, plant.a1, plant.buf):
        attempt(plant, "lot_quarantine", plant.now, rule=rules[0].pk, location=place)
        attempt(plant, "not_here", plant.now, location=place)
    assert cost() == few <= 9


# --- the page -----------------------------------------------------------------------------------


def reader(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


def test_the_page_counts_draws_and_lists(plant: Plant) -> None:
    lot = plant.lot(number="NEAR-1")
    plant.hold(lot=lot, reason="Smells odd")
    line = staging.Staging(demand=plant.order((lot.material, 5)), lot=lot, lane=plant.l1)
    with pytest.raises(Refused):
        carry_out(REGISTRY["stage"], [line], by=plant.operator, at=plant.now)
    attempt(plant, "not_here", plant.now - timedelta(days=3), location=plant.l2)
    attempt(plant, "not_here", plant.now - timedelta(days=60))
    answer = reader("qa").get("/refused-attempts/")
    page, context = answer.content.decode(), answer.context
    assert (context["found"].total.attempts, len(context["entries"])) == (2, 2)
    assert page.count('<rect class="bar-quality') == page.count('<rect class="bar-other') == 1
    for words in ("Smells odd", lot.code, plant.l1.code, plant.l2.code, "On hold", "lot_on_hold"):
        assert words in page, words
    assert "style=" not in page
    since_ever = reader("qa").get("/refused-attempts/?since=").context
    assert since_ever["found"].total.attempts == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [("family=quality", 1), ("verb=staging.stage", 3), ("verb=staging.issue", 0),
     ("code=lane_full", 0),
     ("lot=near-1", 1), ("lot=NONE", 0), ("material=NONE", 0), ("place={l1}", 2), ("place=NONE", 0),
     ("surface=api", 3), ("surface=admin", 0), ("rule=7", 1), ("who={who}", 3),
     ("since={tomorrow}", 0), ("until={yesterday}", 0), ("since=nonsense", 0), ("rule=x", 0),
     ("rule=1e99", 0), ("verb=nonsense", 0)],
)  # fmt: skip
def test_the_page_is_narrowed_down(plant: Plant, query: str, expected: int) -> None:
    lot = plant.lot(number="NEAR-1")
    attempt(plant, "lot_on_hold", plant.now, lot=lot, material=lot.material, location=plant.l1)
    attempt(plant, "not_here", plant.now, location=plant.l1, rule=7)
    attempt(plant, "not_enough", plant.now)
    day = timezone.localdate()
    asked = query.format(
        l1=plant.l1.code, who=plant.operator.user.username, tomorrow=day + timedelta(days=1),
        yesterday=day - timedelta(days=1),
    )  # fmt: skip
    context = reader("auditor").get(f"/refused-attempts/?{asked}").context
    assert len(context["entries"]) == context["found"].total.attempts == expected


def test_every_table_is_a_file_too(plant: Plant) -> None:
    attempt(plant, "lot_on_hold", plant.now, location=plant.l1)
    client = reader("supervisor")

    def file(name: str) -> list[list[str]]:
        answer = client.get(f"/refused-attempts/?download=csv&table={name}")
        assert answer["Content-Type"].startswith("text/csv")
        return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]

    today = timezone.localdate().isoformat()
    assert file("days")[-1] == [today, "1", "1", "0", "0"]
    assert len(file("days")) == near_misses.USUAL_DAYS + 1
    assert file("places")[1][0] == plant.l1.code
    assert file("reasons")[1][1:6] == ["lot_on_hold", "", "", "", "1"]


def test_all_of_them_are_exported_and_the_export_is_recorded(plant: Plant) -> None:
    lot = plant.lot()
    attempt(plant, "lot_on_hold", plant.now, lot=lot, material=lot.material)
    auditor = reader("auditor")
    assert (
        'value="attempts" selected'
        in auditor.get("/audit/export/?records=attempts").content.decode()
    )
    answer = auditor.post("/audit/export/", {"records": "attempts", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert [(row["code"], row["lot"], row["base_unit"]) for row in rows] == [
        ("lot_on_hold", lot.code, "KGM")
    ]
    finished = AuditEntry.objects.get(action="audit.exported")
    assert (finished.facts["records"], finished.facts["rows"]) == ("attempts", 1)


def test_the_lot_leads_to_its_attempts(plant: Plant) -> None:
    lot = plant.lot()
    attempt(plant, "lot_on_hold", plant.now - timedelta(days=400), lot=lot)
    page = reader("qa").get(f"/lots/{lot.pk}/").content.decode()
    assert "1 refused attempt<" in page
    [path] = re.findall(r'href="(/refused-attempts/[^"]+)"', page.split('<main id="main"')[1])
    assert len(reader("qa").get(unescape(path)).context["entries"]) == 1
    operator = reader("operator").get(f"/lots/{lot.pk}/").content.decode()
    assert "/refused-attempts/" not in operator


def test_the_page_costs_the_same_however_many(plant: Plant) -> None:
    client = reader("auditor")
    rule = UsageRule.objects.order_by("pk")[0].pk

    def cost() -> int:
        client.get("/refused-attempts/")
        with CaptureQueriesContext(connection) as spent:
            assert client.get("/refused-attempts/").status_code == 200
        return len(spent)

    lot = plant.lot()
    attempt(plant, "rule_denies", plant.now, rule=rule, lot=lot, location=plant.l1)
    few = cost()
    for place in (plant.l2, plant.a1, plant.buf):
        other = plant.lot()
        attempt(plant, "rule_denies", plant.now, rule=rule, lot=other, location=place)
        attempt(plant, "not_here", plant.now, lot=other, material=other.material, location=place)
    assert cost() == few <= 16


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (99, 100)]
)
def test_the_scale_ends_on_a_round_number(most: int, top: int) -> None:
    assert plot.scale(most) == top


def test_bars_stand_on_each_other_up_to_the_scale() -> None:
    steps = [
        plot.Step("a", {"quality": 1, "person": 2, "other": 2}),
        plot.Step("b", {"quality": 0}),
    ]
    chart = plot.chart(steps)
    first, second = chart.bars
    assert [(part.kind, part.y, part.height) for part in first.parts] == [
        ("quality", 80, 20), ("person", 40, 40), ("other", 0, 40),
    ]  # fmt: skip
    assert (second.parts, second.x, chart.width) == ([], 11, 20)


# --- in the admin -------------------------------------------------------------------------------


def test_the_admin_lists_shows_and_leads_there_from_the_lot(plant: Plant) -> None:
    lot = plant.lot()
    hold = plant.hold(lot=lot)
    rule = UsageRule.objects.order_by("pk")[0]
    attempt(plant, "lot_on_hold", plant.now, lot=lot, material=lot.material, hold=hold.pk)
    other = attempt(plant, "rule_denies", plant.now, rule=rule.pk, asked={"lane": "<b>L1</b>"})
    client = Client()
    client.force_login(UserFactory(role="qa", is_staff=True))
    address = reverse("admin:inventory_refusedattempt_changelist")

    def found(**query: Any) -> list[str]:
        return [row.code for row in client.get(address, query).context["cl"].result_list]

    assert found() == ["rule_denies", "lot_on_hold"]
    assert found(family="other") == found(verb="staging.issue") == found(q="NONE") == []
    assert found(q=lot.code) == found(q="lot_on_hold") == ["lot_on_hold"]
    page = client.get(reverse("admin:inventory_lot_change", args=[lot.pk])).content.decode()
    assert f"{address}?lot__id__exact={lot.pk}" in page
    assert found(lot__id__exact=lot.pk) == ["lot_on_hold"]
    shown = client.get(reverse("admin:inventory_refusedattempt_change", args=[other.pk]))
    assert rule.note in shown.content.decode()
    assert "<b>L1" not in shown.content.decode()
