"""Bringing a file in by the browser: who may, what is shown, and that applying does just that."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from integration.imports import admin_views
from inventory.models import AuditEntry, Material, Surface
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

GOOD = "code,name,kind,base_unit\nM-1,Sugar,raw,KGM\n"
MIXED = GOOD + "M-2,Oil,raw,XYZ\n"
URL = "/admin/import/"


@pytest.fixture
def supervisor(client: Client) -> Client:
    client.force_login(UserFactory(username="sana", role="supervisor", is_staff=True))
    return client


def upload(client: Client, text: str | bytes, kind: str = "materials", **more: Any) -> Any:
    data = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile("m.csv", data, content_type="text/csv")
    return client.post(URL, {"kind": kind, "file": file, **more})


def apply(client: Client, preview: Any) -> Any:
    return client.post(URL, {"previewed": preview.context["previewed"]})


@pytest.mark.parametrize(
    ("role", "is_staff", "status"),
    [
        ("supervisor", True, 200),
        ("supervisor", False, 302),
        ("auditor", True, 403),
        ("operator", False, 302),
        ("integrator", False, 302),
    ],
)
def test_who_may_open_it(client: Client, role: str, is_staff: bool, status: int) -> None:
    client.force_login(UserFactory(role=role, is_staff=is_staff))
    assert client.get(URL).status_code == status
    assert upload(client, GOOD).status_code == status
    # Who is not let into the admin is sent to its door, and told there.
    assert client.get(URL, follow=True).status_code == (200 if status == 200 else 403)


def test_quality_brings_policies_alone(client: Client) -> None:
    client.force_login(UserFactory(role="qa", is_staff=True))
    assert [kind.name for kind in client.get(URL).context["kinds"]] == ["dwell-policies"]
    assert upload(client, GOOD).status_code == 422


def test_nobody_opens_it_without_signing_in(client: Client) -> None:
    assert client.get(URL).status_code == 302


def test_preview_shows_each_bad_row_and_changes_nothing(supervisor: Client) -> None:
    page = upload(supervisor, MIXED)
    assert page.status_code == 200
    assert page.context["report"].counts()["created"] == 1
    body = page.content.decode()
    assert "unknown_code" in body
    assert "base_unit" in body
    assert not Material.objects.exists()


def test_applying_does_what_was_previewed_and_says_who(supervisor: Client) -> None:
    page = apply(supervisor, upload(supervisor, MIXED))
    assert page.context["report"].counts()["created"] == 1
    assert Material.objects.get().code == "M-1"
    entry = AuditEntry.objects.get(action="import.file")
    assert (entry.actor.username, entry.surface) == ("sana", Surface.IMPORT)


def test_applying_twice_changes_nothing_more(supervisor: Client) -> None:
    preview = upload(supervisor, GOOD)
    apply(supervisor, preview)
    assert apply(supervisor, preview).context["report"].counts()["unchanged"] == 1


def test_all_or_nothing_offers_nothing_to_apply(supervisor: Client) -> None:
    page = upload(supervisor, MIXED, all_or_nothing="on")
    assert page.context["report"].rolled_back
    assert "previewed" not in page.context


@pytest.mark.parametrize("data", [b"", b"\x89PNG\x00\x00", "code\nä\n".encode("latin-1")])
def test_wrong_file_is_refused(supervisor: Client, data: bytes) -> None:
    page = upload(supervisor, data)
    assert page.status_code == 422
    assert "previewed" not in page.context


def test_large_and_long_files_are_refused(
    supervisor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_views, "MOST_ROWS", 1)
    codes = [found.code for found in upload(supervisor, MIXED).context["report"].findings]
    assert codes == ["too_many_rows"]
    monkeypatch.setattr(admin_views, "LARGEST", 20)
    codes = [found.code for found in upload(supervisor, MIXED).context["report"].findings]
    assert codes == ["file_too_large"]


def test_form_errors_stand_beside_their_fields(supervisor: Client) -> None:
    page = supervisor.post(URL, {"kind": "secrets"})
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"kind", "file"}


def test_preview_of_somebody_else_is_not_applied(supervisor: Client) -> None:
    preview = upload(supervisor, GOOD)
    other = Client()
    other.force_login(UserFactory(role="supervisor", is_staff=True))
    assert apply(other, preview).status_code == 403
    assert not Material.objects.exists()


def test_tampered_preview_is_not_applied(supervisor: Client) -> None:
    page = supervisor.post(URL, {"previewed": "x" + upload(supervisor, GOOD).context["previewed"]})
    assert page.status_code == 422
    assert not Material.objects.exists()


def test_kinds_follow_permissions(client: Client) -> None:
    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="receive"))
    client.force_login(user)
    assert [kind.name for kind in client.get(URL).context["kinds"]] == ["stock"]
    assert upload(client, GOOD, kind="materials").status_code == 422


def test_template_is_an_empty_file_with_our_headers(supervisor: Client) -> None:
    answer = supervisor.get(reverse("import-csv-template", args=["stock"]))
    assert answer["Content-Type"].startswith("text/csv")
    assert answer.content.startswith(b"material,lot,quantity,")
    assert supervisor.get("/admin/import/nonsense.csv").status_code == 404
