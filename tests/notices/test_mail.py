"""E-mail about alerts, on a real mail server: at once, as a digest, in quiet hours, in a storm."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from integration.models import Notice, NoticeChoice, NoticeMail, NoticeRule
from integration.notices import packing, sending, telling
from inventory import accounts
from inventory.audit import Actor
from inventory.models import AuditEntry, MailState, Surface
from inventory.post import sending as post
from staging.models import AlertReason
from tests.factories import LocationFactory, SiteFactory
from tests.notices.conftest import Scene, person
from tests.notices.mailbox import Mailbox

pytestmark = pytest.mark.django_db

HANDED_OVER = 10
"""Statements of packing, however many people and notices."""


def test_at_once(scene: Scene, mailbox: Mailbox) -> None:
    supervisor = person("supervisor", first_name="Ada")
    alert = scene.raise_one()
    assert scene.beat() == 1
    [mail] = mailbox.taken
    assert mail["To"] == supervisor.email
    assert mail["Subject"] == f"Forestage: Critical: Staged for too long, {scene.plant.l1.code}"
    assert mail["Message-ID"] == f"<{scene.mail().number}@localhost>"
    assert mail["List-Unsubscribe"] == "<https://forestage.example.com/notices/settings/>"
    assert alert.lot
    for kind in ("plain", "html"):
        assert alert.lot.code in mailbox.text(kind=kind)
        assert "https://forestage.example.com/alerts/" in mailbox.text(kind=kind)
    assert scene.beat() == 0
    assert scene.mail().state == MailState.SENT


def test_a_digest_at_its_time_has_what_is_still_open_the_worst_first(
    scene: Scene, mailbox: Mailbox
) -> None:
    person("supervisor")
    early = scene.raise_one(AlertReason.WITHOUT_DEMAND)
    scene.raise_one(AlertReason.WITHOUT_DEMAND)
    scene.raise_one(AlertReason.WITHOUT_DEMAND)
    closed = scene.raise_one(AlertReason.DWELL_WARNING, at=scene.plant.l2)
    assert scene.beat() == 0
    scene.wait(hours=4, minutes=59)
    critical = scene.raise_one(at=scene.plant.dock)
    scene.step(critical, "escalated", 2)
    scene.close(closed)
    NoticeChoice.objects.update(critical=2)
    assert scene.beat() == 1  # the critical one, at once
    scene.wait(minutes=2)
    assert scene.beat() == 1
    assert mailbox.taken[-1]["Subject"] == "Forestage: 3 open alerts"
    text = mailbox.text()
    assert "In a lane without a demand, " + scene.plant.l1.code + " (3)" in text
    assert early.lot
    assert early.lot.code in text
    assert "Staged for long" not in text
    assert scene.mail().told == 3


def test_what_closed_meanwhile_is_not_told(scene: Scene, mailbox: Mailbox) -> None:
    person("supervisor")
    alert = scene.raise_one(AlertReason.WITHOUT_DEMAND)
    scene.beat()
    scene.close(alert)
    scene.wait(hours=6)
    assert scene.beat() == 0
    assert (scene.mail().state, mailbox.taken) == (MailState.NEEDLESS, [])


def test_quiet_hours_hold_it_back_and_it_comes_as_one(scene: Scene, mailbox: Mailbox) -> None:
    supervisor = person("supervisor")
    quiet = {"quiet_from": "20:00", "quiet_until": "07:00", "own_quiet": True}
    NoticeChoice.objects.create(user=supervisor, **quiet)
    scene.wait(hours=12)  # 21:00
    for reason in (AlertReason.DWELL_CRITICAL, AlertReason.LOT_ON_HOLD):
        scene.raise_one(reason)
        assert scene.beat() == 0
        scene.wait(hours=4)
    assert scene.beat() == 0  # 05:00
    scene.wait(hours=2)
    assert scene.beat() == 1
    assert mailbox.taken[0]["Subject"] == "Forestage: 2 open alerts, 2 critical"


def test_what_is_critical_and_has_come_to_qa_breaks_them_where_that_is_wanted(
    scene: Scene, mailbox: Mailbox
) -> None:
    loud, asleep = person("qa"), person("qa")
    quiet = {"quiet_from": "20:00", "quiet_until": "07:00", "own_quiet": True}
    NoticeChoice.objects.create(user=loud, loud=True, **quiet)
    NoticeChoice.objects.create(user=asleep, **quiet)
    scene.wait(hours=12)
    scene.raise_one(level=3)
    assert scene.beat() == 1
    assert mailbox.addresses == [loud.email]


def test_no_storm(scene: Scene, mailbox: Mailbox, settings: Any) -> None:
    """Of one kind the first few at once, the others together; other kinds come through."""
    settings.NOTICE_STORM, settings.NOTICE_STORM_MINUTES = 3, 15
    person("supervisor")
    for _ in range(10):
        scene.raise_one()
        scene.beat()
        scene.wait(seconds=30)
    assert len(mailbox.taken) == 3
    scene.raise_one(AlertReason.LOT_EXPIRED)
    assert scene.beat() == 1
    scene.wait(minutes=16)
    assert scene.beat() == 1
    assert mailbox.taken[-1]["Subject"] == "Forestage: 7 open alerts, 7 critical"
    assert scene.beat() == 0


def test_many_at_once_are_one_mail(scene: Scene, mailbox: Mailbox) -> None:
    person("supervisor")
    for _ in range(8):
        scene.raise_one()
    assert scene.beat() == 1
    text = mailbox.text()
    assert "(8)" in text
    assert "and 3 more" in text


def test_in_the_language_of_whom_it_is_for(scene: Scene, mailbox: Mailbox) -> None:
    supervisor = person("supervisor")
    by = Actor(supervisor, Surface.BROWSER)
    accounts.choose_language(supervisor, "de", by=by, at=timezone.now())
    scene.raise_one()
    scene.beat()
    assert mailbox.taken[0]["Content-Language"] == "de"
    assert mailbox.taken[0]["Subject"].startswith("Forestage: Kritisch: ")
    assert "Hallo" in mailbox.text()


def test_by_the_clock_of_the_site_in_the_night_in_which_it_changes(
    scene: Scene, mailbox: Mailbox
) -> None:
    """From 22:00 until 06:00 in Berlin is seven hours in the night of 28 March 2026."""
    there = LocationFactory(
        site=SiteFactory(time_zone="Europe/Berlin"), kind="staging", purpose="kitting"
    )
    NoticeRule.objects.filter(role__name="supervisor").update(
        quiet_from="22:00", quiet_until="06:00"
    )
    person("supervisor")
    scene.clock.move_to("2026-03-28T21:30:00+00:00")
    scene.raise_one(at=there)
    assert scene.beat() == 0
    assert (
        Notice.objects.get(due_at__isnull=False).due_at.isoformat() == "2026-03-29T04:00:00+00:00"
    )
    scene.clock.move_to("2026-03-29T04:00:01+00:00")
    assert scene.beat() == 1


@pytest.mark.parametrize("lost", ["right", "account", "address", "interest", "site"])
def test_what_was_lost_between_raising_and_sending_is_not_sent(
    scene: Scene, mailbox: Mailbox, lost: str
) -> None:
    supervisor = person("supervisor")
    choice = NoticeChoice.objects.create(user=supervisor)
    scene.raise_one()
    telling.tell(timezone.now())
    packing.pack(timezone.now())
    if lost == "right":
        supervisor.groups.clear()
    elif lost == "account":
        supervisor.is_active = False
    elif lost == "address":
        supervisor.email = ""
    elif lost == "interest":
        NoticeChoice.objects.update(critical=1)
    else:
        choice.sites.add(SiteFactory())
    supervisor.save()
    assert sending.send_due() == 0
    assert (scene.mail().state, mailbox.taken) == (MailState.NEEDLESS, [])


def test_without_an_address_nothing_is_packed(scene: Scene, mailbox: Mailbox) -> None:
    supervisor = person("supervisor", email="")
    scene.raise_one()
    scene.beat()
    assert scene.told(supervisor)
    assert not NoticeMail.objects.exists()


# --- once, and what fails -------------------------------------------------------------------------


def test_a_server_that_is_down_is_tried_again_later_and_later(
    scene: Scene, mailbox: Mailbox, settings: Any
) -> None:
    person("supervisor")
    up = settings.EMAIL_PORT
    settings.EMAIL_PORT = 1
    scene.raise_one()
    waits = []
    for _ in range(5):
        assert scene.beat() == 0
        waits.append(scene.mail().next_attempt_at - timezone.now())
        scene.clock.move_to(scene.mail().next_attempt_at)
    assert waits == [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60)]
    assert "ConnectionRefusedError" in scene.mail().error
    settings.EMAIL_PORT = up
    assert scene.beat() == 1
    assert (scene.mail().state, scene.mail().attempts, scene.mail().error) == ("sent", 6, "")


def again(scene: Scene, by: Actor) -> int:
    return post.try_again(
        NoticeMail, mails=[scene.mail().pk], action="notices.try_again", by=by, at=timezone.now()
    )


def test_given_up_after_a_time_and_tried_again_by_hand(
    scene: Scene, mailbox: Mailbox, settings: Any
) -> None:
    supervisor = person("supervisor")
    up, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    scene.raise_one()
    began = timezone.now()
    while not NoticeMail.objects.given_up().exists():
        scene.beat()
        scene.wait(hours=1)
        assert timezone.now() < began + timedelta(hours=50)
    assert timezone.now() > began + timedelta(hours=44)
    settings.EMAIL_PORT = up
    assert scene.beat() == 0
    by = Actor(supervisor, Surface.ADMIN)
    assert again(scene, by) == 1
    assert scene.beat() == 1
    assert again(scene, by) == 0
    assert AuditEntry.objects.filter(action="notices.try_again").count() == 1


def test_an_address_that_is_refused_for_good_holds_up_nobody(
    scene: Scene, mailbox: Mailbox
) -> None:
    people = [person("supervisor") for _ in range(3)]
    mailbox.refusals = {"RCPT": [b"550 no such user\r\n"]}
    scene.raise_one()
    assert scene.beat() == 2
    [mail] = NoticeMail.objects.given_up()
    assert (mail.user, mail.error) == (people[0], "550 no such user")
    assert mailbox.addresses == [people[1].email, people[2].email]


def test_one_that_is_refused_for_now_is_tried_again(scene: Scene, mailbox: Mailbox) -> None:
    person("supervisor")
    mailbox.refusals = {"DATA": [b"451 later\r\n"]}
    scene.raise_one()
    assert scene.beat() == 0
    assert scene.mail().error == "451 later"
    scene.wait(minutes=1)
    assert scene.beat() == 1


def test_what_was_taken_before_the_line_broke_comes_again_under_the_same_number(
    scene: Scene, mailbox: Mailbox
) -> None:
    person("supervisor")
    mailbox.refusals = {"DATA": [b""]}
    scene.raise_one()
    assert scene.beat() == 0
    scene.wait(minutes=1)
    assert scene.beat() == 1
    assert len({mail["Message-ID"] for mail in mailbox.taken}) == 1
    assert len(mailbox.taken) == 2


def test_what_another_worker_sends_is_left_to_it(scene: Scene, mailbox: Mailbox) -> None:
    """Until it was killed, and its claim has run out."""
    supervisor = person("supervisor")
    scene.raise_one()
    telling.tell(timezone.now())
    packing.pack(timezone.now())
    assert post.claim(NoticeMail, timezone.now())
    assert sending.send_due() == 0
    assert again(scene, Actor(supervisor, Surface.ADMIN)) == 0
    scene.clock.shift(post.LEASE)
    assert sending.send_due() == 1


def test_what_comes_back_late_does_not_unsettle_what_another_did(
    scene: Scene, mailbox: Mailbox
) -> None:
    person("supervisor")
    scene.raise_one()
    telling.tell(timezone.now())
    packing.pack(timezone.now())
    slow = post.claim(NoticeMail, timezone.now())
    assert slow
    scene.clock.shift(post.LEASE)
    assert sending.send_due() == 1
    post.put_off(slow, OSError("timed out"))
    assert (scene.mail().state, scene.mail().error) == ("sent", "")


def test_packing_takes_the_same_statements_for_many(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        person("supervisor")
    for _ in range(6):
        scene.raise_one()
    telling.tell(timezone.now())
    with django_assert_num_queries(HANDED_OVER, exact=False):
        assert packing.pack(timezone.now()) == 12
    assert NoticeMail.objects.count() == 12
    assert not Notice.objects.wanting_mail().exists()
