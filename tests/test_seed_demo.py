"""The demo: its people, its plant, and that seeding again changes nothing."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from config.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from config.demo_plant import tour
from config.demo_plant.people import token_path
from integration.models import ApiToken
from inventory import audit, codes
from inventory.check_digits import is_checked
from inventory.models import AuditEntry, Container, Location, Lot, LotLink, Material, Movement
from quality.models import Hold, Inspection
from staging import checks
from staging.actions import Unstaging, unstage
from staging.alerting import clock
from staging.models import Alert, AlertLevel, AlertReason, Demand, StagedStock
from tests.test_guided import Scanner

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """Where the seeded plant keeps its token."""
    with TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker, var: Path) -> Iterator[None]:
    """The demo plant, seeded once for the module; each test's changes are rolled back to it."""
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(VAR_DIR=var):
        call_command("seed_demo", verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(seeded: None, db: None) -> Iterator[None]:
    """The seeded plant, with its token file put back afterwards."""
    token = token_path().read_text()
    yield
    token_path().write_text(token)


def ancestors(lot: Lot) -> list[set[str]]:
    """The codes of each generation above a lot."""
    found, layer = [], {lot.pk}
    while parents := set(LotLink.objects.filter(child__in=layer).values_list("parent", flat=True)):
        found.append(set(Lot.objects.filter(pk__in=parents).values_list("code", flat=True)))
        layer = parents
    return found


def counts() -> list[int]:
    models = (User, ApiToken, AuditEntry, Material, Lot, Movement, Demand, Alert)
    return [model.objects.count() for model in models]


def test_plant_obeys_every_invariant(demo: None) -> None:
    assert checks.breaches() == []


def test_seeding_again_changes_nothing(demo: None) -> None:
    before, token = counts(), token_path().read_text()
    call_command("seed_demo", verbosity=0)
    assert counts() == before
    assert token_path().read_text() == token


def test_accounts_have_their_roles(demo: None) -> None:
    for account in DEMO_ACCOUNTS:
        user = User.objects.get(username=account.username)
        assert user.check_password(DEMO_PASSWORD)
        assert user.is_superuser == (account.role == "admin")
        roles = set(user.groups.values_list("name", flat=True))
        assert roles == (set() if user.is_superuser else {account.role})
    staff = set(User.objects.filter(is_staff=True).values_list("username", flat=True))
    assert staff == {"admin", "auditor", "lab", "qa", "qa2", "supervisor"}


def test_nobody_signs_in_as_the_laboratory(demo: None) -> None:
    assert not User.objects.get(username="lab").has_usable_password()


def test_token_is_the_integrators_and_only_its_owner_reads_it(demo: None) -> None:
    token = ApiToken.objects.valid(timezone.now()).get()
    assert token.client.user.username == "integrator"
    assert token.digest == ApiToken.digest_of(token_path().read_text().strip())
    assert token_path().stat().st_mode & 0o077 == 0


def test_lost_token_is_revoked_and_replaced(demo: None) -> None:
    lost = ApiToken.objects.get()
    token_path().unlink()
    call_command("seed_demo", verbosity=0)
    lost.refresh_from_db()
    assert lost.revoked_at is not None
    fresh = ApiToken.objects.valid(timezone.now()).get()
    assert fresh.digest == ApiToken.digest_of(token_path().read_text().strip())


def test_demands_are_in_every_state(demo: None) -> None:
    states = set(Demand.objects.with_state().values_list("kind", "state"))
    assert {state for _kind, state in states} == {
        "planned", "staging", "ready", "started", "completed", "cancelled",
    }  # fmt: skip
    assert {kind for kind, _state in states} == {"production", "operation", "shipment"}


def test_staged_stock_is_fresh_stale_and_blocked(demo: None) -> None:
    now = timezone.now()
    staged = StagedStock.objects.all()
    stale, blocked = staged.stale(now), staged.blocked(timezone.localdate(now))
    assert stale.count() >= 2
    assert sorted(row.stop for row in blocked) == [
        "lot_on_hold", "lot_quarantine", "lot_rejected",
    ]  # fmt: skip
    assert staged.count() > 2 * (stale.count() + blocked.count())


def test_alerts_are_there_for_most_reasons_and_one_is_acknowledged(demo: None) -> None:
    """All but those for which days must pass, and what work as it should be does not leave. One or
    two of a kind: the plant is no disaster."""
    found = Counter(Alert.objects.open().values_list("reason", flat=True))
    assert set(AlertReason) - set(found) == {
        AlertReason.LOT_EXPIRED, AlertReason.RETEST_DUE, AlertReason.SHELF_LIFE_SHORT,
        AlertReason.RELEASE_AWAITED, AlertReason.OVER_STAGED,
    }  # fmt: skip
    assert max(found.values()) <= 2
    assert Alert.objects.exclude(acknowledged_at=None).count() == 1


def test_lots_are_in_every_plight(demo: None) -> None:
    today = timezone.localdate()
    lots = Lot.objects.all()
    assert set(lots.values_list("status", flat=True)) == {
        "quarantine", "released", "restricted", "rejected",
    }  # fmt: skip
    assert lots.filter(expires_on__lt=today, status="released").exists()
    assert lots.filter(retest_on__lt=today, status="released").exists()
    assert Hold.objects.open().exclude(location=None).exists()
    assert Hold.objects.exclude(lifted_at=None).exists()


def test_lots_wait_for_qa_with_results_that_qa_did_not_record(demo: None) -> None:
    waiting = Lot.objects.filter(status="quarantine", inspections__passed=True)
    assert waiting.exists()
    assert set(Inspection.objects.values_list("actor__username", flat=True)) == {"lab"}


def test_finished_goods_descend_through_three_generations(demo: None) -> None:
    generations = ancestors(Lot.objects.get(code="FG-5001/P0142"))
    assert len(generations) == 3
    assert "WP-4002/T0142" in generations[0]
    assert "WP-4001/G0142" in generations[1]
    assert "RM-1001/A24-0711" in generations[2]


def test_pallets_and_finished_goods_carry_valid_gs1_numbers(demo: None) -> None:
    numbers = [
        *Container.objects.values_list("sscc", flat=True),
        *Material.objects.exclude(gtin="").values_list("gtin", flat=True),
    ]
    assert len(numbers) == 9
    assert all(is_checked(number) for number in numbers)


def test_places_carry_valid_gs1_numbers(demo: None) -> None:
    numbers = set(Location.objects.exclude(gln="").values_list("gln", flat=True))
    assert len(numbers) == 2
    assert all(is_checked(number) for number in numbers)
    named = Location.objects.get(code="RVS-WH-A1")
    assert codes.find_one(Location, f"(414){named.gln}(254)RVS-WH-A1") == named


def test_past_is_in_order_for_each_lot(demo: None) -> None:
    for lot in Lot.objects.all():
        times = list(lot.movements.order_by("pk").values_list("occurred_at", flat=True))
        assert times == sorted(times)


def test_the_quick_tour(demo: None, client: Client) -> None:
    """What a reader sees within two minutes: it warns, goes up, is taken up and cleared by
    scanning. Told here by moving it back in time; the times are those of the demo."""
    row = StagedStock.objects.get(location__code=tour.LANE)
    staged = Movement.objects.filter(lot=row.lot, target=row.location).latest("pk")
    assert row.warn_at
    assert row.warn_at - staged.recorded_at <= tour.WARNS_IN
    back = timedelta(minutes=3)
    past = {name: getattr(row, name) - back for name in ("since", "warn_at", "rings_at")}
    StagedStock.objects.filter(pk=row.pk).update(**past)
    now = timezone.now()
    clock.sweep(by=audit.system(), at=past["warn_at"] + tour.WARNS_IN)
    alert = row.alerts.get()
    assert (alert.reason, alert.level) == (AlertReason.DWELL_WARNING, AlertLevel.OPERATOR)
    assert alert.escalates_at - past["warn_at"] <= timedelta(seconds=90)
    clock.sweep(by=audit.system(), at=now)
    alert.refresh_from_db()
    assert alert.level == AlertLevel.SUPERVISOR
    client.force_login(User.objects.get(username="supervisor"))
    taken_up = {"alert": str(alert.pk), "reason": "Olga takes it away"}
    assert client.post("/work/acknowledge/", taken_up).status_code == 302
    client.force_login(User.objects.get(username="operator"))
    opened = client.post("/worklist/", {"scan": tour.LANE})
    path, _mark, query = opened["Location"].partition("?")
    at = Scanner(client, path.strip("/").rpartition("/")[2], f"?{query}")
    assert at.scan(row.lot.code).headers["HX-Redirect"] == "/worklist/"
    alert.refresh_from_db()
    assert alert.closed_at
    assert [step.kind for step in alert.steps.all()] == [
        "raised", "escalated", "acknowledged", "closed",
    ]  # fmt: skip
    client.force_login(User.objects.get(username="supervisor"))
    numbers = client.get("/api/v1/numbers/alerts/?site=RVS&period=week").json()
    row = next(one for one in numbers["reasons"] if one["reason"] == alert.reason)
    assert row["escalated"] >= row["cleared"] == row["acknowledged"] == 1
    assert 60 <= row["acknowledged_mean"] <= row["cleared_mean"] < 3600


def test_the_tour_begins_anew_at_each_start_once_it_was_cleared(demo: None) -> None:
    standing = StagedStock.objects.filter(location__code=tour.LANE)
    first = standing.get()
    call_command("seed_demo", verbosity=0)
    assert standing.get() == first
    line = Unstaging(lot=first.lot, target=Location.objects.get(code="RVS-WH-B3"))
    unstage(lines=[line], by=audit.system(), at=timezone.now())
    call_command("seed_demo", verbosity=0)
    assert standing.get() != first
