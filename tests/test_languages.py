"""Languages: whole catalogues, one's own choice, records in one, numbers as people write them."""

import gettext
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.forms import ValidationError
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.translation import ngettext

from inventory import accounts, verbs, wording
from inventory.form_fields import LinesField, NumberField
from inventory.forms import form_for
from inventory.models import AuditEntry, Location, RefusedAttempt, Site
from inventory.templatetags.components import due, quantity
from inventory.zones import zone_named
from quality.models import Hold
from staging import actions as staging
from staging.models import Demand
from tests.factories import UserFactory
from tests.languages import Entry, catalogue, path_of, placeholders, untranslated
from tests.plant import Plant

LANGUAGES = ("de", "es", "fr")
PASSWORD = "forestage-test-1"


# --- catalogues ---------------------------------------------------------------------------------


def forms_of(entry: Entry) -> int:
    return 2 if entry.plural else 1


def test_german_is_complete() -> None:
    lacking = [
        entry.text
        for entry in catalogue("de")
        if entry.fuzzy or not all(entry.said.get(form) for form in range(forms_of(entry)))
    ]
    assert not lacking
    assert len(catalogue("de")) > 2000


@pytest.mark.parametrize("language", ["es", "fr"])
def test_spanish_and_french_are_started(language: str) -> None:
    said = {entry.text for entry in catalogue(language) if entry.said.get(0)}
    assert len(said) >= 250
    assert {"Work", "Scan the lane", "Quarantine", "%(lot)s expired on %(day)s."} <= said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    wrong = []
    for entry in catalogue(language):
        allowed = [placeholders(entry.text), placeholders(entry.plural or entry.text)]
        for said in filter(None, entry.said.values()):
            found = placeholders(said)
            if found not in allowed and found != sorted({*allowed[0], *allowed[1]}):
                wrong.append((entry.text, said))
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with path_of(language, "mo").open("rb") as file:
        compiled: dict[Any, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    written: dict[Any, str] = {}
    for entry in catalogue(language):
        if not entry.fuzzy and all(entry.said.get(form) for form in range(forms_of(entry))):
            for form, said in entry.said.items():
                written[(entry.key, form) if entry.plural else entry.key] = said
    compiled.pop("")
    assert compiled == written


def test_plurals() -> None:
    with translation.override("de"):
        one, many = (
            ngettext("%(count)s refused attempt", "%(count)s refused attempts", n) for n in (1, 2)
        )
    assert "Versuch" in one
    assert one != many
    with translation.override("fr"):  # none is one, in French
        none, two = (ngettext("%(count)s found", "%(count)s found", n) for n in (0, 2))
    assert (none, two) == ("%(count)s trouvé", "%(count)s trouvés")


# --- one's own language -------------------------------------------------------------------------


def html_language(answer: Any) -> str:
    return str(answer.content.decode().split('<html lang="')[1].split('"')[0])


@pytest.fixture
def person(db: None) -> User:
    return UserFactory(role="operator", password=PASSWORD)


def test_the_sign_in_page_takes_the_browsers_language_until_one_is_chosen(db: None) -> None:
    client = Client(headers={"accept-language": "de-AT,de;q=0.9"})
    assert html_language(client.get("/sign-in/")) == "de"
    answer = client.post("/language/", {"language": "fr", "next": "/sign-in/"})
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    page = client.get("/sign-in/")
    assert html_language(page) == "fr"
    assert "Se connecter" in page.content.decode()
    assert not AuditEntry.objects.filter(action="people.language").exists()


def test_a_choice_is_kept_with_the_account_and_goes_before_the_browsers(person: User) -> None:
    client = Client(headers={"accept-language": "fr"})
    client.force_login(person)
    assert html_language(client.get("/work/")) == "fr"
    client.post("/language/", {"language": "de", "next": "/work/"})
    assert html_language(client.get("/work/")) == "de"
    assert accounts.of(person).language == "de"
    [entry] = AuditEntry.objects.filter(action="people.language")
    assert entry.changes == {"language": ["", "de"]}
    elsewhere = Client(headers={"accept-language": "es"})
    elsewhere.post("/sign-in/", {"username": person.username, "password": PASSWORD})
    assert html_language(elsewhere.get("/work/")) == "de"
    elsewhere.post("/sign-out/")
    assert html_language(elsewhere.get("/sign-in/")) == "es"


def test_only_languages_that_there_are_and_only_our_own_pages(person: User) -> None:
    client = Client()
    client.force_login(person)
    answer = client.post("/language/", {"language": "xx", "next": "https://example.com/"})
    assert answer["Location"] == "/"
    assert accounts.of(person).language == ""
    assert client.get("/language/").status_code == 405


def test_the_language_costs_no_statement(person: User) -> None:
    client, spent = Client(), []
    for language in ("", "de"):
        accounts.Account.objects.filter(user=person).update(language=language)
        client.force_login(person)
        with CaptureQueriesContext(connection) as found:
            assert html_language(client.get("/nowhere/")) == (language or "en")
        spent.append(len(found))
    assert spent[0] == spent[1]


def test_the_admin_follows(db: None) -> None:
    client = Client()
    qa = UserFactory(role="qa", is_staff=True)
    accounts.Account.objects.filter(user=qa).update(language="de")
    client.force_login(qa)
    page = client.get("/admin/").content.decode()
    assert '<html lang="de' in page
    assert not set(untranslated(page, "de"))


# --- records in one language --------------------------------------------------------------------


def test_a_refusal_is_said_in_the_readers_language_and_kept_in_the_installations(
    plant: Plant,
) -> None:
    lot = plant.lot(100, released=False)
    order = plant.order((lot.material, 60))
    client = Client(headers={"accept-language": "de"})
    client.force_login(plant.operator.user)
    given = {"demand": order.reference, "lot": lot.code, "lane": plant.l1.code, "quantity": "2,5"}
    page = client.post("/work/stage/", given).content.decode()
    kept = RefusedAttempt.objects.get()
    with translation.override("en"):
        assert str(kept.message).startswith(f"{lot} may not be used: quarantine")
    assert f"{lot} darf nicht verwendet werden" in page
    assert kept.message not in page
    assert kept.quantity == Decimal("2.5")


def test_the_installations_language_can_be_another(plant: Plant) -> None:
    lot = plant.lot(100, released=False)
    order = plant.order((lot.material, 60))
    line = staging.Staging(demand=order, lot=lot, lane=plant.l1)
    with (
        override_settings(LANGUAGE_CODE="de"),
        translation.override("en"),
        pytest.raises(verbs.Refused) as refused,
    ):
        verbs.carry_out(verbs.REGISTRY["stage"], [line], by=plant.operator, at=plant.now)
    assert "darf nicht verwendet werden" in RefusedAttempt.objects.get().message
    with translation.override("en"):
        assert "may not be used" in refused.value.text


def test_the_trail_names_things_in_one_language(plant: Plant) -> None:
    with translation.override("de"):
        lot = plant.lot(100)
        hold = plant.hold(lot=lot)
    entry = AuditEntry.objects.get(action="quality.release")
    assert "Freigabe" not in entry.subject
    assert Hold.objects.get() == hold


def test_places_that_the_product_sets_up_are_named_in_one_language(db: None) -> None:
    by = UserFactory(is_superuser=True, is_staff=True)
    client = Client(headers={"accept-language": "de"})
    client.force_login(by)
    client.post("/admin/inventory/site/add/", {
        "code": "NEW", "name": "Neues Werk", "time_zone": "Europe/Berlin", "is_active": "on",
        "gs1_prefix": "", "sscc_extension": "0", "reason": "Neubau",
    })  # fmt: skip
    names = set(Location.objects.filter(site__code="NEW").values_list("name", flat=True))
    assert names == {"Supplier", "Customer", "Production", "Scrap", "Variance"}


def test_the_api_answers_in_the_language_asked_for_with_the_same_codes(plant: Plant) -> None:
    lot = plant.lot(100, released=False)
    order = plant.order((lot.material, 60))
    said = {}
    for language in ("en", "de"):
        client = Client(headers={"accept-language": language})
        client.force_login(plant.operator.user)
        answer = client.post(
            "/api/v1/stage/",
            {"demand": order.reference, "lot": lot.code, "lane": plant.l1.code, "quantity": "2.5"},
            content_type="application/json",
        )
        assert answer.status_code == 409
        said[language] = answer.json()
    assert said["en"]["code"] == said["de"]["code"]
    assert "may not be used" in said["en"]["detail"]
    assert "darf nicht verwendet werden" in said["de"]["detail"]


# --- numbers, dates -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "typed", "meant"),
    [
        ("de", "12,5", "12.5"), ("de", "12.5", "12.5"), ("de", "1.250,5", "1250.5"),
        ("de", "1.250.000", "1250000"), ("de", "0.250", "0.250"), ("de", "1250", "1250"),
        ("de", "1,250", "1.250"), ("en", "12.5", "12.5"), ("en", "12,5", "12.5"),
        ("en", "1,250.5", "1250.5"), ("en", "1.250", "1.250"), ("fr", "1 250,5", "1250.5"),
        ("es", "-3,5", "-3.5"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_language_writes_it(language: str, typed: str, meant: str) -> None:
    with translation.override(language):
        assert NumberField().clean(typed) == Decimal(meant)


@pytest.mark.parametrize(
    ("language", "typed", "code"),
    [
        ("de", "1.250", "number_mistakable"), ("en", "1,250", "number_mistakable"),
        ("de", "1,2,5", "invalid"), ("de", "1.25.000", "invalid"), ("de", "1,250.5", "invalid"),
        ("en", "NaN", "invalid"), ("en", "1e9999999", "invalid"), ("en", "٣", "invalid"),
    ],
)  # fmt: skip
def test_what_could_be_two_numbers_or_none_is_refused(language: str, typed: str, code: str) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        NumberField().clean(typed)
    assert refused.value.code == code


def test_a_refused_number_says_how_to_write_either() -> None:
    with translation.override("de"), pytest.raises(ValidationError) as refused:
        NumberField().clean("1.250")
    [said] = refused.value.messages
    assert "1250" in said
    assert "1,25" in said


def test_forms_show_numbers_as_they_take_them(db: None) -> None:
    blank = form_for("receive")
    with translation.override("de"):
        drawn = str(blank(initial={"quantity": "1.125"})["quantity"])
        typed = str(blank({"quantity": "1,2,5"})["quantity"])
    assert 'value="1,125"' in drawn
    assert 'type="number"' not in drawn
    assert 'value="1,2,5"' in typed


def test_lines_keep_a_decimal_comma_together(db: None) -> None:
    field = form_for("create_demand").base_fields["requirements"]
    assert isinstance(field, LinesField)
    with translation.override("de"), pytest.raises(ValidationError) as refused:
        field.clean("NO-SUCH 12,5")
    assert "12,5" not in " ".join(refused.value.messages)  # the material is wrong, not the number


def test_quantities_and_times_in_the_readers_notation() -> None:
    at = datetime(2026, 5, 31, 14, 5, tzinfo=UTC)
    with translation.override("de"):
        assert "1.234,5" in quantity(Decimal("1234.5"), "KGM")
        assert "31. Mai 14:05" in due(at, done=True)
        assert str(wording.day_in_words(date(2026, 5, 31))) == "31.05.2026"
        assert str(wording.spelled(Decimal("2500.50"))) == "2500,5"
    with translation.override("en"):
        assert "1,234.5" in quantity(Decimal("1234.5"), "KGM")
        assert "31 May 14:05" in due(at, done=True)
        assert str(wording.moment_in_words(at)) == "2026-05-31 14:05 UTC"


def test_a_flow_takes_a_decimal_comma_and_asks_about_a_mistakable_number(plant: Plant) -> None:
    lot = plant.lot(5000)
    order = plant.order((lot.material, 3000))
    client = Client(headers={"accept-language": "de", "hx-request": "true"})
    client.force_login(plant.operator.user)
    known = {"demand": order.reference, "lot": lot.code, "source": plant.a1.code}
    taken = client.post("/guided/stage/", known | {"scan": "12,5"})
    assert "12,5" in taken.content.decode()
    assert 'value="12.5"' in taken.content.decode()  # for programs
    asked = client.post("/guided/stage/", known | {"scan": "1.250"})
    assert asked.status_code == 422
    assert "1250 oder 1,25" in asked.content.decode()


def test_a_short_word_for_a_huge_number_stays_short() -> None:
    assert len(str(wording.spelled(Decimal("1E+999999")))) < 50


def test_files_stay_as_programs_read_them(plant: Plant) -> None:
    lot = plant.lot("2.5", expires_in=90)
    client = Client(headers={"accept-language": "de"})
    client.force_login(plant.operator.user)
    answer = client.get("/stock/?by=lot&download=csv")
    content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    [row] = [line for line in content.splitlines() if lot.code in line]
    assert ",2.5" in row
    assert str(lot.expires_on) in row


# --- pages --------------------------------------------------------------------------------------

PAGES = (
    "/", "/ready/", "/demands/", "/demands/PO-1/", "/as-it-stood/",
    "/as-it-stood/demands/PO-1/", "/work/", "/work/receive/", "/work/stage/",
    "/work/record-inspection/", "/work/create-demand/", "/guided/stage/?demand=PO-1",
    "/guided/count/", "/picks/?demand=PO-1", "/lots/", "/lots/{lot}/", "/lots/{lot}/genealogy/",
    "/lots/{lot}/dossier/", "/stock/", "/stock/?by=lot", "/locations/", "/locations/{place}/",
    "/materials/{material}/", "/alerts/", "/notices/", "/notices/settings/", "/pulls/",
    "/unstage-list/", "/worklist/", "/numbers/", "/numbers/report/", "/refused-attempts/",
    "/audit/",
    "/audit/export/", "/labels/", "/account/", "/admin/", "/admin/inventory/lot/",
    "/admin/inventory/movement/", "/admin/staging/demand/", "/admin/quality/ruleset/",
)  # fmt: skip
DATA = {"Supplier", "Customer", "Production", "Scrap", "Variance", "Quality", "Admin"}
"""Names that stand in the database: of places and roles."""


def test_no_page_is_left_in_english(plant: Plant) -> None:
    lot = plant.lot("2.5", expires_in=90)
    order = plant.order((lot.material, 1), reference="PO-1")
    plant.stage(order, lot, quantity=Decimal("0.5"))
    plant.hold(lot=lot, reason="riecht")
    client = Client(headers={"accept-language": "de"})
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    left = {}
    for path in PAGES:
        named = path.format(lot=lot.pk, place=plant.l1.code, material=lot.material.code)
        answer = client.get(named, follow=True)
        assert answer.status_code == 200, named
        page = answer.content.decode()
        assert '<html lang="de' in page
        if found := set(untranslated(page, "de")) - DATA:
            left[named] = found
    assert not left


def test_scripts_take_their_words_from_the_page(plant: Plant) -> None:
    lot = plant.lot(100)
    order = plant.order((lot.material, 60), reference="PO-1")
    plant.stage(order, lot, quantity=5)
    client = Client(headers={"accept-language": "de"})
    client.force_login(plant.operator.user)
    page = client.get("/work/receive/").content.decode()
    [label] = (entry.said[0] for entry in catalogue("de") if entry.text == "Type it by hand")
    assert f'data-keyboard-label="{label}"' in page
    lane = client.get(f"/locations/{plant.l1.code}/").content.decode()
    assert "overdue" not in lane.replace("lot_overdue", "")


# --- the site's clock ---------------------------------------------------------------------------


@pytest.fixture
def in_berlin(plant: Plant) -> Plant:
    Site.objects.update(time_zone="Europe/Berlin")
    plant.site.refresh_from_db()
    return plant


def test_times_are_typed_and_shown_by_the_clock_of_the_site(in_berlin: Plant) -> None:
    material = in_berlin.material()
    client = Client()
    client.force_login(UserFactory(role="supervisor"))
    given = {
        "reference": "PO-7", "kind": "production", "site": in_berlin.site.code,
        "needed_at": "2031-07-01T14:00", "requirements": f"{material.code} 5",
    }  # fmt: skip
    answer = client.post("/work/create-demand/", given)
    assert answer.status_code == 302, answer.content.decode()
    demand = Demand.objects.get(reference="PO-7")
    assert demand.needed_at == datetime(2031, 7, 1, 12, tzinfo=UTC)
    assert "1 Jul 14:00" in client.get("/demands/PO-7/").content.decode()
    assert "1 Jul 14:00" in client.get(f"/ready/?site={in_berlin.site.code}").content.decode()
    assert "1 Jul 12:00" in client.get("/ready/").content.decode()


def test_a_time_that_the_site_never_sees_is_refused(in_berlin: Plant) -> None:
    order = in_berlin.order((in_berlin.material(), 5), reference="PO-7")
    blank = form_for("change_demand")
    form = blank({"demand": order.reference, "reason": "later", "needed_at": "2031-03-30T02:30"})
    assert [error.code for error in form.errors.as_data()["needed_at"]] == ["ambiguous_timezone"]


def test_a_place_shows_its_own_time(in_berlin: Plant) -> None:
    lot = in_berlin.lot(100)
    in_berlin.stage(in_berlin.order((lot.material, 60)), lot, quantity=5)
    client = Client()
    client.force_login(in_berlin.operator.user)
    page = client.get(f"/locations/{in_berlin.l1.code}/").content.decode()
    offsets = set(re.findall(r'<time datetime="[^"]+([+-]\d\d:\d\d)"', page))
    assert offsets in ({"+01:00"}, {"+02:00"})


@pytest.mark.parametrize("name", ["", "No/Where", "../etc"])
def test_a_zone_that_nobody_knows_is_the_installations(name: str) -> None:
    assert zone_named(name) == timezone.get_default_timezone()
