"""What holds for every record and every door at once, whatever is added later."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import PROTECT, ForeignKey
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from inventory import actions as stock
from inventory import audit
from inventory.models import AuditEntry, Balance, Movement
from quality import actions as quality
from quality.models import RuleSet
from tests.admin.conftest import person
from tests.api.conftest import Api
from tests.plant import Plant

ROOT = Path(__file__).resolve().parent.parent
OURS = ("inventory", "quality", "staging", "integration", "forestage")

DEPENDENT = {
    "integration.apitoken.under",
    "inventory.materialunit.material",
    "quality.lotchange.container",
    "quality.lotchange.hold",
    "quality.lotchange.lot",
    "quality.plancharacteristic.plan",
    "quality.usagerule.rule_set",
    "staging.clocknote.demand",
    "staging.clocknote.location",
    "staging.daynumber.snapshot",
    "staging.dwellchange.demand",
    "staging.dwellchange.location",
    "staging.dwellchange.material",
    "staging.dwellchange.site",
    "staging.dwellpolicy.dwell_set",
    "staging.shift.calendar",
    "staging.workingtime.site",
}
"""Parts of what they go with, and notes for the clock: none of them is a record of its own."""

FOR_ANYBODY = {
    "health-live", "health-ready", "health-clock", "metrics", "login",
    "schema", "schema-docs", "schema-try", "wall_open", "app-manifest", "service-worker", "offline",
    "oauth-token", "oauth-metadata", "problems", "problem",
}  # fmt: skip
"""Pages that need nobody signed in: probes, the doors themselves, how the API works, and what a
device keeps of the app, which holds nothing of anybody."""

OWN = {"index", "password_change", "password_change_done", "logout", "jsi18n", "autocomplete"}
"""Pages of the admin for everybody who may enter it."""


@pytest.mark.django_db
def test_without_its_entry_nothing_is_recorded(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = plant.lot(10)
    before = (Movement.objects.count(), AuditEntry.objects.count())

    def fail(rows: Any) -> None:
        raise RuntimeError("the trail cannot be written")

    monkeypatch.setattr(audit, "_ENTRIES", fail)
    with pytest.raises(RuntimeError, match="the trail cannot"):
        plant.do(stock.move, stock.Move(lot=lot, quantity=None, target=plant.a2))
    assert (Movement.objects.count(), AuditEntry.objects.count()) == before
    assert Balance.objects.on_hand().get(lot=lot).location == plant.a1


@pytest.mark.django_db
def test_a_movement_keeps_the_version_of_the_rules(plant: Plant) -> None:
    """Also when other rules have come into force since."""
    lot = plant.lot(10)
    first = RuleSet.objects.in_force().get()
    order = plant.order((lot.material, 10))
    plant.stage(order, lot, quantity=4)
    second = quality.draft_rules(note="Again", by=plant.lab, at=plant.now)
    quality.activate_rules(rule_set=second, reason="reviewed", by=plant.qa, at=plant.now)
    plant.stage(order, lot, quantity=6)
    staged = Movement.objects.filter(lot=lot, kind="stage").order_by("pk")
    assert [movement.rule_version for movement in staged] == [first.version, second.version]


def test_no_setting_switches_the_trail_off() -> None:
    settings = (ROOT / "config/settings.py").read_text()
    read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings)
    assert read
    assert [name for name in read if re.search("AUDIT|TRAIL|TRIGGER|LOG_ENTR", name)] == []


@pytest.mark.django_db
def test_no_request_changes_the_trail(plant: Plant) -> None:
    plant.lot()
    entry = AuditEntry.objects.latest("pk")
    api = Api()
    api.force_authenticate(person("admin"))
    for path in ("/api/v1/audit-entries/", f"/api/v1/audit-entries/{entry.pk}/"):
        for ask in (api.post, api.put, api.patch, api.delete):
            assert ask(path, {"reason": "tidy"}, format="json").status_code in (403, 404, 405)
    entry.refresh_from_db()
    assert entry.reason != "tidy"


def test_no_record_goes_because_another_does() -> None:
    """Whatever a record rests on cannot be deleted while the record is there."""
    loose = {
        f"{model._meta.label_lower}.{column.name}"
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        for column in model._meta.local_fields
        if isinstance(column, ForeignKey) and column.remote_field.on_delete is not PROTECT
    }
    assert loose == set(DEPENDENT)


def pages(patterns: list[Any], prefix: str = "") -> list[tuple[str, str]]:
    """Every address with its name; what stands in angle brackets is made up."""
    found: list[tuple[str, str]] = []
    for pattern in patterns:
        route = prefix + _made_up(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            found += pages(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            found.append((pattern.name or route, route))
    return found


def _made_up(route: str) -> str:
    route = re.sub(r"<(?:int|bigint):\w+>", "1", route)
    route = re.sub(r"<uuid:\w+>", "00000000-0000-7000-8000-000000000000", route)
    route = re.sub(r"\(\?P<\w+>[^)]*\)", "x", route)
    return re.sub(r"<[^>]+>", "x", route).replace("\\.", ".").strip("^$")


@pytest.mark.django_db
def test_a_stranger_gets_nowhere() -> None:
    """Every address of the product, asked for without a session or token."""
    stranger, open_to_all = Client(), set()
    addresses = pages(get_resolver().url_patterns)
    assert len(addresses) > 100
    for name, route in addresses:
        for ask in (stranger.get, stranger.post):
            answer = ask(f"/{route}")
            if answer.status_code == 302:
                answer = stranger.get(answer["Location"], follow=True)
            at_the_door = answer.request["PATH_INFO"] == "/sign-in/"
            if not (at_the_door or answer.status_code in (401, 403, 404, 405)):
                open_to_all.add(name)
    assert open_to_all <= FOR_ANYBODY


@pytest.mark.django_db
def test_who_has_no_role_gets_nowhere_in_the_admin() -> None:
    """Who may enter it without any permission opens no list and no page of a record."""
    somebody, client = person("qa"), Client()
    somebody.groups.clear()
    client.force_login(somebody)
    opened = {
        name
        for name, route in pages(get_resolver().url_patterns)
        if route.startswith("admin/") and client.get(f"/{route}").status_code == 200
    }
    assert opened <= OWN
