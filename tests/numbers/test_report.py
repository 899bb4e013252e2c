"""The weekly report: who gets it, that it goes out once, what it says, and its page."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from smtplib import SMTPRecipientsRefused
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import Account, AuditEntry, Site
from inventory.sites import limit
from staging import actions as staging
from staging import tasks
from staging.models import ReportChoice, ReportMail
from staging.numbers.daily.counting import count_day
from staging.report import choosing, sending
from staging.report.weeks import Week
from tests.admin.conftest import person
from tests.factories import UserFactory
from tests.plant import Plant
from tests.test_pages import main, reader, text

pytestmark = pytest.mark.django_db

UTC = ZoneInfo("UTC")
WEEK = Week(date(2026, 6, 1))
DUE = datetime(2026, 6, 8, 6, 0, tzinfo=UTC)
BEFORE, HOUR = DUE - timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def plant(plant: Plant) -> Plant:
    """One position stood for five hours on the Wednesday of the week, which is counted."""
    with time_machine.travel(datetime(2026, 6, 3, 8, 0, tzinfo=UTC)):
        material = plant.material(code="MAT-1", name="Sugar & salt")
        lot = plant.lot(50, material=material)
        order = plant.order((material, 40), reference="PO", needed_at=plant.now + 2 * HOUR)
        plant.stage(order, lot, quantity=40)
    with time_machine.travel(datetime(2026, 6, 3, 13, 0, tzinfo=UTC)):
        plant.do(staging.issue, staging.Issue(demand=order, lot=lot))
    for number in range(14):
        count_day(plant.site, WEEK.sunday - timedelta(days=number), at=DUE)
    return plant


def reads(role: str = "supervisor", **more: Any) -> User:
    user: User = UserFactory(role=role, **({"email": f"{role}@example.com"} | more))
    return user


def choose(plant: Plant, at: datetime = BEFORE, **what: Any) -> ReportChoice:
    with time_machine.travel(at, tick=False):
        return choosing.choose_report(**({"wanted": True} | what), by=plant.operator, at=at)


def run(at: datetime = DUE + HOUR) -> dict[str, int]:
    with time_machine.travel(at, tick=False):
        found: dict[str, int] = tasks.send_reports()
        return found


def addresses() -> list[str]:
    return sorted(one.to[0] for one in mail.outbox)


# --- who ----------------------------------------------------------------------------------------


def test_people_and_roles_are_chosen(plant: Plant) -> None:
    """A person's own choice counts before that of a role; who may not read, gets nothing."""
    supervisors = Group.objects.get(name="supervisor")
    other = reads(email="other@example.com")
    reads(email="refuses@example.com")
    reads(email="")
    reads(email="gone@example.com", is_active=False)
    qa, operator = reads("qa"), reads("operator")
    choose(plant, role=supervisors)
    choose(plant, user=User.objects.get(email="refuses@example.com"), wanted=False)
    choose(plant, user=qa)
    choose(plant, user=operator)
    choose(plant, DUE + HOUR / 2, user=reads("auditor"))  # after it was due: the next one
    assert run() == {"noted": 2, "sent": 2}
    assert addresses() == ["other@example.com", "qa@example.com"]
    assert {row.address for row in ReportMail.objects.filter(state="sent")} == set(addresses())
    assert other.pk in set(ReportMail.objects.values_list("user", flat=True))


def test_a_choice_is_on_record(plant: Plant) -> None:
    user = reads()
    choose(plant, user=user, sites=[plant.site])
    choose(plant, user=user, sites=[plant.site])
    choose(plant, user=user, wanted=False, sites=[plant.site])
    entries = AuditEntry.objects.filter(action="staging.choose_report").order_by("pk")
    assert [entry.changes for entry in entries] == [
        {"wanted": [None, True], "sites": [None, [plant.site.code]]}, {"wanted": [True, False]}
    ]  # fmt: skip


def test_the_sites_of_several_roles_are_taken_together(plant: Plant) -> None:
    other, third = Plant().site, Plant().site
    user = reads()
    user.groups.add(Group.objects.get(name="qa"))
    choose(plant, role=Group.objects.get(name="supervisor"), sites=[plant.site])
    choose(plant, role=Group.objects.get(name="qa"), sites=[other])
    assert choosing.sites_for(user) == sorted([plant.site, other], key=lambda site: site.code)
    choose(plant, user=user)
    assert third in choosing.sites_for(user)
    limit(user, frozenset({third.pk}))
    assert choosing.sites_for(user) == [third]


# --- once ---------------------------------------------------------------------------------------


