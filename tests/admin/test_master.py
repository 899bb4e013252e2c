"""Master data, rules, demands, tokens and people: changed through actions, old and new kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.access.tokens import issue_token
from integration.models import ApiClient, ApiToken
from inventory.models import AuditEntry, Location, Lot, Material, Site, Unit
from quality.models import RuleSet, UsageRule
from staging.models import Demand
from tests.admin.conftest import SignIn, act, list_of, page_of
from tests.factories import ClientFactory, UserFactory
from tests.plant import Plant


@pytest.fixture
def supervisor(enter: SignIn) -> Client:
    return enter("supervisor")


@pytest.fixture
def administrator(enter: SignIn) -> Client:
    return enter("admin")


def filled(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """What the page's form would send, with some fields changed."""
    context = client.get(url).context
    data = {field.html_name: _sent(field) for field in context["adminform"].form}
    for inline in context["inline_admin_formsets"]:
        formset = inline.formset
        data |= {field.html_name: field.value() for field in formset.management_form}
        for form in formset.forms:
            data |= {field.html_name: _sent(field) for field in form}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    return data | changes


def _sent(field: Any) -> Any:
    value = field.value()
    return (
        [one.pk for one in value]
        if isinstance(value, list) and value and hasattr(value[0], "pk")
        else value
    )


