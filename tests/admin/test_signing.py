"""The signature page: what is shown, what is asked, what is refused, what is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inventory.audit import Actor
from inventory.models import AuditEntry, Lot, Surface
from inventory.verbs import REGISTRY
from quality.actions import Result, record_inspection
from quality.admin.lots import LotDesk
from quality.models import Decision, InspectionKind
from tests.admin.conftest import SignIn, act, list_of, page_of
from tests.plant import Plant

SIGNED = {
    "meaning": "approval", "reason": "Conforms", "signer": "quentin", "password": "secret",
    "key": "k1",
}  # fmt: skip


@pytest.fixture
def qa(enter: SignIn) -> Client:
    client = enter("qa")
    client.user.username = "quentin"  # type: ignore[attr-defined]
    client.user.save()  # type: ignore[attr-defined]
    return client


def inspect(lot: Lot, by: Any, *, passed: bool = True) -> None:
    line = Result(lot=lot, characteristic="Identity", value="conforms", passed=passed,
                  kind=InspectionKind.RECEIPT)  # fmt: skip
    record_inspection(lines=[line], by=by, at=timezone.now())


def status(*lots: Lot) -> list[str]:
    return [Lot.objects.get(pk=lot.pk).status for lot in lots]


def test_a_list_action_leads_to_the_page_with_the_chosen_lots(qa: Client, plant: Plant) -> None:
    lots = [plant.lot(released=False), plant.lot(released=False)]
    chosen = {"action": "release", "_selected_action": [lot.pk for lot in lots], "index": 0}
    response = qa.post(f"{list_of(Lot)}?work=awaiting", chosen)
    assert response.status_code == 302
    page = qa.get(response["Location"])
    for lot in lots:
        assert lot.code in page.content.decode()
    done = qa.post(response["Location"], SIGNED)
    assert done["Location"] == f"{list_of(Lot)}?work=awaiting"
    assert status(*lots) == ["released", "released"]


def test_the_page_shows_the_facts_and_who_signs(qa: Client, plant: Plant) -> None:
    lot = plant.lot(2500, released=False, expires_in=30)
    inspect(lot, plant.lab)
    hold = plant.hold(lot=lot, reason="Torn bag")
    text = qa.get(act(Lot, "release", lot)).content.decode()
    facts = [lot.code, "Quarantine", str(lot.expires_on), "Passed", str(hold), "Torn bag"]
    for fact in [*facts, "2500 KGM", qa.user.username]:  # type: ignore[attr-defined]
        assert fact in text


def test_a_signature_is_kept_with_name_meaning_reason_and_surface(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    qa.user.first_name, qa.user.last_name = "Quentin", "Quality"  # type: ignore[attr-defined]
    qa.user.save()  # type: ignore[attr-defined]
    assert qa.post(act(Lot, "release", lot), SIGNED).status_code == 302
    decision = Decision.objects.get(lot=lot)
    assert (decision.signed_by, decision.meaning) == ("Quentin Quality", "approval")
    assert (decision.reason, decision.surface) == ("Conforms", "admin")
    page = qa.get(page_of(lot)).content.decode()
    for fact in ("Quentin Quality", "Approval", "Conforms", "UTC"):
        assert fact in page


def test_a_wrong_password_decides_nothing_is_recorded_and_keeps_the_rest(
    qa: Client, plant: Plant
) -> None:
    lot = plant.lot(released=False)
    response = qa.post(act(Lot, "release", lot), SIGNED | {"password": "guessed-it"})
    text = response.content.decode()
    assert response.status_code == 409
    assert "That is not your password." in text
    assert "Conforms" in text
    assert "guessed-it" not in text
    assert status(lot) == ["quarantine"]
    entry = AuditEntry.objects.get(action="refused")
    assert entry.facts["code"] == "signature_wrong"
    assert entry.actor == qa.user  # type: ignore[attr-defined]
    assert "guessed-it" not in str(entry.facts)


def test_an_administrator_does_not_sign(enter: SignIn, plant: Plant) -> None:
    lot = plant.lot(released=False)
    admin = enter("admin")
    signed = SIGNED | {"signer": admin.user.username}  # type: ignore[attr-defined]
    response = admin.post(act(Lot, "release", lot), signed)
    assert response.status_code == 409
    assert AuditEntry.objects.get(action="refused").facts["code"] == "signer_cannot_sign"
    assert status(lot) == ["quarantine"]


def test_nobody_signs_in_the_name_of_another(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    other = plant.lab.user.username
    response = qa.post(act(Lot, "release", lot), SIGNED | {"signer": other})
    assert response.status_code == 409
    assert "signer" in response.context["form"].errors
    assert AuditEntry.objects.get(action="refused").facts["code"] == "wrong_signer"
    assert status(lot) == ["quarantine"]


def test_a_lot_that_has_changed_since_the_page_was_shown_is_not_signed(
    qa: Client, plant: Plant
) -> None:
    lot, other = plant.lot(released=False), plant.lot(released=False)
    url = act(Lot, "release", lot, other)
    page = qa.get(url)
    seen = {f"seen-{pk}": version for pk, version in page.context["versions"].items()}
    assert len(seen) == 2
    plant.hold(lot=lot)
    response = qa.post(url, SIGNED | seen)
    assert response.status_code == 409
    assert "has changed since you saw it: the open holds" in response.content.decode()
    assert AuditEntry.objects.get(action="refused").facts["code"] == "lot_changed"
    assert status(lot, other) == ["quarantine"] * 2
    seen = {f"seen-{pk}": version for pk, version in response.context["versions"].items()}
    assert qa.post(url, SIGNED | seen).status_code == 302


def test_who_recorded_the_results_may_not_sign(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    inspect(lot, Actor(qa.user, Surface.ADMIN))  # type: ignore[attr-defined]
    response = qa.post(act(Lot, "release", lot), SIGNED)
    assert response.status_code == 409
    assert f"You recorded the results of {lot}." in response.content.decode()
    assert AuditEntry.objects.get(action="refused").facts["code"] == "signer_recorded_result"


def test_many_lots_are_decided_all_or_none_and_each_says_why(qa: Client, plant: Plant) -> None:
    good = plant.lot(released=False)
    expired = plant.lot(released=False, expires_in=-1)
    failed = plant.lot(released=False)
    inspect(failed, plant.lab, passed=False)
    url = act(Lot, "release", good, expired, failed)
    response = qa.post(url, SIGNED)
    text = response.content.decode()
    assert response.status_code == 409
    assert f"{expired} expired on" in text
    assert f"The last inspection of {failed} did not pass." in text
    assert "Inspect it again, restrict it, or reject it." in text
    assert status(good, expired, failed) == ["quarantine"] * 3
    assert not Decision.objects.exists()
    assert qa.post(act(Lot, "release", good), SIGNED).status_code == 302


def test_the_same_signature_sent_twice_decides_once(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    for _time in range(2):
        assert qa.post(act(Lot, "release", lot), SIGNED).status_code == 302
    assert Decision.objects.count() == 1


def test_it_says_what_was_done_and_what_waits(qa: Client, plant: Plant) -> None:
    guarded = plant.lot(released=False, material=plant.material(second_signer=True))
    plain = [plant.lot(released=False) for _lot in range(2)]
    response = qa.post(act(Lot, "release", guarded, *plain), SIGNED, follow=True)
    told = [str(message) for message in response.context["messages"]]
    assert told == ["Released. 2 rows.", f"{guarded} waits for the second signature."]


def test_a_restriction_names_demands_and_an_end(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    until = timezone.localdate() + timedelta(days=3)
    extra = {"references": "GRA-1, GRA-2", "until": until.isoformat()}
    assert qa.post(act(Lot, "restrict", lot), SIGNED | extra).status_code == 302
    decision = Decision.objects.get(lot=lot)
    assert (decision.references, decision.until) == (["GRA-1", "GRA-2"], until)


def test_a_date_that_has_passed_is_refused_beside_its_field(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    extra = {"references": "GRA-1", "until": "2020-01-01"}
    response = qa.post(act(Lot, "restrict", lot), SIGNED | extra)
    assert response.status_code == 409
    assert "until" in response.context["form"].errors


def test_a_retested_lot_gets_its_next_date(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    Lot.objects.filter(pk=lot.pk).update(retest_on=timezone.localdate() - timedelta(days=1))
    assert qa.post(act(Lot, "release", lot), SIGNED).status_code == 409
    soon = timezone.localdate() + timedelta(days=90)
    extra = {"retest_on": soon.isoformat(), "key": "k2"}
    assert qa.post(act(Lot, "release", lot), SIGNED | extra).status_code == 302
    assert Lot.objects.get(pk=lot.pk).retest_on == soon


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [("reject", False, "rejected"), ("reopen", True, "quarantine")],
)
def test_other_decisions(qa: Client, plant: Plant, verb: str, before: bool, after: str) -> None:
    lot = plant.lot(released=before)
    assert qa.post(act(Lot, verb, lot), SIGNED).status_code == 302
    assert status(lot) == [after]


def test_a_lot_on_hand_is_not_closed(qa: Client, plant: Plant) -> None:
    lot = plant.lot()
    response = qa.post(act(Lot, "close_lot", lot), SIGNED)
    assert response.status_code == 409
    assert "is still on hand" in response.content.decode()


@pytest.mark.parametrize("missing", ["meaning", "reason", "signer", "password"])
def test_nothing_of_a_signature_may_be_missing(qa: Client, plant: Plant, missing: str) -> None:
    lot = plant.lot(released=False)
    response = qa.post(act(Lot, "release", lot), SIGNED | {missing: ""})
    assert missing in response.context["form"].errors
    assert status(lot) == ["quarantine"]


def test_a_lots_page_offers_what_its_status_leaves_open(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    text = qa.get(page_of(lot)).content.decode()
    assert "act/release/" in text
    assert "act/reopen/" not in text


def test_the_page_asks_for_every_field_of_the_verbs_line(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    for offered in LotDesk.acts:
        form = qa.get(act(Lot, offered.verb, lot)).context["form"]
        asked = {declared.name for declared in REGISTRY[offered.verb].fields}
        asked -= {offered.sees, offered.target, *offered.targets}
        assert set(form.fields) - {"key"} == asked


@pytest.mark.parametrize("ids", ["", "0", "x", "999999"])
def test_a_page_without_lots_does_not_exist(qa: Client, plant: Plant, ids: str) -> None:
    assert qa.get(f"{list_of(Lot, 'act_release')}?ids={ids}").status_code == 404


def test_the_way_back_stays_in_the_house(qa: Client, plant: Plant) -> None:
    lot = plant.lot(released=False)
    response = qa.post(f"{act(Lot, 'release', lot)}&next=https://evil.example/", SIGNED)
    assert response["Location"] == page_of(lot)


def test_one_goes_on_with_the_lots_that_were_not_refused(qa: Client, plant: Plant) -> None:
    good, expired = plant.lot(released=False), plant.lot(released=False, expires_in=-1)
    page = qa.post(act(Lot, "release", good, expired), SIGNED)
    assert page.status_code == 409
    assert f'href="?ids={good.pk}&amp;' in page.content.decode()
    assert status(good, expired) == ["quarantine", "quarantine"]


def test_a_number_no_row_can_have_is_not_found(qa: Client, plant: Plant) -> None:
    assert qa.get(f"{act(Lot, 'release', plant.lot())}9{'9' * 30}").status_code == 404
