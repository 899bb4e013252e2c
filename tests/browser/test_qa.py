"""QA's day in a real browser: from the worklist over results to a release that two people sign,
a hold that is pulled to zero, a rejection that ends in the cage."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import AuditEntry, Balance, Lot
from quality.actions import Result, record_inspection
from quality.models import Hold, InspectionKind
from staging.models import StagedStock
from tests.admin.conftest import person
from tests.browser import POLICY, sign_in, troubles_of
from tests.plans import in_force, results
from tests.plant import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """QA's browser. At the end, the policy has stopped nothing and no script has failed."""
    troubles = troubles_of(page, about=POLICY)
    yield page
    assert troubles == []


def enter(page: Page, live_server: LiveServer, qa: User | None = None) -> User:
    """Sign in by the form, as a person does, and go to the admin."""
    qa = qa or person("qa")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").fill(qa.username)
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{live_server.url}/admin/")
    return qa


def change(page: Page, live_server: LiveServer, user: User) -> None:
    """Somebody else sits down at the desk."""
    page.context.clear_cookies()
    sign_in(page, live_server, user.username)
    page.goto(f"{live_server.url}/admin/")


def page_of(live_server: LiveServer, lot: Lot) -> str:
    return f"{live_server.url}{reverse('admin:inventory_lot_change', args=[lot.pk])}"


def inspected(plant: Plant, lot: Lot) -> Lot:
    """The laboratory has recorded what it found."""
    line = Result(lot=lot, characteristic="Identity", value="conforms", kind=InspectionKind.RECEIPT)
    record_inspection(lines=[line], by=plant.lab, at=timezone.now())
    return lot


def sign(page: Page, signer: User, password: str = "secret", verb: str = "release") -> None:  # noqa: S107
    page.get_by_label("Approval").check()
    page.get_by_label("Reason").fill("Conforms to specification")
    page.get_by_label("Your user name").fill(signer.username)
    page.get_by_label("Your password").fill(password)
    page.get_by_role("button", name=f"Sign and {verb}").click()


def test_two_lots_are_released_by_one_signature(
    desk: Page, live_server: LiveServer, plant: Plant
) -> None:
    material = plant.material()
    lots = [inspected(plant, plant.lot(released=False, material=material)) for _lot in range(2)]
    qa = enter(desk, live_server)
    desk.get_by_role("link", name="Lots awaiting release").click()
    desk.get_by_role("link", name=lots[0].code).click()
    expect(desk.locator("body")).to_contain_text("conforms")
    desk.go_back()
    for lot in lots:
        desk.get_by_role("row", name=lot.code).get_by_role("checkbox").check()
    desk.get_by_label("Action:").select_option(label="Release")
    desk.get_by_role("button", name="Go").click()
    sign(desk, qa, "not-my-password")
    expect(desk.locator("body")).to_contain_text("That is not your password.")
    expect(desk.get_by_label("Reason")).to_have_value("Conforms to specification")
    expect(desk.get_by_label("Your password")).to_have_value("")
    assert AuditEntry.objects.get(action="refused").facts["code"] == "signature_wrong"
    sign(desk, qa)
    expect(desk.locator(".messagelist")).to_contain_text("Released.")
    expect(desk).to_have_url(f"{live_server.url}{reverse('admin:inventory_lot_changelist')}"
                             "?work=awaiting")  # fmt: skip
    assert not Lot.objects.exclude(status="released").exists()