def last_entry(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("pk")


def test_a_change_is_kept_with_old_and_new_value_and_why(supervisor: Client, plant: Plant) -> None:
    material = plant.material(name="Salt")
    data = filled(supervisor, page_of(material), name="Sea salt", reason="Renamed")
    assert supervisor.post(page_of(material), data).status_code == 302
    entry = last_entry("master.change")
    assert entry.changes == {"name": ["Salt", "Sea salt"]}
    assert (entry.reason, entry.surface) == ("Renamed", "admin")
    assert entry.actor == supervisor.user  # type: ignore[attr-defined]


def test_a_change_needs_a_reason(supervisor: Client, plant: Plant) -> None:
    material = plant.material(name="Salt")
    data = filled(supervisor, page_of(material), name="Sea salt", reason="")
    assert "reason" in supervisor.post(page_of(material), data).context["adminform"].form.errors
    assert Material.objects.get(pk=material.pk).name == "Salt"


def test_other_units_are_recorded_when_added_and_removed(supervisor: Client, plant: Plant) -> None:
    material, url = plant.material(), ""
    url = page_of(material)
    data = filled(supervisor, url, reason="Bags of 25", **{
        "units-TOTAL_FORMS": 1, "units-0-unit": "XBG", "units-0-numerator": "25",
        "units-0-denominator": "1",
    })  # fmt: skip
    assert supervisor.post(url, data).status_code == 302
    assert last_entry("master.create").changes["numerator"] == [None, "25"]
    data = filled(supervisor, url, reason="No more bags", **{"units-0-DELETE": "on"})
    assert supervisor.post(url, data).status_code == 302
    assert not material.units.exists()
    assert last_entry("master.remove").changes["unit"] == ["XBG", None]


def test_a_new_site_brings_its_counterparts(supervisor: Client, db: None) -> None:
    data = filled(supervisor, list_of(Site, "add"), code="BOS", name="Boston")
    assert supervisor.post(list_of(Site, "add"), data).status_code == 302
    assert Location.objects.filter(site__code="BOS", kind="scrap").exists()


def test_the_kind_of_a_location_in_use_stays(supervisor: Client, plant: Plant) -> None:
    plant.lot(at=plant.a1)
    data = filled(supervisor, page_of(plant.a1), kind="quarantine", reason="Needed")
    response = supervisor.post(page_of(plant.a1), data)
    assert response.status_code == 200
    assert "has history as storage" in str(response.context["adminform"].form.errors["kind"])
    assert Location.objects.get(pk=plant.a1.pk).kind == "storage"


def test_a_location_does_not_lie_within_itself(supervisor: Client, plant: Plant) -> None:
    data = filled(supervisor, page_of(plant.a1), parent=plant.a1.pk, reason="Loop")
    errors = supervisor.post(page_of(plant.a1), data).context["adminform"].form.errors
    assert "cannot lie within itself" in str(errors["parent"])


def test_the_tree_is_indented_and_moves_with_its_branch(supervisor: Client, plant: Plant) -> None:
    data = filled(supervisor, page_of(plant.a2), parent=plant.a1.pk, reason="Rebuilt")
    assert supervisor.post(page_of(plant.a2), data).status_code == 302
    assert f"\u2003{plant.a2.code}" in supervisor.get(list_of(Location)).content.decode()


def test_a_units_code_stays(supervisor: Client, db: None) -> None:
    unit = Unit.objects.get(code="KGM")
    data = filled(supervisor, page_of(unit), name="kilo", reason="Short") | {"code": "XYZ"}
    assert supervisor.post(page_of(unit), data).status_code == 302
    assert Unit.objects.get(code="KGM").name == "kilo"
    assert not Unit.objects.filter(code="XYZ").exists()


def test_the_history_of_a_row_is_the_audit_trail(supervisor: Client, plant: Plant) -> None:
    material = plant.material(name="Salt")
    supervisor.post(
        page_of(material), filled(supervisor, page_of(material), name="Sea salt", reason="x")
    )
    trail = supervisor.get(page_of(material, "history"), follow=True)
    assert "Changed master data" in trail.content.decode()


class TestRules:
    @pytest.fixture
    def qa(self, enter: SignIn) -> Client:
        return enter("qa")

    @pytest.fixture
    def draft(self, qa: Client) -> RuleSet:
        qa.post(list_of(RuleSet, "add"), {"note": "Stricter"})
        return RuleSet.objects.get(activated_at=None)

    def test_a_draft_copies_the_rules_in_force(self, draft: RuleSet) -> None:
        assert draft.version == 2
        old = RuleSet.objects.get(version=1).rules.values_list("status", "effect", "note")
        assert list(draft.rules.values_list("status", "effect", "note")) == list(old)

    def test_a_draft_is_changed_and_put_into_force_by_another(
        self, qa: Client, draft: RuleSet, enter: SignIn
    ) -> None:
        data = filled(
            qa, page_of(draft), reason="Audit finding", **{"rules-0-note": "Signed by QA"}
        )
        assert qa.post(page_of(draft), data).status_code == 302
        assert last_entry("master.change").changes["note"][1] == "Signed by QA"
        own = qa.post(page_of(draft, "activate"), {"reason": "Mine"})
        assert own.status_code == 409
        assert "You have written rule set v2 yourself." in own.content.decode()
        response = enter("qa").post(page_of(draft, "activate"), {"reason": "Agreed"})
        assert response.status_code == 302
        assert UsageRule.objects.of_current_set().first().rule_set_id == 2  # type: ignore[union-attr]
        assert last_entry("quality.activate_rules").reason == "Agreed"

    def test_rules_are_removed_from_a_draft(self, qa: Client, draft: RuleSet) -> None:
        data = filled(qa, page_of(draft), reason="Not needed", **{"rules-4-DELETE": "on"})
        assert qa.post(page_of(draft), data).status_code == 302
        assert draft.rules.count() == 4

    @pytest.mark.parametrize("role", ["qa", "admin"])
    def test_what_was_in_force_never_changes(self, enter: SignIn, role: str, db: None) -> None:
        first = RuleSet.objects.get(version=1)
        client = enter(role)
        assert client.post(page_of(first), {"note": "Mine", "reason": "x"}).status_code == 403
        text = client.get(page_of(first)).content.decode()
        assert 'name="rules-0-note"' not in text
        response = client.post(page_of(first, "activate"), {"reason": "Again"})
        assert response.status_code == 409


class TestDemands:
    def lines(self, **values: Any) -> dict[str, Any]:
        data = {f"requirements-0-{name}": value for name, value in values.items()}
        total = {"requirements-TOTAL_FORMS": 1, "requirements-INITIAL_FORMS": 0}
        return data | total

    def entered(self, plant: Plant, **values: Any) -> dict[str, Any]:
        soon = timezone.now() + timedelta(days=1)
        return {
            "reference": "PO-1", "kind": "production", "site": plant.site.pk,
            "work_center": plant.wc.pk, "needed_at_0": f"{soon:%Y-%m-%d}",
            "needed_at_1": "08:00:00", "route": "", "carrier": "",
        } | values  # fmt: skip

    def test_a_demand_is_made_by_the_action(self, supervisor: Client, plant: Plant) -> None:
        material = plant.material()
        data = self.entered(plant) | self.lines(material=material.pk, quantity="12.5")
        assert supervisor.post(list_of(Demand, "add"), data).status_code == 302
        line = Demand.objects.get(reference="PO-1").requirements.get()
        assert (line.line, line.material, str(line.quantity)) == (1, material, "12.500000")
        assert last_entry("staging.create_demand").surface == "admin"

    def test_a_refusal_is_shown_and_kept(self, supervisor: Client, plant: Plant) -> None:
        response = supervisor.post(list_of(Demand, "add"), self.entered(plant) | self.lines())
        assert "Say what the demand needs." in response.content.decode()
        assert last_entry("refused").facts["code"] == "requirements_needed"
        assert not Demand.objects.exists()

    def test_it_is_cancelled_with_a_reason(self, supervisor: Client, plant: Plant) -> None:
        demand = plant.order((plant.material(), 5))
        url = act(Demand, "cancel_demand", demand)
        assert supervisor.post(url, {"reason": "Postponed", "key": "k"}).status_code == 302
        assert Demand.objects.get().cancelled
        assert supervisor.post(url, {"reason": "Again", "key": "l"}).status_code == 409


class TestTokens:
    def test_the_secret_is_shown_once(self, administrator: Client, plant: Plant) -> None:
        client = ClientFactory()
        data = {
            "client": client.pk, "kind": "token", "scopes": ["read", "staging.stage"],
            "sites": [plant.site.pk], "expires_at_0": "", "expires_at_1": "",
        }  # fmt: skip
        response = administrator.post(list_of(ApiToken, "add"), data)
        secret = response.context["secret"]
        token = ApiToken.objects.get()
        assert token.digest == ApiToken.digest_of(secret)
        assert (token.scopes, token.sites) == (["read", "staging.stage"], [plant.site.pk])
        assert secret in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        for url in (list_of(ApiToken), page_of(token), page_of(client)):
            text = administrator.get(url).content.decode()
            assert secret not in text
            assert token.digest not in text

    def test_a_token_that_has_ended_is_not_made(self, administrator: Client) -> None:
        data = {
            "client": ClientFactory().pk,
            "kind": "token",
            "scopes": ["*"],
            "expires_at_0": "2020-01-01",
            "expires_at_1": "08:00",
        }
        response = administrator.post(list_of(ApiToken, "add"), data)
        assert "expires_at" in response.context["adminform"].form.errors
        assert not ApiToken.objects.exists()

    def test_it_is_revoked_from_the_list(self, administrator: Client, plant: Plant) -> None:
        token = ApiToken.objects.create(client=ClientFactory(), digest="d")
        chosen = {"action": "revoke", "_selected_action": [token.pk]}
        administrator.post(list_of(ApiToken), chosen)
        assert ApiToken.objects.get().revoked_at is not None

    def test_it_is_rotated_with_an_overlap(self, administrator: Client, plant: Plant) -> None:
        client = ClientFactory()
        old, _secret = issue_token(
            client=client, expires_at=None, by=plant.operator, at=plant.now, sites=[plant.site]
        )
        url = reverse("admin:integration_apitoken_rotate", args=[old.pk])
        assert administrator.get(url).status_code == 200
        late = administrator.post(url, {"ends_at": "2020-01-01T08:00", "expires_at": ""})
        assert "ends_at" in late.context["form"].errors
        response = administrator.post(url, {"ends_at": "2040-01-01T08:00", "expires_at": ""})
        new = ApiToken.objects.get(digest=ApiToken.digest_of(response.context["secret"]))
        old.refresh_from_db()
        assert (new.replaces, new.sites, old.expires_at.year) == (old, [plant.site.pk], 2040)
        again = administrator.post(url, {"ends_at": "2040-01-01T08:00", "expires_at": ""})
        assert "#" in str(again.context["form"].non_field_errors())  # which one has replaced it

    def test_a_client_changes_with_a_reason(self, administrator: Client, plant: Plant) -> None:
        user = UserFactory(role="integrator")
        data = {"name": "MES", "user": user.pk, "is_active": "on", "requests_per_minute": "60"}
        administrator.post(list_of(ApiClient, "add"), data)
        client = ApiClient.objects.get()
        assert (client.requests_per_minute, client.user) == (60, user)
        change = data | {"key_required": "on"}
        without = administrator.post(page_of(client), change)
        assert "reason" in without.context["adminform"].form.errors
        administrator.post(page_of(client), change | {"reason": "agreed"})
        entry = last_entry("people.change_client")
        assert (entry.changes, entry.reason) == ({"key_required": [False, True]}, "agreed")

    def test_a_client_does_not_act_as_an_administrator(self, administrator: Client) -> None:
        boss = UserFactory(is_superuser=True)
        data = {"name": "MES", "user": boss.pk, "is_active": "on"}
        response = administrator.post(list_of(ApiClient, "add"), data)
        assert "user" in response.context["adminform"].form.errors
        assert not ApiClient.objects.exists()


class TestPeople:
    def test_roles_given_are_recorded(self, administrator: Client) -> None:
        user, group = UserFactory(role="operator"), Group.objects.get(name="qa")
        url = page_of(user)
        data = filled(administrator, url)
        data |= {"groups": [group.pk], "is_staff": "on", "date_joined_0": "2026-01-01",
                 "date_joined_1": "08:00:00"}  # fmt: skip
        assert administrator.post(url, data).status_code == 302
        assert list(user.groups.all()) == [group]
        changes = last_entry("people.change").changes
        assert changes["groups"] == [["operator"], ["qa"]]
        assert changes["is_staff"] == [False, True]

    def test_permissions_of_a_role_are_recorded(self, administrator: Client, db: None) -> None:
        group = Group.objects.get(name="auditor")
        data = {"name": "auditor", "permissions": []}
        assert administrator.post(page_of(group), data).status_code == 302
        old, new = last_entry("people.change").changes["permissions"]
        assert "inventory.view_lot" in old
        assert new == []

    def test_a_password_set_for_somebody_is_recorded_but_not_kept(
        self, administrator: Client
    ) -> None:
        user = UserFactory()
        data = {"password1": "lantern-9-quay", "password2": "lantern-9-quay"}
        url = page_of(user).replace("change/", "password/")
        assert administrator.post(url, data).status_code == 302
        assert User.objects.get(pk=user.pk).check_password("lantern-9-quay")
        assert "lantern" not in str(last_entry("people.password").changes)

    def test_ones_own_new_password_is_recorded(self, administrator: Client) -> None:
        data = {"old_password": "secret"}
        data |= {"new_password1": "lantern-9-quay", "new_password2": "lantern-9-quay"}
        assert administrator.post(reverse("admin:password_change"), data).status_code == 302
        assert last_entry("people.password").subject_id == str(administrator.user.pk)  # type: ignore[attr-defined]

    def test_nobody_is_deleted(self, administrator: Client) -> None:
        user = UserFactory()
        response = administrator.post(page_of(user, "delete"), {"post": "yes"})
        assert response.status_code == 403


def test_no_lists_of_django_s_own_are_kept(supervisor: Client, plant: Plant) -> None:
    """One history: Django's log of the admin stays empty."""
    from django.contrib.admin.models import LogEntry

    material = plant.material()
    supervisor.post(
        page_of(material), filled(supervisor, page_of(material), name="Other", reason="x")
    )
    assert not LogEntry.objects.exists()
    assert Lot.objects.count() == 0


def test_a_quantity_that_stayed_is_no_change(supervisor: Client, plant: Plant) -> None:
    material = plant.material(name="Salt", safety_stock="250")
    data = filled(supervisor, page_of(material), name="Sea salt", reason="Renamed")
    assert supervisor.post(page_of(material), data).status_code == 302
    assert last_entry("master.change").changes == {"name": ["Salt", "Sea salt"]}


@pytest.mark.parametrize("posted", ["x", "9" * 60, "-1"])
def test_what_is_no_row_is_refused_beside_its_field(
    supervisor: Client, plant: Plant, posted: str
) -> None:
    data = filled(supervisor, page_of(plant.a1), parent=posted, reason="Moved")
    page = supervisor.post(page_of(plant.a1), data)
    assert page.status_code == 200
    assert "parent" in page.context["adminform"].form.errors
