"""Every list of the admin is a file as well."""

import csv
import io
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from inventory.admin.files import AsFile
from inventory.models import AuditEntry, Lot
from inventory.sheets.recorded import FINISHED
from tests.exports.conftest import content_of
from tests.plant import Plant
from tests.sheets import records_of

pytestmark = pytest.mark.django_db

LISTS = {one._meta.label_lower: desk for one, desk in admin.site._registry.items()}


def test_every_list_has_a_file() -> None:
    assert all(isinstance(desk, AsFile) for desk in LISTS.values())


@pytest.fixture
def chief(admin_client: Client, some: Plant) -> Client:
    return admin_client


@pytest.mark.parametrize("name", LISTS)
def test_the_file_holds_what_the_list_shows(chief: Client, name: str) -> None:
    desk: Any = LISTS[name]
    url = reverse(f"admin:{name.replace('.', '_')}_changelist")
    page = chief.get(url)
    shown = [row.pk for row in page.context["cl"].result_list]
    ask = chief.post if desk.leaves_on_record else chief.get
    file = content_of(ask(f"{url}?download=csv"))
    headings, *rows = csv.reader(io.StringIO(file.decode(), newline=""))
    grown = name == "inventory.auditentry"  # by the entries of the export
    assert len(rows) == page.context["cl"].queryset.count() - grown
    assert "<" not in "".join(headings)
    assert len(shown) == min(len(rows), desk.list_per_page) or grown
    if not grown:
        assert len(records_of(content_of(ask(f"{url}?download=xlsx")))) == len(rows)


def test_it_is_filtered_and_searched(chief: Client) -> None:
    url = reverse("admin:inventory_lot_changelist")
    some, *others = Lot.objects.all()
    assert others
    file = content_of(chief.get(f"{url}?q={some.number}&download=csv&p=3")).decode()
    assert some.code in file
    assert len(file.splitlines()) < len(others) + 2
    answer = chief.get(f"{url}?nonsense=1&download=csv")
    assert (answer.status_code, answer["Location"]) == (302, url)


def test_the_worklist_is_a_file_with_its_words(chief: Client) -> None:
    url = reverse("admin:inventory_lot_changelist")
    page = content_of(chief.get(f"{url}?work=awaiting&download=xlsx"))
    [first, *_others] = records_of(page)
    assert "Quarantine, Results awaited" in first.values()


def test_the_trail_leaves_on_record(chief: Client, everybody: Client) -> None:
    url = reverse("admin:inventory_auditentry_changelist")
    assert chief.get(f"{url}?download=csv").status_code == 405
    content_of(everybody.post(f"{url}?download=csv&surface__exact=api"))
    assert AuditEntry.objects.get(action=FINISHED).facts["filters"] == {"surface__exact": "api"}
