"""Electronic signatures: who may, what they are bound to, and what comes of wrong ones."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.utils import timezone

from inventory import accounts, totp
from inventory import actions as stock
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Account, AuditEntry, Lot, Surface
from inventory.verbs import REGISTRY, carry_out
from quality import actions as quality
from quality.models import Decision, Ending, Meaning, Proposal, Signature
from quality.records import verify, with_signings
from quality.seen import look_at, version_of
from tests.core.refusal import refused
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

SIGNED: dict[str, Any] = {"meaning": Meaning.APPROVAL, "reason": "fine", "password": "secret"}


def release(lot: Lot, **changes: Any) -> quality.Release:
    return quality.Release(lot=lot, **(SIGNED | changes))


def second(proposal: Proposal, **changes: Any) -> quality.Countersignature:
    return quality.Countersignature(proposal=proposal, **(SIGNED | changes))


def status(lot: Lot) -> str:
    return Lot.objects.get(pk=lot.pk).status


def account_of(user: User) -> Any:
    return Account.objects.filter(user=user)


def attempt(plant: Plant, *lines: Any, verb: str = "release", **options: Any) -> Any:
    """As a surface does it."""
    return carry_out(REGISTRY[verb], lines, by=plant.qa, at=timezone.now(), **options)


def guess(plant: Plant, lot: Lot) -> None:
    with refused("signature_wrong"):
        attempt(plant, release(lot, password="guess"))


# --- who may sign -----------------------------------------------------------------------------


def no_password(user: User) -> None:
    user.set_unusable_password()


def administrator(user: User) -> None:
    user.is_superuser = True


@pytest.mark.parametrize("unfit", [no_password, administrator])
def test_programs_and_administrators_do_not_sign(plant: Plant, unfit: Any) -> None:
    lot = plant.lot(released=False)
    unfit(plant.qa.user)
    with refused("signer_cannot_sign"):
        plant.do(quality.release, release(lot), by=plant.qa)
    assert status(lot) == "quarantine"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"is_service": True}, "signer_cannot_sign"),
        ({"acknowledged_at": None}, "acknowledgement_needed"),
        ({"password_change_due": True}, "password_change_due"),
        ({"locked_at": datetime(2999, 1, 1, tzinfo=UTC)}, "signer_locked"),
    ],
)
def test_an_account_must_be_fit_to_sign(plant: Plant, state: Any, code: str) -> None:
    lot = plant.lot(released=False)
    account_of(plant.qa.user).update(**state)
    with refused(code):
        plant.do(quality.release, release(lot), by=plant.qa)
    assert status(lot) == "quarantine"


def test_a_second_factor_can_be_demanded(plant: Plant, settings: Any) -> None:
    settings.SIGNING_NEEDS_SECOND_FACTOR = True
    with refused("second_factor_needed"):
        plant.release(plant.lot(released=False))


def test_that_the_history_was_reviewed_is_signed_for(plant: Plant) -> None:
    """By whom a lot may be used; of others nobody asks."""
    plain, guarded = plant.lot(released=False), two_people(plant)
    plant.do(quality.release, release(plain, reviewed=True), by=plant.qa)
    plant.do(quality.reject, quality.Rejection(lot=plain, **SIGNED), by=plant.qa)
    plant.do(quality.countersign, second(proposed(plant, guarded), reviewed=True), by=plant.qa)
    made = Signature.objects.order_by("pk")
    assert [row.reviewed for row in made] == [True, None, False, True]
    assert [json.loads(row.content)["signer"].get("reviewed") for row in made] == [
        True, None, False, True,
    ]  # fmt: skip
    assert not [found for row in made for found in verify(row)]
    for row, claimed in zip(made, (False, True, True, None), strict=True):
        row.reviewed = claimed
        assert verify(row) == ["signer"]


def test_a_review_can_be_demanded(plant: Plant, settings: Any) -> None:
    guarded, lot = two_people(plant), plant.lot(released=False)
    proposal = proposed(plant, guarded)
    settings.SIGNING_NEEDS_REVIEW = True
    with refused("review_needed"):
        plant.release(lot)
    with refused("review_needed"):
        plant.do(quality.restrict, quality.Restriction(lot=lot, references=("D",), **SIGNED),
                 by=plant.qa)  # fmt: skip
    with refused("review_needed"):
        plant.do(quality.countersign, second(proposal), by=plant.qa)
    assert status(lot) == status(guarded) == "quarantine"
    plant.do(quality.release, release(lot, reviewed=True), by=plant.qa)
    plant.do(quality.countersign, second(proposal, reviewed=True), by=plant.qa)
    plant.do(quality.reject, quality.Rejection(lot=lot, **SIGNED), by=plant.qa)
    assert (status(lot), status(guarded)) == ("rejected", "released")


def test_the_user_name_is_the_signers_own(plant: Plant) -> None:
    lot = plant.lot(released=False)
    with refused("wrong_signer"):
        plant.do(quality.release, release(lot, signer=plant.lab.user.username), by=plant.qa)
    plant.do(quality.release, release(lot, signer=plant.qa.user.username), by=plant.qa)
    assert status(lot) == "released"


# --- wrong ones ---------------------------------------------------------------------------------


def test_failed_signings_are_kept_counted_and_lock_the_account(plant: Plant, settings: Any) -> None:
    settings.LOCKOUT_FAILURES, settings.LOCKOUT_MINUTES = 3, 0
    lot = plant.lot(released=False)
    for _time in range(3):
        guess(plant, lot)
    with refused("signer_locked"):
        attempt(plant, release(lot))
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions.count("refused") == 4
    assert actions.count("people.lock") == 1
    assert status(lot) == "quarantine"
    account_of(plant.qa.user).update(locked_at=timezone.now() - timedelta(days=400))
    with refused("signer_locked"):
        attempt(plant, release(lot))  # nobody but an administrator unlocks it
    admin = Actor(UserFactory(is_superuser=True), Surface.ADMIN)
    accounts.unlock(plant.qa.user, reason="asked by phone", by=admin, at=timezone.now())
    attempt(plant, release(lot))
    assert status(lot) == "released"
    assert AuditEntry.objects.get(action="people.unlock").reason == "asked by phone"


def test_time_unlocks_an_account_where_it_may(plant: Plant, settings: Any) -> None:
    settings.LOCKOUT_FAILURES, settings.LOCKOUT_MINUTES = 1, 15
    lot = plant.lot(released=False)
    guess(plant, lot)
    with refused("signer_locked"):
        attempt(plant, release(lot))
    account_of(plant.qa.user).update(locked_at=timezone.now() - timedelta(minutes=16))
    attempt(plant, release(lot))
    assert account_of(plant.qa.user).get().failures == 0


@pytest.mark.parametrize("partial", [False, True])
def test_a_request_is_one_guess(plant: Plant, partial: bool) -> None:
    lots = [plant.lot(released=False) for _lot in range(3)]
    lines = [release(lot, password=f"guess{n}") for n, lot in enumerate(lots)]
    lines[2] = release(lots[2])
    try:
        answer, _replayed = attempt(plant, *lines, partial=partial)
        codes = {error["code"] for result in answer["results"] for error in result["errors"]}
    except Refused as refusal:
        codes = {str(refusal.code)}
    assert codes == {"signatures_differ"}
    assert {status(lot) for lot in lots} == {"quarantine"}


def test_many_lines_count_as_one_failure(plant: Plant) -> None:
    lots = [plant.lot(released=False) for _lot in range(7)]
    attempt(plant, *(release(lot, password="guess") for lot in lots), partial=True)
    assert account_of(plant.qa.user).get().failures == 1


# --- what it is bound to ------------------------------------------------------------------------


@pytest.fixture
def signature(plant: Plant) -> Signature:
    plant.release(plant.lot(released=False))
    return Signature.objects.get()


def test_a_signature_says_who_when_what_and_why(plant: Plant, signature: Signature) -> None:
    user = plant.qa.user
    decision = Decision.objects.get()
    assert signature.decision == decision
    assert (signature.username, signature.printed_name) == (user.username, user.username)
    assert (signature.role, signature.method, signature.zone) == ("qa", "password", "UTC")
    assert (signature.meaning, signature.reason) == ("approval", "fine")
    content = json.loads(signature.content)
    assert content["record"]["to"] == "released"
    assert content["seen"]["status"] == "quarantine"
    assert content["seen"]["movement"]
    assert verify(signature) == []


@pytest.mark.parametrize(
    ("column", "value", "wrong"),
    [
        ("content", '{"record":{},"seen":{},"signer":{"signed_at":""}}', "digest"),
        ("printed_name", "Somebody Else", "signer"),
        ("meaning", "review", "signer"),
        ("recorded_at", timezone.now(), "signer"),
    ],
)
def test_an_altered_signature_is_found_out(
    signature: Signature, column: str, value: Any, wrong: str
) -> None:
    setattr(signature, column, value)
    assert wrong in verify(signature)


def test_a_signature_copied_to_another_record_is_found_out(
    plant: Plant, signature: Signature
) -> None:
    plant.release(plant.lot(released=False))
    signature.decision = Decision.objects.first()
    assert verify(signature) == ["record"]


@pytest.mark.parametrize("model", [Signature, Proposal])
def test_signatures_and_proposals_are_never_changed(plant: Plant, model: Any) -> None:
    plant.do(quality.release, release(two_people(plant)), by=plant.lab)
    row = model.objects.get()
    for change in (lambda: model.objects.update(reason="other"), row.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_it_says_so_when_the_record_has_moved_on(plant: Plant) -> None:
    lot = plant.lot(released=False)
    plant.release(lot)

    def since() -> str:
        (decision,) = with_signings(Decision.objects.select_related("lot"))
        return decision.signings[0].since  # type: ignore[attr-defined,no-any-return]

    assert since() == ""
    plant.do(stock.move, stock.Move(lot=lot, target=plant.a2))
    assert since() == "movements"
    plant.hold(lot=lot)
    assert since() == "the open holds, movements"


def test_what_a_decision_sets_itself_is_no_change(plant: Plant) -> None:
    lot = plant.lot(released=False)
    soon = timezone.localdate() + timedelta(days=9)
    plant.do(quality.release, release(lot, retest_on=soon), by=plant.qa)
    (decision,) = with_signings(Decision.objects.select_related("lot"))
    assert decision.signings[0].since == ""  # type: ignore[attr-defined]


def test_a_lifted_hold_carries_a_signature(plant: Plant) -> None:
    hold = plant.hold(lot=plant.lot())
    plant.lift(hold)
    signature = Signature.objects.get(hold=hold)
    assert (signature.meaning, verify(signature)) == ("review", [])


# --- a lot that changed while it was looked at --------------------------------------------------


CHANGES = {
    "holds": lambda p, lot: p.hold(lot=lot),
    "movement": lambda p, lot: p.do(stock.move, stock.Move(lot=lot, target=p.a2)),
    "results": lambda p, lot: p.do(
        quality.record_inspection,
        quality.Result(lot=lot, characteristic="pH", value="7", upper=Decimal(8)),
        by=p.lab,
    ),
    "dates": lambda p, lot: Lot.objects.filter(pk=lot.pk).update(
        expires_on=timezone.localdate() + timedelta(days=90)
    ),
    "status": lambda p, lot: Lot.objects.filter(pk=lot.pk).update(status="released"),
    "decision": lambda p, lot: p.release(lot),
}


@pytest.mark.parametrize("part", CHANGES)
def test_a_lot_that_changed_is_not_signed_for(plant: Plant, part: str) -> None:
    lot = plant.lot(released=False)
    version = version_of(look_at({lot.pk: lot})[lot.pk])
    CHANGES[part](plant, lot)
    with refused("lot_changed") as caught:
        plant.do(
            quality.reject, quality.Rejection(lot=lot, expected=version, **SIGNED), by=plant.qa
        )
    facts = caught.value.facts  # type: ignore[attr-defined]
    assert part in facts["changed"]
    line = quality.Rejection(lot=lot, expected=facts["version"], **SIGNED)
    plant.do(quality.reject, line, by=plant.qa)
    assert status(lot) == "rejected"


# --- two people ---------------------------------------------------------------------------------


def two_people(plant: Plant) -> Lot:
    return plant.lot(released=False, material=plant.material(second_signer=True))


def proposed(plant: Plant, lot: Lot | None = None, **changes: Any) -> Proposal:
    """A release that `lab` has signed."""
    lot = lot or two_people(plant)
    plant.do(quality.release, release(lot, **changes), by=plant.lab)
    return Proposal.objects.open().select_related("lot").get(lot=lot)


def test_a_release_takes_effect_with_the_second_signature(plant: Plant) -> None:
    soon = timezone.localdate() + timedelta(days=9)
    proposal = proposed(plant, retest_on=soon)
    assert status(proposal.lot) == "quarantine"
    assert not Decision.objects.exists()
    plant.do(quality.countersign, second(proposal, meaning=Meaning.REVIEW), by=plant.qa)
    lot = Lot.objects.get(pk=proposal.lot_id)
    assert (lot.status, lot.retest_on) == ("released", soon)
    (decision,) = with_signings(Decision.objects.select_related("lot"))
    signings = decision.signings  # type: ignore[attr-defined]
    names = [(one.signature.username, one.signature.meaning) for one in signings]
    assert names == [(plant.lab.user.username, "approval"), (plant.qa.user.username, "review")]
    assert all(one.since == "" and one.wrong == [] for one in signings)
    assert proposal.end.decision == decision
    with refused("proposal_closed"):
        plant.do(quality.countersign, second(proposal), by=plant.qa)


def test_the_answer_says_which_lots_wait(plant: Plant) -> None:
    waits, done = two_people(plant), plant.lot(released=False)
    answer, _replayed = attempt(plant, release(waits), release(done))
    assert [row["type"] for row in answer["objects"]] == ["proposal", "decision"]
    assert answer["warnings"] == [f"{waits} waits for the second signature."]
    assert (status(waits), status(done)) == ("quarantine", "released")


def test_a_restriction_waits_too_and_a_rejection_does_not(plant: Plant) -> None:
    lot = two_people(plant)
    line = quality.Restriction(lot=lot, references=("D1",), **SIGNED)
    plant.do(quality.restrict, line, by=plant.lab)
    proposal = Proposal.objects.get()
    plant.do(quality.countersign, second(proposal), by=plant.qa)
    assert (status(lot), lot.restricted_uses.get().reference) == ("restricted", "D1")
    plant.do(quality.reject, quality.Rejection(lot=lot, **SIGNED), by=plant.qa)
    assert status(lot) == "rejected"


def test_the_second_is_neither_recorder_nor_placer_of_a_hold(plant: Plant) -> None:
    lot = two_people(plant)
    third = Actor(UserFactory(role="qa"), Surface.COMMAND)
    line = quality.Result(lot=lot, characteristic="pH", value="7")
    plant.do(quality.record_inspection, line, by=plant.qa)
    proposal = proposed(plant, lot)
    with refused("signer_recorded_result"):
        plant.do(quality.countersign, second(proposal), by=plant.qa)
    other = two_people(plant)
    plant.do(quality.place_hold, quality.NewHold(lot=other, reason="odd"), by=third)
    waiting = proposed(plant, other)
    with refused("signer_placed_hold"):
        plant.do(quality.countersign, second(waiting), by=third)
    assert status(lot) == status(other) == "quarantine"


@pytest.mark.parametrize("target", ["lot", "material", "container", "location"])
def test_who_placed_a_hold_on_guarded_material_does_not_lift_it(plant: Plant, target: str) -> None:
    lot = two_people(plant)
    plant.do(stock.new_container, stock.NewContainer(code="BOX", location=plant.a1))
    box = lot.balances.get().location.containers.get()
    plant.do(stock.pack, stock.Pack(lot=lot, container=box))
    targets = {"lot": lot, "material": lot.material, "container": box, "location": plant.a1}
    hold = plant.hold(**{target: targets[target]})
    with refused("signer_placed_hold"):
        plant.lift(hold)
    plant.do(quality.lift_hold, quality.Lift(hold=hold, **SIGNED), by=plant.lab)
    hold.refresh_from_db()
    assert hold.lifted_by == plant.lab.user


def test_a_proposal_lapses_when_the_lot_moves_on_and_a_new_one_replaces_it(plant: Plant) -> None:
    proposal = proposed(plant)
    plant.do(stock.move, stock.Move(lot=proposal.lot, target=plant.a2))
    with refused("lot_changed"):
        plant.do(quality.countersign, second(proposal), by=plant.qa)
    again = proposed(plant, proposal.lot)
    proposal.refresh_from_db()
    assert proposal.end.ending == Ending.OVERTAKEN
    plant.do(quality.countersign, second(again), by=plant.qa)
    assert status(proposal.lot) == "released"


def test_a_withdrawn_proposal_is_not_signed(plant: Plant) -> None:
    proposal = proposed(plant)
    line = quality.Withdrawal(proposal=proposal, reason="wrong lot")
    plant.do(quality.withdraw_proposal, line, by=plant.qa)
    with refused("proposal_closed"):
        plant.do(quality.countersign, second(proposal), by=plant.qa)
    assert AuditEntry.objects.get(action="quality.withdraw_proposal").reason == "wrong lot"


# --- one-time codes -----------------------------------------------------------------------------

RFC_6238 = [
    (59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130"),
]  # fmt: skip
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(("seconds", "code"), RFC_6238)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.code_at(SECRET, seconds // totp.STEP_SECONDS) == code


def test_who_has_a_second_factor_signs_with_a_code_that_counts_once(plant: Plant) -> None:
    first, other = plant.lot(released=False), plant.lot(released=False)
    account_of(plant.qa.user).update(totp_secret=SECRET, totp_confirmed_at=timezone.now())
    code = totp.code_at(SECRET, totp.step_at(timezone.now()))
    for wrong in ("", "000000", "\uff11" * 6):
        with refused("signature_wrong"):
            plant.do(quality.release, release(first, code=wrong), by=plant.qa)
    plant.do(quality.release, release(first, code=code), by=plant.qa)
    assert Signature.objects.get().method == "password+totp"
    with refused("signature_wrong"):
        plant.do(quality.release, release(other, code=code), by=plant.qa)
    assert status(other) == "quarantine"
