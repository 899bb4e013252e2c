"""Accounts: lockout, second factor, passwords set by others, idle sessions, the acceptance."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import accounts, totp
from inventory.models import Account, AuditEntry
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture(autouse=True)
def no_address_has_failed() -> None:
    cache.clear()


@pytest.fixture
def olga(db: None) -> User:
    user: User = UserFactory(username="olga", role="qa")
    return user


@pytest.fixture
def inside(olga: User) -> Client:
    client = Client()
    client.force_login(olga)
    return client


def enter(**values: str) -> Any:
    """Somebody tries to sign in; the answer redirects if it worked."""
    client = Client()
    answer = client.post("/sign-in/", {"username": "olga", "password": "secret"} | values)
    answer.client = client
    return answer


def account(**changes: Any) -> Account:
    rows = Account.objects.filter(user__username="olga")
    if changes:
        rows.update(**changes)
    return rows.get()


def code_now(steps: int = 0) -> str:
    return totp.code_at(SECRET, totp.step_at(timezone.now()) + steps)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


# --- lockout ------------------------------------------------------------------------------------


def test_failed_sign_ins_lock_the_account_and_say_so(olga: User, settings: Any) -> None:
    settings.LOCKOUT_FAILURES, settings.LOCKOUT_MINUTES = 3, 15
    for _time in range(3):
        assert enter(password="guess").status_code == 200
    assert actions().count("people.lock") == 1
    answer = enter()
    assert "locked after too many failed attempts" in answer.content.decode()
    account(locked_at=timezone.now() - timedelta(minutes=16))
    assert enter().status_code == 302
    assert (account().failures, account().locked_at) == (0, None)


def test_a_success_forgets_the_failures_before_it(olga: User) -> None:
    enter(password="guess")
    assert account().failures == 1
    enter()
    assert account().failures == 0


def test_an_address_that_fails_with_many_names_is_locked_for_all(olga: User, settings: Any) -> None:
    settings.LOCKOUT_FAILURES, settings.LOCKOUT_ADDRESS_FACTOR = 2, 2
    for number in range(4):
        enter(username=f"nobody{number}")
    assert enter().status_code == 200
    cache.clear()  # the time is over
    assert enter().status_code == 302


def test_a_command_unlocks_and_says_why(olga: User, capsys: Any) -> None:
    account(locked_at=timezone.now(), failures=9)
    call_command("unlock_account", "olga", reason="locked out at night")
    assert account().locked_at is None
    assert AuditEntry.objects.get(action="people.unlock").reason == "locked out at night"
    for wrong in ({"username": "nobody", "reason": "x"}, {"username": "olga", "reason": " "}):
        with pytest.raises(CommandError):
            call_command("unlock_account", wrong["username"], reason=wrong["reason"])


# --- what an administrator may ------------------------------------------------------------------


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def test_an_administrator_unlocks_resets_and_marks_with_a_reason(admin: Client, olga: User) -> None:
    account(locked_at=timezone.now(), totp_secret=SECRET, totp_confirmed_at=timezone.now())
    url = reverse("admin:auth_user_access", args=[olga.pk])
    assert "Locked" in admin.get(url).content.decode()
    assert admin.post(url, {"step": "unlock", "reason": " "}).status_code == 200
    for step in ("unlock", "reset", "service"):
        assert admin.post(url, {"step": step, "reason": "by phone"}).status_code == 302
    now = account()
    assert (now.locked_at, now.totp_secret, now.totp_confirmed_at) == (None, "", None)
    assert now.is_service
    recorded = ["people.unlock", "people.reset_second_factor", "people.service_account"]
    assert [action for action in actions() if action in recorded] == recorded
    assert SECRET not in str(list(AuditEntry.objects.values_list("changes", "facts")))
    assert enter().status_code == 200  # a program does not sign in


def test_nobody_else_changes_access(inside: Client, olga: User) -> None:
    assert inside.get(reverse("admin:auth_user_access", args=[olga.pk])).status_code in (302, 403)


def test_a_password_set_by_somebody_else_is_changed_first(admin: Client, olga: User) -> None:
    data = {"password1": "given-by-admin", "password2": "given-by-admin", "usable_password": "true"}
    admin.post(reverse("admin:auth_user_password_change", args=[olga.pk]), data)
    assert account().password_change_due
    client = enter(password="given-by-admin").client
    assert client.get("/stock/")["Location"] == "/account/password/"
    assert "set by somebody else" in client.get("/account/password/").content.decode()
    own = {"old_password": "given-by-admin"} | dict.fromkeys(
        ("new_password1", "new_password2"), "known-to-olga-alone"
    )
    assert client.post("/account/password/", own)["Location"] == "/account/"
    assert not account().password_change_due
    assert client.get("/stock/").status_code == 200
    assert actions().count("people.password") == 2


# --- second factor ------------------------------------------------------------------------------


def test_a_second_factor_is_set_up_shown_once_and_asked_for(inside: Client) -> None:
    page = inside.get("/account/second-factor/")
    secret = page.context["secret"].replace(" ", "")
    assert "<svg" in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert inside.post("/account/second-factor/", {"code": "000000"}).status_code == 200
    assert enter().status_code == 302  # not in force before it is confirmed
    code = totp.code_at(secret, totp.step_at(timezone.now()))
    assert inside.post("/account/second-factor/", {"code": code}).status_code == 302
    assert "people.second_factor" in actions()
    assert inside.get("/account/second-factor/").status_code == 302
    assert enter().status_code == 200
    assert enter(code=code).status_code == 200  # it has been used
    later = totp.code_at(secret, totp.step_at(timezone.now()) + 1)
    assert enter(code=later).status_code == 302


def test_a_second_factor_can_be_demanded_of_everybody(olga: User, settings: Any) -> None:
    settings.SIGN_IN_NEEDS_SECOND_FACTOR = True
    client = Client()
    client.post("/sign-in/", {"username": olga.username, "password": "secret"})
    for address in ("/stock/", "/admin/", "/api/v1/lots/"):
        assert client.get(address)["Location"] == "/account/second-factor/"
    page = client.get("/account/second-factor/")
    assert "set it up first" in page.content.decode()
    code = totp.code_at(page.context["secret"].replace(" ", ""), totp.step_at(timezone.now()))
    client.post("/account/second-factor/", {"code": code})
    assert client.get("/stock/").status_code == 200
    assert client.post("/sign-out/").status_code == 302


def test_wrong_codes_count_and_missing_ones_do_not(olga: User) -> None:
    account(totp_secret=SECRET, totp_confirmed_at=timezone.now())
    enter()
    assert account().failures == 0
    enter(code="000000")
    assert account().failures == 1
    assert "people.sign_in_failed" in actions()
    assert enter(code=code_now()).status_code == 302


# --- the acceptance -----------------------------------------------------------------------------


def test_the_acceptance_takes_the_password_and_is_recorded(inside: Client) -> None:
    account(acknowledged_at=None)
    asked = {"accepted": "on", "password": "guess"}
    assert inside.post("/account/", asked).status_code == 200
    assert account().acknowledged_at is None
    assert account().failures == 1
    assert inside.post("/account/", {"password": "secret"}).status_code == 200
    assert inside.post("/account/", asked | {"password": "secret"}).status_code == 302
    assert account().acknowledged_at
    assert "people.acknowledge_signature" in actions()
    assert "You accepted on" in inside.get("/account/").content.decode()


# --- idle sessions ------------------------------------------------------------------------------


def away(client: Client, seconds: int) -> None:
    session = client.session
    session[accounts.SEEN_AT] -= seconds
    session.save()


def test_who_was_away_signs_in_again(inside: Client, settings: Any) -> None:
    away(inside, settings.IDLE_SECONDS - 5)
    assert inside.get("/stock/").status_code == 200
    away(inside, settings.IDLE_SECONDS + 5)
    assert inside.get("/stock/").status_code == 302
    assert actions()[-1] == "people.sign_out"


def test_a_board_that_refreshes_itself_is_nobody_being_there(inside: Client, settings: Any) -> None:
    away(inside, settings.IDLE_SECONDS // 2 + 5)
    assert inside.get("/", headers={"HX-Request": "true"}).status_code == 200
    away(inside, settings.IDLE_SECONDS // 2 + 5)
    assert inside.get("/").status_code == 302