def test_it_goes_out_once(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else runs the task, also while the mail is on its way."""
    choose(plant, user=reads())
    send = mail.EmailMultiAlternatives.send

    def meanwhile(message: Any) -> Any:
        assert sending.send_due(DUE + HOUR) == {"noted": 0, "sent": 0}
        return send(message)

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", meanwhile)
    assert run()["sent"] == 1
    assert [run(DUE + HOUR * n)["sent"] for n in (1, 2, 30)] == [0, 0, 0]
    assert len(mail.outbox) == 1


def test_one_that_is_refused_for_now_holds_up_nobody_and_is_tried_again(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(plant, user=reads())
    choose(plant, user=reads("qa"))
    send = mail.EmailMultiAlternatives.send

    def full(message: Any) -> Any:
        if message.to == ["supervisor@example.com"]:
            raise SMTPRecipientsRefused({"supervisor@example.com": (452, b"mailbox full")})
        return send(message)

    with monkeypatch.context() as broken:
        broken.setattr(mail.EmailMultiAlternatives, "send", full)
        assert run() == {"noted": 2, "sent": 1}
        assert ReportMail.objects.get(state="waiting").attempts == 1
        run()
    row = ReportMail.objects.get(state="waiting")
    assert (row.attempts, row.error) == (1, "452 mailbox full"), "not at once"
    assert run(DUE + 2 * HOUR) == {"noted": 0, "sent": 1}
    assert addresses() == ["qa@example.com", "supervisor@example.com"]


def test_one_that_cannot_be_written_holds_up_nobody(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = reads()
    choose(plant, user=user)
    choose(plant, user=reads("qa"))
    gather = sending.gather

    failures = [LookupError("a day is missing")]

    def broken(*about: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return gather(*about, **more)

    monkeypatch.setattr(sending, "gather", broken)
    assert run() == {"noted": 2, "sent": 1}
    assert ReportMail.objects.get(user=user).error == "LookupError: a day is missing"


def test_who_may_not_read_it_any_more_does_not_get_it(plant: Plant) -> None:
    user = reads()
    choose(plant, user=user)
    with time_machine.travel(DUE + HOUR, tick=False):
        assert sending.note_due(DUE + HOUR) == 1
    user.groups.clear()
    assert run()["sent"] == 0
    row = ReportMail.objects.get()
    assert (row.state, row.error) == (
        "needless", "The person may not read the numbers any more."
    )  # fmt: skip


def test_it_waits_for_its_time_and_its_days(plant: Plant) -> None:
    """A site whose Sunday has not been counted holds it up; after a day it says so instead."""
    Plant()
    choose(plant, user=reads())
    assert run(DUE - HOUR)["noted"] == 0
    assert run(DUE + HOUR)["noted"] == 0
    assert run(DUE + 25 * HOUR)["sent"] == 1
    assert "Days of this week that have not been counted: 7." in mail.outbox[0].body


def test_after_weeks_away_only_the_last_goes_out(plant: Plant) -> None:
    choose(plant, user=reads())
    assert run(DUE + timedelta(days=22))["sent"] == 1
    assert ReportMail.objects.get().week == date(2026, 6, 22)


# --- what it says -------------------------------------------------------------------------------


def parts(message: Any) -> tuple[str, str, bytes]:
    [(html, _kind)] = message.alternatives
    [(name, pdf, kind)] = message.attachments
    assert (name, kind) == ("forestage-2026-W23.pdf", "application/pdf")
    return message.body, html, pdf


def test_it_says_the_same_in_text_html_and_pdf(plant: Plant, settings: Any) -> None:
    settings.PUBLIC_URL = "https://stage.example.com"
    choose(plant, user=reads(), sites=[plant.site])
    other = Plant()
    run()
    [message] = mail.outbox
    plain, html, pdf = parts(message)
    assert message.subject == "Forestage: Weekly report 2026-W23"
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    for said in (plain, html):
        for word in ("5 h", "Positions left", "worse" if "worse" in said else "100 %",
                     "https://stage.example.com/numbers/report/?week=2026-W23"):  # fmt: skip
            assert word in said
        assert other.site.code not in said
    assert "MAT-1 Sugar & salt" in plain
    assert "MAT-1 Sugar &amp; salt" in html
    assert "<img" not in html
    assert "<script" not in html
    assert "<style" not in html
    assert pdf.startswith(b"%PDF")


def test_it_is_in_the_language_of_who_gets_it(plant: Plant) -> None:
    user = reads()
    Account.objects.filter(user=user).update(language="de")
    choose(plant, user=user)
    run()
    plain, html, _pdf = parts(mail.outbox[0])
    assert "Hälfte ging ab binnen: 5 h" in plain
    assert '<html lang="de">' in html
    assert "Wochenbericht 2026-W23" in mail.outbox[0].subject
    assert "Week before" not in html


# --- its page -----------------------------------------------------------------------------------


@pytest.fixture
def now(plant: Plant) -> Any:
    with time_machine.travel(DUE + HOUR, tick=False):
        yield


@pytest.mark.parametrize("role", ["operator", "supervisor", "qa", "auditor", ""])
def test_who_reads_it(now: None, role: str) -> None:
    client = reader(role)
    status = {"operator": 403, "": 302}.get(role, 200)
    assert client.get("/numbers/report/").status_code == status
    assert client.get("/numbers/report.pdf").status_code == status


def test_any_week_that_is_over_has_a_page(now: None, plant: Plant) -> None:
    client = reader("supervisor")
    page = main(client.get("/numbers/report/"))
    assert "Weekly report 2026-W23" in page
    assert "<strong>5 h</strong>" in page
    assert "?week=2026-W22" in page
    assert "?week=2026-W24" not in page
    assert "style=" not in page
    file = client.get("/numbers/report.pdf?week=2026-W22")
    assert file["Content-Disposition"] == 'attachment; filename="forestage-2026-W22.pdf"'
    assert b"".join(file).startswith(b"%PDF")  # type: ignore[arg-type]
    assert "Nothing is kept" in main(client.get("/numbers/report/?week=2020-W01"))
    for wrong in ("2026-W24", "2026-W60", "soon", "9999-W01"):
        assert client.get("/numbers/report/", {"week": wrong}).status_code == 404
        assert client.get("/numbers/report.pdf", {"week": wrong}).status_code == 404


def test_one_chooses_on_the_page(now: None, plant: Plant) -> None:
    client = reader("supervisor")
    Plant()
    page = client.get("/numbers/report/").content.decode()
    assert "has no e-mail address" in page
    answer = client.post(
        "/numbers/report/", {"wanted": "on", "sites": [plant.site.pk]}, follow=True
    )
    assert "no e-mail address yet" in text(answer)
    [choice] = ReportChoice.objects.all()
    assert (choice.wanted, list(choice.sites.all())) == (True, [plant.site])
    assert Site.objects.count() == 2
    assert main(answer).count('id="site-') == 1
    client.post("/numbers/report/", {"sites": []})
    choice.refresh_from_db()
    assert choice.wanted is False
    assert client.post("/numbers/report/", {"sites": ["no"]}).status_code == 200


def test_statements_do_not_grow(now: None, plant: Plant) -> None:
    client = reader("supervisor")

    def spent(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    report = spent("/numbers/report/")
    trends = spent("/numbers/trends/?by=material&until=2026-06-07")
    for number in range(4):
        order = plant.order((plant.material(), Decimal(5)), needed_at=plant.now)
        lot = plant.lot(10, material=order.requirements.get().material)
        plant.stage(order, lot, quantity=5)
        plant.do(staging.issue, staging.Issue(demand=order, lot=lot))
        count_day(plant.site, date(2026, 6, 8 - number), at=DUE)
    assert spent("/numbers/report/") == report <= 30
    assert spent("/numbers/trends/?by=material&until=2026-06-07") == trends <= 14


# --- in the admin -------------------------------------------------------------------------------


def test_it_is_chosen_for_a_role_and_sent_again_in_the_admin(plant: Plant, client: Client) -> None:
    reads()
    client.force_login(person("supervisor"))
    role = Group.objects.get(name="supervisor")
    with time_machine.travel(BEFORE):
        answer = client.post(
            reverse("admin:staging_reportchoice_add"),
            {"user": "", "role": role.pk, "wanted": "on", "sites": []},
        )
        assert answer.status_code == 302, re.findall(r"errorlist.*?</ul>", text(answer))
        wrong = client.post(reverse("admin:staging_reportchoice_add"), {"wanted": "on"})
        assert "Choose a person or a role" in text(wrong)
    assert AuditEntry.objects.filter(action="staging.choose_report").count() == 1
    run()
    row = ReportMail.objects.get(address="supervisor@example.com")
    path = reverse("admin:staging_reportmail_changelist")
    assert "Sent" in text(client.get(path))
    with time_machine.travel(DUE + HOUR):
        client.post(path, {"action": "try_again", "_selected_action": [row.pk]})
    assert run(DUE + 2 * HOUR)["sent"] == 1
    assert AuditEntry.objects.filter(action="staging.send_report_again").count() == 1
    assert len({one.extra_headers["Message-ID"] for one in mail.outbox}) == 2
    client.force_login(person("auditor"))
    assert client.get(path).status_code == 200
    assert "try_again" not in text(client.get(path))
