"""What somebody was told, on pages, over the API and in the admin: their own and no other's."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from config import health
from config.clock import beat
from integration.models import Notice, NoticeChoice, NoticeMail, NoticeRule
from integration.notices import keeping, packing, telling
from inventory import sites
from inventory.models import AuditEntry, MailState
from tests.factories import LocationFactory, SiteFactory
from tests.notices.conftest import Scene, person

pytestmark = pytest.mark.django_db

LIST, SETTINGS = "/notices/", "/notices/settings/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def operator(scene: Scene) -> User:
    return person("operator")


def test_the_bell_counts_what_is_open_and_unread(scene: Scene, operator: User) -> None:
    client = signed_in(operator)
    assert client.get("/notices/count/").content == b""
    first, _second = scene.raise_one(level=1), scene.raise_one(level=1)
    scene.beat()
    assert client.get("/notices/count/").content == b"2"
    scene.close(first)
    assert client.get("/notices/count/").content == b"1"
    client.post("/notices/read/")
    assert client.get("/notices/count/").content == b""


def test_the_list_says_how_the_alert_stands_now(scene: Scene, operator: User) -> None:
    alert = scene.raise_one(level=1)
    scene.beat()
    client = signed_in(operator)
    page = client.get(LIST).content.decode()
    assert "Staged for too long" in page
    assert "Unread" in page
    assert "Open" in page
    scene.close(alert)
    assert "Closed" in client.get(LIST).content.decode()
    row = Notice.objects.get(user=operator)
    answer = client.post(f"/notices/{row.pk}/read/", {"open": "1"})
    assert answer["Location"].startswith("/alerts/")
    assert "No notification fits" in client.get(f"{LIST}?state=unread").content.decode()


def test_nobody_reads_or_marks_anothers(scene: Scene, operator: User) -> None:
    other = person("operator")
    scene.raise_one(level=1)
    scene.beat()
    row = Notice.objects.get(user=other)
    client, api = signed_in(operator), api_of(operator)
    assert client.post(f"/notices/{row.pk}/read/").status_code == 404
    assert api.get(f"/api/v1/notices/{row.pk}/").status_code == 404
    assert api.post("/api/v1/notices/read/", {"notices": [row.pk]}, format="json").json() == {
        "read": 0
    }
    row.refresh_from_db()
    assert row.read_at is None
    assert [one["id"] for one in api.get("/api/v1/notices/").json()["results"]] == [
        Notice.objects.get(user=operator).pk
    ]


def test_a_token_for_some_sites_sees_and_marks_theirs_alone(scene: Scene, operator: User) -> None:
    there = LocationFactory(site=SiteFactory(), kind="staging", purpose="kitting")
    scene.raise_one(level=1)
    scene.raise_one(level=1, at=there)
    scene.beat()
    sites.limit(operator, frozenset([there.site_id]))
    api = api_of(operator)
    assert [one["site"] for one in api.get("/api/v1/notices/").json()["results"]] == [
        there.site.code
    ]
    assert api.post("/api/v1/notices/read/", {}, format="json").json() == {"read": 1}
    assert Notice.objects.filter(user=operator, read_at=None).count() == 1


def test_a_choice_is_kept_and_recorded(scene: Scene, operator: User) -> None:
    client = signed_in(operator)
    given = {
        "critical": "3", "sites": [scene.plant.site.code], "own_quiet": "on",
        "quiet_from": "22:00", "quiet_until": "06:00", "quiet_days": ["1", "2"],
        "days_off": ["7"], "digest_times": "07:30", "time_zone": "Europe/Berlin", "loud": "1",
    }  # fmt: skip
    assert client.post(SETTINGS, given).status_code == 302
    row = NoticeChoice.objects.get(user=operator)
    assert (row.critical, row.warning, row.level, row.loud) == (3, None, None, True)
    assert (row.quiet_days, row.days_off, row.time_zone) == ("12", "7", "Europe/Berlin")
    entry = AuditEntry.objects.get(action="notices.choose")
    assert entry.changes["critical"] == [None, 3]
    assert entry.changes["sites"] == [[], [scene.plant.site.code]]
    page = client.get(SETTINGS).content.decode()
    assert 'value="07:30"' in page
    client.post(SETTINGS, given)
    assert AuditEntry.objects.filter(action="notices.choose").count() == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"days_off": list("1234567")}, "It would always be quiet"),
        ({"quiet_from": "22:00"}, "Say when quiet hours begin and when they end"),
        ({"digest_times": "noon"}, "Write up to 12 times of day"),
        ({"digest_times": "06:00+01:00"}, "without a zone"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    operator: User, given: dict[str, Any], said: str
) -> None:
    page = signed_in(operator).post(SETTINGS, given)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert not NoticeChoice.objects.exists()


def test_preferences_over_the_api(scene: Scene, operator: User) -> None:
    api, path = api_of(operator), "/api/v1/notice-preferences/"
    assert api.get(path).json()["critical"] is None
    given = {"critical": 2, "quiet_from": "22:00", "quiet_until": "06:00", "own_quiet": True}
    assert api.put(path, given, format="json").json()["quiet_from"] == "22:00"
    assert api.get(path).json()["critical"] == 2
    assert api.put(path, {"shout": True}, format="json").status_code == 400
    operator.groups.clear()
    operator.user_permissions.add(Permission.objects.get(codename="view_alert"))
    lesser = api_of(User.objects.get(pk=operator.pk))
    assert lesser.get(path).status_code == 200
    assert lesser.put(path, given, format="json").status_code == 403


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"time_zone": "Mars/Base"}, "unknown_zone", "time_zone"),
        ({"digest_times": "noon"}, "bad_times", "digest_times"),
        ({"own_quiet": True, "quiet_from": "22:00"}, "half_quiet", "quiet_until"),
        ({"own_quiet": True, "days_off": "1234567"}, "always_quiet", "days_off"),
        ({"sites": ["NOWHERE"]}, "unknown_code", "sites"),
    ],
)
def test_what_cannot_be_is_refused_by_its_code(
    scene: Scene, operator: User, given: dict[str, Any], code: str, field: str
) -> None:
    wrong = api_of(operator).put("/api/v1/notice-preferences/", given, format="json")
    told = wrong.json()["errors"][0]
    assert (wrong.status_code, told["code"], told["field"]) == (400, code, field)


def test_who_has_no_address_is_told_so_and_named_to_the_supervisor(scene: Scene) -> None:
    mute = person("qa", email="", username="quiet-one")
    assert "You have no e-mail address" in signed_in(mute).get(SETTINGS).content.decode()
    keeper = person("supervisor", is_staff=True)
    page = signed_in(keeper).get(reverse("admin:integration_noticerule_changelist"))
    assert "quiet-one" in page.content.decode()


def test_a_rule_is_changed_with_a_reason_and_recorded(scene: Scene) -> None:
    keeper, rule = person("supervisor", is_staff=True), NoticeRule.objects.get(role__name="qa")
    path = reverse("admin:integration_noticerule_change", args=[rule.pk])
    given = {
        "role": rule.role_id, "level": 2, "critical": 3, "warning": 2, "notice": 0,
        "digest_times": "08:00", "quiet_from": "", "quiet_until": "", "quiet_days": ["1"],
        "reason": "QA wants to know sooner",
    }  # fmt: skip
    assert signed_in(keeper).post(path, given).status_code == 302
    rule.refresh_from_db()
    assert (rule.level, rule.quiet_days) == (2, "1")
    entry = AuditEntry.objects.filter(action="master.change").latest("pk")
    assert entry.reason == "QA wants to know sooner"
    assert entry.changes["level"] == [3, 2]


def given_up(scene: Scene) -> NoticeMail:
    person("supervisor")
    scene.raise_one()
    telling.tell(timezone.now())
    packing.pack(timezone.now())
    NoticeMail.objects.update(state="given_up", settled_at=timezone.now(), error="550 no such user")
    return scene.mail()


def test_the_admin_shows_what_failed_and_tries_it_again(scene: Scene) -> None:
    mail, keeper = given_up(scene), person("supervisor", is_staff=True)
    path, chosen = reverse("admin:integration_noticemail_changelist"), {"_selected_action": mail.pk}
    client = signed_in(keeper)
    assert "550 no such user" in client.get(f"{path}?state=given_up").content.decode()
    asked = {"action": "try_again", **chosen}
    assert "tried again" in client.post(path, asked, follow=True).content.decode()
    mail.refresh_from_db()
    assert mail.state == MailState.WAITING
    reader = signed_in(person("auditor", is_staff=True))
    reader.post(path, asked)
    assert AuditEntry.objects.filter(action="notices.try_again").count() == 1


def test_health_names_mail_that_does_not_get_through(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beat, "set_up_at", lambda: timezone.now() - timedelta(days=1))

    def codes() -> set[str]:
        return {one["code"] for one in health.examine()["problems"] if one["part"] == "mail"}

    given_up(scene)
    assert codes() == {"mail_given_up"}
    NoticeMail.objects.update(state="waiting", settled_at=None)
    assert codes() == set()
    scene.wait(minutes=11)
    assert codes() == {"mail_fails"}


def test_what_is_old_is_taken_away_but_not_what_has_yet_to_be_sent(
    scene: Scene, operator: User
) -> None:
    supervisor = person("supervisor")
    scene.raise_one(level=2)
    telling.tell(timezone.now())
    packing.pack(timezone.now())
    scene.wait(days=31)
    assert keeping.trim(timezone.now()) == 2  # of the operators of the plant and the test
    assert list(Notice.objects.values_list("user", flat=True)) == [supervisor.pk]
    NoticeMail.objects.update(state="sent", settled_at=timezone.now())
    keeping.trim(timezone.now())
    assert not Notice.objects.exists()
    assert not NoticeMail.objects.exists()