def test_two_people_release_ten_lots(desk: Page, live_server: LiveServer, plant: Plant) -> None:
    """The last results are entered; one signature proposes all ten, another releases them."""
    material = plant.material(second_signer=True)
    in_force(plant, material)
    lots = [plant.lot(released=False, material=material) for _lot in range(10)]
    lines = [line for lot in lots[1:] for line in results(lot)]
    record_inspection(lines=lines, by=plant.lab, at=timezone.now())
    enter(desk, live_server)
    desk.get_by_role("link", name="Inspections due").click()
    row = desk.get_by_role("row", name=lots[0].code)
    row.get_by_role("link", name="Record results").click()
    desk.get_by_label("Identity, sample 1").select_option(label="Pass")
    desk.get_by_label("Assay, sample 1").fill("99.5")
    desk.get_by_label("Assay, sample 2").fill("100.1")
    desk.get_by_role("button", name="Record results").click()
    expect(desk.locator(".messagelist")).to_contain_text("Results of")
    first, second = person("qa"), person("qa")
    change(desk, live_server, first)
    desk.get_by_role("link", name="Look at 10 lots and release them").click()
    expect(desk.locator("#chosen-rows > tbody > tr")).to_have_count(10)
    sign(desk, first)
    expect(desk.locator(".messagelist")).to_contain_text("10 lots wait for the second signature")
    change(desk, live_server, second)
    desk.get_by_role("link", name="Awaiting a second signature").click()
    desk.locator("#action-toggle").check()
    desk.get_by_label("Action:").select_option(label="Countersign")
    desk.get_by_role("button", name="Go").click()
    sign(desk, second, verb="countersign")
    expect(desk.locator(".messagelist")).to_contain_text("in effect now. 10 rows.")
    desk.goto(page_of(live_server, lots[0]))
    for signer in (first, second):
        expect(desk.locator(".signing", has_text=signer.username)).to_contain_text(
            "Fits the record"
        )
    assert not Lot.objects.exclude(status="released").exists()


def test_a_hold_blocks_what_is_staged_until_it_is_pulled_or_lifted(
    desk: Page, live_server: LiveServer, plant: Plant
) -> None:
    lot = plant.lot(10)
    for lane in (plant.l1, plant.l2):
        plant.stage(plant.order((lot.material, 3)), lot, lane, quantity=3)
    qa = enter(desk, live_server)
    desk.goto(page_of(live_server, lot))
    expect(desk.locator("#staged-rows")).to_contain_text("Yes")
    desk.get_by_role("link", name="Place hold").click()
    desk.get_by_label("Reason").fill("Torn bag")
    desk.get_by_role("button", name="Place hold").click()
    expect(desk.locator("#staged-rows")).to_contain_text("Blocked")
    assert StagedStock.objects.all().blocked(timezone.localdate()).count() == 2
    hold = Hold.objects.get()
    for left in (2, 1):
        desk.goto(f"{live_server.url}{reverse('staging:reach', args=[hold.pk])}")
        expect(desk.locator("main")).to_contain_text(f"{left} of 2 staged")
        change(desk, live_server, plant.operator.user)
        desk.goto(f"{live_server.url}{reverse('staging:pull_list')}")
        expect(desk.locator("main tbody tr")).to_have_count(left)
        desk.get_by_role("link", name="Pull").first.click()
        desk.locator("main").get_by_label("To").fill(plant.a1.code)
        desk.locator("#verb .form-actions button").click()
        expect(desk.locator("#verb .notice.tone-ok")).to_contain_text(lot.code)
    desk.goto(f"{live_server.url}{reverse('staging:pull_list')}")
    expect(desk.locator("main")).to_contain_text("Nothing is to be pulled")
    assert not StagedStock.objects.exists()
    change(desk, live_server, qa)
    desk.goto(page_of(live_server, lot))
    desk.get_by_role("link", name=str(hold)).click()
    desk.get_by_role("link", name="Lift hold").click()
    sign(desk, qa, verb="lift hold")
    expect(desk.locator("body")).to_contain_text("Lifted")
    assert not Hold.objects.open().exists()


def test_a_lot_is_rejected_and_moved_to_the_cage(
    desk: Page, live_server: LiveServer, plant: Plant
) -> None:
    lot = plant.lot(10, released=False)
    qa = enter(desk, live_server)
    desk.goto(page_of(live_server, lot))
    desk.get_by_role("link", name="Reject", exact=True).click()
    sign(desk, qa, verb="reject")
    expect(desk.locator(".lot-facts")).to_contain_text("Rejected")
    desk.get_by_role("link", name="Move", exact=True).click()
    desk.locator("main").get_by_label("To", exact=False).first.fill(plant.cage.code)
    desk.locator("#verb .form-actions button").click()
    expect(desk.locator("#verb .notice.tone-ok")).to_contain_text(plant.cage.code)
    assert Balance.objects.get(lot=lot, quantity__gt=0).location == plant.cage
    assert Lot.objects.get(pk=lot.pk).status == "rejected"


