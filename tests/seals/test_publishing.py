"""Seals are sent out of the house, once each, however often the mail server is down."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from inventory import tasks
from inventory.models import Seal, SealNotice
from inventory.seals import publishing, verifying
from tests.plant import Plant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def addresses(settings: Any) -> None:
    settings.SEAL_EMAILS = ["qa@example.com", "notary@example.org"]
    settings.SEAL_EMAIL_HOURS = 24


def test_the_newest_seal_goes_to_everybody_once(under_seal: Plant) -> None:
    assert tasks.publish_seals() == 2
    newest = Seal.objects.newest()
    assert sorted(message.to for message in mail.outbox) == [
        ["notary@example.org"], ["qa@example.com"],
    ]  # fmt: skip
    assert all(newest.published_as in str(message.body) for message in mail.outbox)
    under_seal.lot(1)
    tasks.seal_records()
    assert tasks.publish_seals() == 0
    assert len(mail.outbox) == 2


def test_the_next_goes_after_the_interval_and_only_if_there_is_one(under_seal: Plant) -> None:
    assert tasks.publish_seals() == 2
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert tasks.publish_seals() == 0
        under_seal.lot(1)
        tasks.seal_records()
        assert tasks.publish_seals() == 2
    assert len(set(SealNotice.objects.values_list("sequence", flat=True))) == 2


def test_nothing_is_lost_while_the_mail_server_is_down(
    under_seal: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as down:
        down.setattr(EmailBackend, "send_messages", refuse)
        assert tasks.publish_seals() == 0
    assert SealNotice.objects.filter(sent_at=None, error__contains="refused").count() == 2
    assert tasks.publish_seals() == 0  # not again at once
    with time_machine.travel(timezone.now() + publishing.AGAIN):
        assert tasks.publish_seals() == 2
        assert tasks.publish_seals() == 0
    assert not SealNotice.objects.filter(sent_at=None).exists()
    assert len(mail.outbox) == 2


def refuse(*_: Any) -> int:
    raise ConnectionRefusedError("Connection refused")


def test_another_worker_takes_what_one_has_begun_only_when_it_vanished(under_seal: Plant) -> None:
    publishing.note_due(timezone.now())
    SealNotice.objects.update(tried_at=timezone.now())
    assert tasks.publish_seals() == 0
    with time_machine.travel(timezone.now() + publishing.AGAIN):
        assert tasks.publish_seals() == 2


def test_without_addresses_or_seals_nothing_is_sent(db: None, plant: Plant, settings: Any) -> None:
    assert tasks.publish_seals() == 0
    plant.lot(1)
    tasks.seal_records()
    settings.SEAL_EMAILS = []
    assert tasks.publish_seals() == 0
    assert mail.outbox == []


def test_what_was_sent_is_compared_with_the_chain(under_seal: Plant) -> None:
    tasks.publish_seals()
    assert verifying.verify().sound
    SealNotice.objects.update(hash="0" * 64)
    [finding] = verifying.verify().findings
    assert (finding.table, finding.number) == ("inventory.seal", Seal.objects.newest().sequence)
