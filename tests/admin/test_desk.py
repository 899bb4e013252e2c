"""QA's desk: worklist, list of lots, the lot's page, holds, inspections."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from inventory.errors import Refused
from inventory.models import Location, Lot, Material, RefusedAttempt
from inventory.verbs import REGISTRY, carry_out
from quality import actions as quality
from quality.models import Hold, Inspection, Meaning, RestrictedUse
from staging.actions import Need, NewDemand, create_demand
from staging.models import DemandKind
from tests.admin.conftest import SignIn, act, list_of, page_of
from tests.plans import in_force
from tests.plant import Plant

LIST_QUERIES = 16
"""Session, user, two of permissions, count, rows, and the facts: balances, holds, inspections with
results, what is due, proposals; demands, rules, held places, what is usable. No more for a thousand
lots."""
INDEX_QUERIES = 42
"""The worklist: two for each kind of work, and the lots whose release is waited for most."""


@pytest.fixture
def qa(enter: SignIn) -> Client:
    return enter("qa")


def listed(client: Client, query: str) -> set[str]:
    rows = client.get(f"{list_of(Lot)}?{query}").context["cl"].result_list
    return {lot.code for lot in rows}


def listed_in_order(client: Client, query: str) -> list[Any]:
    return list(client.get(f"{list_of(Lot)}?{query}").context["cl"].result_list)


def test_the_worklist_counts_what_waits_and_leads_there(qa: Client, plant: Plant) -> None:
    waiting = plant.lot(released=False)
    due = plant.lot()
    Lot.objects.filter(pk=due.pk).update(retest_on=timezone.localdate() + timedelta(days=10))
    plant.hold(lot=plant.lot())
    worklist = qa.get(reverse("admin:index")).context["worklist"]
    duties = {str(duty.label): duty for duty in worklist}
    counts = {"Lots awaiting release": 1, "Inspections due": 0, "Open holds": 1,
              "Retests due within 30 days": 1, "Open alerts": 0}  # fmt: skip
    assert {label: duties[label].waiting for label in counts} == counts
    assert waiting.code in qa.get(duties["Lots awaiting release"].url).content.decode()
    assert due.code in qa.get(duties["Retests due within 30 days"].url).content.decode()
    assert qa.get(duties["Inspections due"].url).status_code == 200


def test_every_kind_of_work_is_counted_oldest_first(qa: Client, plant: Plant) -> None:
    """What waits longest stands first behind its tile, and the tile says since when."""
    soon = timezone.localdate() + timedelta(days=5)
    material = plant.material()
    in_force(plant, material)
    due = plant.lot(released=False, material=material)
    failed = plant.lot(released=False)
    line = quality.Result(lot=failed, characteristic="Smell", value="foul", passed=False)
    plant.do(quality.record_inspection, line, by=plant.lab)
    restricted = plant.lot()
    Lot.objects.filter(pk=restricted.pk).update(status="restricted")
    RestrictedUse.objects.create(lot=restricted, reference="PO-1", until=soon)
    guarded = plant.material(second_signer=True)
    proposed = plant.lot(released=False, material=guarded)
    plant.release(proposed)
    first, second = plant.hold(lot=plant.lot()), plant.hold(location=plant.a2)
    duties = {str(duty.label): duty for duty in qa.get(reverse("admin:index")).context["worklist"]}
    counts = {label: duty.waiting for label, duty in duties.items()}
    assert counts == {
        "Lots awaiting release": 3, "Inspections due": 1, "Failures to be decided on": 1,
        "Awaiting a second signature": 1, "Open holds": 2, "Retests due within 30 days": 0,
        "Restrictions ending within 30 days": 1, "Open alerts": 0,
        "Failed signings within 7 days": 0,
    }  # fmt: skip
    assert duties["Restrictions ending within 30 days"].first == soon
    assert duties["Retests due within 30 days"].first is None
    for label, row in {
        "Inspections due": due, "Failures to be decided on": failed,
        "Awaiting a second signature": proposed, "Restrictions ending within 30 days": restricted,
    }.items():  # fmt: skip
        assert row.code in qa.get(duties[label].url).content.decode(), label
    holds = qa.get(duties["Open holds"].url).context["cl"].result_list
    assert list(holds) == [first, second]


def test_failed_signings_and_locked_accounts_are_told(
    qa: Client, enter: SignIn, plant: Plant, settings: Any
) -> None:
    settings.LOCKOUT_FAILURES = 2
    lot = plant.lot(released=False)
    guess = quality.Rejection(lot=lot, meaning=Meaning.APPROVAL, reason="bad", password="guess")
    for _time in range(2):
        with pytest.raises(Refused):
            carry_out(REGISTRY["reject"], [guess], by=plant.qa, at=plant.now)

    def told(client: Client) -> dict[str, Any]:
        duties = client.get(reverse("admin:index")).context["worklist"]
        return {str(duty.label): duty for duty in duties}

    failed = told(qa)["Failed signings within 7 days"]
    assert failed.waiting == 2
    assert list(qa.get(failed.url).context["cl"].result_list) == list(
        RefusedAttempt.objects.order_by("-pk")
    )
    assert "Locked accounts" not in told(qa)
    for role in ("auditor", "admin"):
        client = enter(role)
        locked = told(client)["Locked accounts"]
        assert locked.waiting == 1
        assert list(client.get(locked.url).context["cl"].result_list) == [plant.qa.user]
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert not told(enter("qa"))["Failed signings within 7 days"].waiting


def test_who_is_waited_for_stands_first(qa: Client, plant: Plant) -> None:
    """A demand waits for a lot when nothing usable is left to serve it; then the oldest counts."""
    served, short, soonest, nobody = (plant.material() for _n in range(4))
    old = plant.lot(released=False, material=nobody)
    enough = plant.lot(released=False, material=served)
    plant.lot(10, material=served)
    plant.order((served, 10), needed_at=plant.now + timedelta(hours=1))
    later = plant.lot(released=False, material=short)
    plant.lot(10, material=short)
    plant.order((short, 6), needed_at=plant.now + timedelta(hours=2))
    late = plant.order((short, 6), needed_at=plant.now + timedelta(hours=9))
    first = plant.lot(released=False, material=soonest)
    early = plant.order((soonest, 1), needed_at=plant.now + timedelta(hours=3))
    rows = listed_in_order(qa, "work=awaiting")
    assert [lot.code for lot in rows] == [first.code, later.code, old.code, enough.code]
    assert [lot.wanted and lot.wanted.demand for lot in rows] == [early, late, None, None]
    latest = [lot for lot in listed_in_order(qa, "work=awaiting&o=-4") if lot.wanted]
    assert latest == [later, first]
    page = qa.get(reverse("admin:index"))
    assert [lot.pk for lot in page.context["urgent"]] == [lot.pk for lot in rows]
    sign = qa.get(page.context["release_url"])
    assert "Nothing else serves it" in sign.content.decode()
    assert len(sign.context["rows"]) == 4


def test_a_line_that_names_its_lot_waits_for_that_lot_alone(qa: Client, plant: Plant) -> None:
    material = plant.material()
    named, other = (plant.lot(released=False, material=material) for _n in range(2))
    plant.lot(100, material=material)
    need = Need(material=material, quantity=Decimal(1), lot=named)
    line = NewDemand(
        reference="VERY-1", kind=DemandKind.PRODUCTION, site=plant.site, needed_at=plant.now,
        work_center=plant.wc, requirements=(need,),
    )  # fmt: skip
    plant.do(create_demand, line)
    rows = listed_in_order(qa, "work=awaiting")
    assert [lot.code for lot in rows] == [named.code, other.code]
    assert [lot.wanted is not None for lot in rows] == [True, False]


def test_what_stands_before_a_release_is_not_offered_for_it(qa: Client, plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material)
    plant.lot(released=False, material=material)
    held, ready = plant.lot(released=False), plant.lot(released=False)
    plant.hold(lot=held)
    page = qa.get(reverse("admin:index"))
    assert "Results awaited" in page.content.decode()
    assert f"?ids={ready.pk}&" in page.context["release_url"]


def test_who_may_not_release_is_offered_none(enter: SignIn, plant: Plant) -> None:
    plant.lot(released=False)
    context = enter("auditor").get(reverse("admin:index")).context
    assert len(context["urgent"]) == 1
    assert not context["release_url"]


def test_the_worklist_costs_the_same_for_one_as_for_many(
    qa: Client, plant: Plant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _n in range(12):
        lot = plant.lot(released=False)
        plant.order((lot.material, 5))
        plant.hold(lot=plant.lot())
    with django_assert_max_num_queries(INDEX_QUERIES):
        response = qa.get(reverse("admin:index"))
    assert len(response.context["urgent"]) == 10
    with django_assert_max_num_queries(LIST_QUERIES + 5):
        assert len(listed_in_order(qa, "work=awaiting")) == 12


def test_the_index_begins_with_quality(qa: Client) -> None:
    sections = qa.get(reverse("admin:index")).context["app_list"]
    assert sections[0]["app_label"] == "quality"


def test_filters_find_the_lots_that_need_qa(qa: Client, plant: Plant) -> None:
    today = timezone.localdate()
    waiting, fine = plant.lot(released=False), plant.lot()
    expired = plant.lot(released=False, expires_in=-1)
    due = plant.lot()
    Lot.objects.filter(pk=due.pk).update(retest_on=today - timedelta(days=1))
    held, in_held_place, of_held_material = plant.lot(), plant.lot(at=plant.a2), plant.lot()
    plant.hold(lot=held)
    plant.hold(location=plant.a2)
    plant.hold(material=of_held_material.material)
    assert listed(qa, "work=awaiting") == {waiting.code, expired.code}
    held_codes = {held.code, in_held_place.code, of_held_material.code}
    assert listed(qa, "work=hold") == held_codes
    assert listed(qa, "work=expired") == {expired.code}
    assert listed(qa, "work=retest") == {due.code}
    assert listed(qa, f"material={fine.material.code.lower()}") == {fine.code}
    assert listed(qa, f"q={fine.number}") >= {fine.code}


def test_the_list_costs_the_same_for_one_lot_as_for_many(
    qa: Client, plant: Plant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        lot = plant.lot(released=False, at=plant.a2 if number % 2 else plant.a1)
        plant.order((lot.material, 5))
        plant.hold(lot=lot)
    with django_assert_max_num_queries(LIST_QUERIES):
        response = qa.get(list_of(Lot))
    assert len(response.context["cl"].result_list) == 12


def test_the_list_says_which_demands_wait(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    demand = plant.order((lot.material, 5))
    plant.shipment((lot.material, 5))
    assert f"2: {demand}" in qa.get(list_of(Lot)).content.decode()


def test_a_lots_page_shows_limits_movements_and_what_would_be_blocked(
    qa: Client, plant: Plant
) -> None:
    lot = plant.lot(10)
    demand = plant.order((lot.material, 5))
    plant.stage(demand, lot, quantity=5)
    page = qa.get(page_of(lot)).content.decode()
    assert "Yes: a hold would block it" in page
    for fact in ("Receive", "Stage", demand.reference, plant.l1.code):
        assert fact in page
    plant.hold(lot=lot, reason="Odd smell")
    page = qa.get(page_of(lot)).content.decode()
    assert "Blocked" in page
    assert "Odd smell" in page


def test_a_hold_from_the_list_is_placed_and_lifted_with_a_reason(qa: Client, plant: Plant) -> None:
    lots = [plant.lot(), plant.lot()]
    url = act(Lot, "place_hold", *lots)
    assert "reason" in qa.post(url, {"reason": "", "key": "k"}).context["form"].errors
    assert qa.post(url, {"reason": "Torn", "key": "k"}).status_code == 302
    holds = list(Hold.objects.open().order_by("pk"))
    assert {hold.target for hold in holds} == set(lots)
    lift = act(Hold, "lift_hold", *holds)
    signed = {"meaning": "review", "reason": "Harmless", "password": "secret"}
    signed["signer"] = qa.user.username  # type: ignore[attr-defined]
    assert qa.post(lift, signed | {"key": "l"}).status_code == 302
    assert not Hold.objects.open().exists()
    again = qa.post(lift, signed | {"key": "m"})
    assert again.status_code == 409
    assert "has been lifted already" in again.content.decode()


def test_places_and_materials_are_held_from_their_lists(qa: Client, plant: Plant) -> None:
    for row in (plant.a1, plant.material()):
        url = act(type(row), "place_hold", row)
        assert qa.post(url, {"reason": "Leak", "key": str(row.pk)}).status_code == 302
    targets = [hold.target for hold in Hold.objects.order_by("pk")]
    assert [type(target) for target in targets] == [Location, Material]


class TestInspection:
    @pytest.fixture
    def lot(self, plant: Plant) -> Lot:
        return plant.lot(released=False)

    def url(self, lot: Lot) -> str:
        return f"{reverse('admin:inventory_lot_inspect')}?ids={lot.pk}"

    def entered(self, *rows: dict[str, str]) -> dict[str, str]:
        data = {"key": "k", "kind": "receipt"}
        data |= {"rows-TOTAL_FORMS": str(len(rows)), "rows-INITIAL_FORMS": "0"}
        for number, row in enumerate(rows):
            data |= {f"rows-{number}-{name}": value for name, value in row.items()}
        return data

    def test_rows_make_one_inspection_and_empty_rows_none(self, qa: Client, lot: Lot) -> None:
        data = self.entered(
            {"characteristic": "pH", "value": "6.9", "lower": "6.5", "upper": "7.5"},
            {"characteristic": "Smell", "value": "fresh", "passed": "on"},
            {"characteristic": "Never examined", "passed": "on"},
            {"passed": "on"},
        )
        assert qa.post(self.url(lot), data).status_code == 302
        inspection = Inspection.objects.get()
        assert inspection.passed
        names = [result.characteristic for result in inspection.results.all()]
        assert names == ["pH", "Smell"]

    def test_numbers_are_held_against_the_limits(self, qa: Client, lot: Lot) -> None:
        data = self.entered({"characteristic": "pH", "value": "9", "upper": "7.5", "passed": "on"})
        qa.post(self.url(lot), data)
        assert not Inspection.objects.get().passed
        assert "Failed" in qa.get(page_of(lot)).content.decode()

    def test_a_refusal_stands_in_its_row(self, qa: Client, lot: Lot) -> None:
        good = {"characteristic": "Smell", "value": "fresh", "passed": "on"}
        bad = {"characteristic": "pH", "value": "acid", "upper": "7.5"}
        response = qa.post(self.url(lot), self.entered(good, bad))
        assert response.status_code == 409
        assert "value" in response.context["results"].forms[1].errors
        assert not Inspection.objects.exists()

    def test_nothing_entered_is_said(self, qa: Client, lot: Lot) -> None:
        response = qa.post(self.url(lot), self.entered({"passed": "on"}))
        assert "Enter at least one result." in response.content.decode()

    def test_the_next_inspection_starts_from_the_last(self, qa: Client, lot: Lot) -> None:
        data = self.entered({"characteristic": "pH", "value": "7", "lower": "6.5", "unit": "pH"})
        qa.post(self.url(lot), data)
        first = qa.get(self.url(lot)).context["results"].forms[0]
        assert first["characteristic"].value() == "pH"
        assert Decimal(first["lower"].value()) == Decimal("6.5")
        assert first["value"].value() is None

    def test_the_page_asks_for_every_field_of_the_line(self, qa: Client, lot: Lot) -> None:
        context = qa.get(self.url(lot)).context
        asked = set(context["form"].fields) | set(context["results"].empty_form.fields)
        line = {declared.name for declared in REGISTRY["record_inspection"].fields}
        assert asked - {"key"} == line - {"lot", "sample", "override"}  # a plan asks for those

    def test_that_something_passed_is_never_assumed(self, qa: Client, lot: Lot) -> None:
        fresh = qa.get(self.url(lot)).context["results"].forms[0]
        assert not fresh["passed"].value()


def test_the_history_of_a_hold_stands_with_what_it_stops(qa: Client, plant: Plant) -> None:
    lot = plant.lot()
    hold = plant.hold(lot=lot)
    text = qa.get(page_of(hold, "history"), follow=True).content.decode()
    assert "Placed a hold" in text
    assert lot.code in text