def test_results_are_entered_by_the_plan_and_the_failure_shows(
    desk: Page, live_server: LiveServer, plant: Plant
) -> None:
    material = plant.material()
    in_force(plant, material)
    lot = plant.lot(material=material, released=False)
    enter(desk, live_server)
    desk.get_by_role("link", name="Inspections due").click()
    row = desk.get_by_role("row", name=lot.code)
    row.get_by_role("link", name="Record results").click()
    desk.get_by_label("Identity, sample 1").select_option(label="Pass")
    desk.get_by_label("Assay, sample 1").fill("9")
    desk.get_by_label("Assay, sample 2").fill("99.5")
    certificate = {"name": "coa.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    desk.get_by_label("Certificate or report").set_input_files(certificate)  # type: ignore[arg-type]
    desk.get_by_role("button", name="Record results").click()
    expect(desk.locator(".plan-table")).to_contain_text("9 is not plausible for Assay.")
    desk.get_by_label("Assay, sample 1").fill("97")
    desk.get_by_role("button", name="Record results").click()
    expect(desk.locator(".messagelist")).to_contain_text("Results of")
    expect(desk.locator("body")).to_contain_text("97 · 99.5 %")
    expect(desk.get_by_role("link", name="Decide what becomes of it")).to_be_visible()


def test_results_are_entered_row_by_row(desk: Page, live_server: LiveServer, plant: Plant) -> None:
    lot = plant.lot(released=False)
    enter(desk, live_server)
    desk.goto(f"{live_server.url}{reverse('admin:inventory_lot_change', args=[lot.pk])}")
    desk.get_by_role("link", name="Record results").click()
    desk.get_by_label("Characteristic 1").fill("pH")
    desk.get_by_label("Result 1").fill("9.1")
    desk.get_by_label("Upper limit 1").fill("7.5")
    desk.get_by_role("button", name="Record results").click()
    expect(desk.locator("body")).to_contain_text("Failed")


def test_no_page_of_the_admin_breaks_the_policy(
    desk: Page, live_server: LiveServer, plant: Plant
) -> None:
    """Lists with actions and filters, date pickers, choosers and inlines included."""
    lot = plant.lot(10, expires_in=5)
    plant.stage(plant.order((lot.material, 5)), lot, quantity=5)
    admin = person("admin")
    sign_in(desk, live_server, admin.username)
    for label in ("inventory_lot", "inventory_movement", "inventory_auditentry", "quality_hold",
                  "quality_ruleset", "staging_demand", "auth_user"):  # fmt: skip
        desk.goto(f"{live_server.url}{reverse(f'admin:{label}_changelist')}")
    desk.goto(f"{live_server.url}{reverse('admin:staging_demand_add')}")
    desk.locator(".field-needed_at .datetimeshortcuts a").nth(1).click()
    desk.locator("#calendarbox0").get_by_role("link", name="Today").click()
    day = timezone.localdate()
    choices = [(day + timedelta(days=offset)).isoformat() for offset in (-1, 0, 1)]
    assert desk.locator("#id_needed_at_0").input_value() in choices
    desk.locator(".select2-selection").first.click()
    desk.locator(".select2-results__option", has_text=lot.material.code).first.click()
    desk.locator(".add-row a").click()
    material = reverse("admin:inventory_material_change", args=[lot.material_id])
    desk.goto(f"{live_server.url}{material}")
    desk.locator(".add-row a").click()
    desk.goto(f"{live_server.url}{reverse('admin:auth_group_add')}")
    desk.get_by_role("button", name="Toggle theme").first.click()
