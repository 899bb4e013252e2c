"""A receiver gets everything in the end, in order, whatever becomes of it or of our workers."""

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration import tasks
from integration.feed import reading
from integration.models import Delivery, Ended, Parcel, Subscription
from integration.webhooks import actions, delivering, ending, schedule, sending, turns
from inventory.models import AuditEntry
from tests.plant import Plant
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Handler, Receiver, answers, hang_up, take, take_and_hang_up

pytestmark = pytest.mark.django_db


def feed_ids() -> list[str]:
    """Every event that there is, in the order of the feed."""
    return [event.id for event in reading.after(0, where=reading.Filters(), most=1000)]


def last_entry(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("pk")


class TestAReceiverThatWorks:
    def test_it_gets_what_happens_signed_once_and_in_order(
        self, hook: Hook, receiver: Receiver
    ) -> None:
        expected = hook.happen(5)
        assert len(expected) == 10
        assert hook.beat() == 1
        assert receiver.ids == expected
        assert receiver.connections == 1
        assert hook.row.position == reading.mark_now().newest
        assert hook.beat() == 0
        assert Delivery.objects.filter(outcome="taken", attempt=1, status=204).count() == 10

    def test_what_it_gets_is_the_event_of_the_feed(self, hook: Hook, receiver: Receiver) -> None:
        hook.happen()
        [event, *_] = reading.after(hook.row.position, where=reading.Filters(), most=1)
        hook.beat()
        said = receiver.taken[0]
        assert said.pop("timestamp") == said["time"]
        assert said == json.loads(json.dumps(event.cloudevent(), default=str))
        assert receiver.attempts[0]["webhook-id"] == event.id
        assert receiver.attempts[0]["user-agent"] == "Forestage"

    def test_it_gets_nothing_from_before(self, plant: Plant, hook: Hook) -> None:
        assert hook.left() == []

    def test_or_all_from_a_position_on(self, plant: Plant, hook: Hook, receiver: Receiver) -> None:
        hook.happen(2)
        row, secret = actions.subscribe(
            name="ERP", url=receiver.url, types=[], sites=[], contact="", after=0,
            by=hook.by, at=plant.now,
        )  # fmt: skip
        receiver.secrets = [secret]
        delivering.deliver(row.pk)
        assert receiver.ids == feed_ids()

    def test_it_gets_the_kinds_and_sites_it_wants(
        self, hook: Hook, receiver: Receiver, plant: Plant
    ) -> None:
        row = hook.row
        asked = {"name": row.name, "url": row.url, "contact": ""}
        hook.do(actions.change, **asked, types=["forestage.decision.*"], sites=[plant.site])
        hook.happen(2)
        hook.beat()
        assert {event["type"] for event in receiver.taken} == {"forestage.decision.release"}
        assert len(receiver.taken) == 2
        # What it does not want is passed over, and not looked at again.
        assert hook.row.position == reading.mark_now().newest

    def test_an_event_costs_two_statements(self, hook: Hook, receiver: Receiver) -> None:
        """And the transaction around them. The rest is the turn's, and the page's."""
        spent = []
        for lots in (1, 4):
            hook.happen(lots)
            hook.left()  # all has its position
            with CaptureQueriesContext(connection) as statements:
                delivering.deliver(hook.pk)
            spent.append(len(statements))
        assert len(receiver.taken) == 2 + 8
        assert spent[1] - spent[0] == (8 - 2) * 4

    def test_a_receiver_that_is_slow_lets_others_have_the_worker(
        self, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivering, "RUN_SECONDS", 0)
        expected = hook.happen(1)
        queued: list[int] = []
        monkeypatch.setattr(tasks.deliver, "delay", queued.append)
        assert tasks.deliver(hook.pk)
        assert (receiver.ids, queued) == (expected[:1], [hook.pk])


BAD: dict[str, Callable[[Handler], None]] = {
    "500": answers(500),
    "503 with Retry-After": answers(503, Retry_After="40"),
    "429": answers(429),
    "a redirect": answers(302, Location="/elsewhere"),
    "404": answers(404),
    "hung up": hang_up,
    "taken, and hung up": take_and_hang_up,
}


class TestAReceiverThatFails:
    @pytest.mark.parametrize("how", BAD)
    def test_it_gets_everything_in_the_end_and_in_order(
        self, how: str, hook: Hook, receiver: Receiver
    ) -> None:
        expected = hook.happen(2)
        receiver.next = [BAD[how]] * 3
        hook.beat()
        row = hook.row
        assert (row.failing_event, row.attempts) == (expected[0], 1)
        assert hook.beat() == 0  # not before its time
        for _ in range(3):
            assert hook.wait_for_next()
            hook.beat()
        assert list(dict.fromkeys(receiver.ids)) == expected
        assert receiver.ids[-4:] == expected
        row = hook.row
        assert (row.failing_since, row.failing_event, row.attempts) == (None, "", 0)
        again = Delivery.objects.filter(event=expected[0]).order_by("pk")
        assert [line.attempt for line in again] == [1, 2, 3, 4]
        ids = {headers["webhook-id"] for headers in receiver.attempts[:4]}
        assert ids == {expected[0]}

    def test_one_that_hangs_is_left(
        self, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected, done = hook.happen(1), Event()
        receiver.next = [lambda _handler: done.wait(60) and None]
        with monkeypatch.context() as impatient:
            impatient.setattr(sending, "TIMEOUT", 0.2)
            hook.beat()
        assert "no answer within" in Delivery.objects.get().error
        done.set()
        assert hook.wait_for_next()
        hook.beat()
        assert receiver.ids == expected

    def test_it_says_when(self, hook: Hook, receiver: Receiver) -> None:
        hook.happen()
        receiver.next = [answers(503, Retry_After="7200"), answers(429)]
        hook.beat()
        assert hook.row.next_attempt_at == timezone.now() + timedelta(hours=2)
        hook.wait_for_next()
        hook.beat()
        assert hook.row.next_attempt_at == timezone.now() + schedule.DELAYS[1]

    def test_others_do_not_wait_for_it(self, hook: Hook, receiver: Receiver) -> None:
        hook.happen()
        _row, secret = actions.subscribe(
            name="ERP", url=receiver.url, types=[], sites=[], contact="", after=0,
            by=hook.by, at=timezone.now(),
        )  # fmt: skip
        receiver.next = [answers(500)]
        receiver.secrets = [secret]
        assert hook.beat() == 2
        assert (hook.row.attempts, receiver.ids) == (1, feed_ids())

    def test_somebody_who_put_it_right_need_not_wait(self, hook: Hook, receiver: Receiver) -> None:
        expected = hook.happen()
        receiver.next = [answers(500)] * 4
        for _ in range(4):
            hook.beat()
            hook.wait_for_next()
        hook.do(actions.try_now)
        hook.beat()
        assert receiver.ids == expected
        assert last_entry("webhooks.try_now").facts == {"event": expected[0]}


def down_for_days(hook: Hook, receiver: Receiver) -> list[str]:
    """The receiver fails at every attempt of an event; what it should have had."""
    expected = hook.happen(2)
    receiver.otherwise = answers(500, b"out of order")
    began = timezone.now()
    hook.beat()
    while hook.wait_for_next():
        hook.beat()
    assert timezone.now() - began == timedelta(hours=75, minutes=35, seconds=5)
    assert len(receiver.attempts) == schedule.ATTEMPTS
    receiver.otherwise = None
    return expected


class TestAReceiverThatIsGivenUp:
    def test_its_owner_is_told_how_and_nothing_is_lost(
        self, hook: Hook, receiver: Receiver
    ) -> None:
        expected = down_for_days(hook, receiver)
        row = hook.row
        assert row.ended == Ended.FAILED
        entry = last_entry("webhooks.give_up")
        assert "answered 500" in entry.reason
        assert entry.facts["event"] == expected[0]
        hook.happen(1)
        assert hook.beat() == 0
        assert receiver.ids == []
        hook.do(actions.enable, resume="next", reason="put right")
        expected = hook.left()
        hook.beat()
        assert receiver.ids == expected
        assert Parcel.objects.dead().count() == 0
        assert Parcel.objects.get().taken_at

    def test_a_mail_goes_out_until_it_is_sent(
        self, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        down_for_days(hook, receiver)

        def down(self: Any, **_: Any) -> None:
            raise ConnectionRefusedError("no mail today")

        with monkeypatch.context() as broken:
            broken.setattr(mail.EmailMessage, "send", down)
            assert ending.tell_due(timezone.now()) == 0
        assert ending.tell_due(timezone.now()) == 0
        hook.wait(minutes=5)
        assert ending.tell_due(timezone.now()) == 1
        assert ending.tell_due(timezone.now()) == 0
        [sent] = mail.outbox
        assert sent.to == ["mes@example.com"]
        assert receiver.url in sent.body

    def test_the_event_can_be_left_behind_and_sent_later(
        self, hook: Hook, receiver: Receiver
    ) -> None:
        expected = down_for_days(hook, receiver)
        hook.do(actions.enable, resume="after", reason="this one is not wanted")
        hook.beat()
        assert receiver.ids == expected[1:]
        letter = Parcel.objects.dead().get()
        assert (letter.event, letter.error) == (expected[0], "answered 500")
        actions.send_again(letter=letter, by=hook.by, at=timezone.now())
        assert hook.beat() == 1
        assert receiver.ids == [*expected[1:], expected[0]]
        assert not Parcel.objects.dead().exists()
        assert last_entry("webhooks.send_again").facts["event"] == expected[0]

    def test_a_dead_letter_that_fails_again_stays_one(self, hook: Hook, receiver: Receiver) -> None:
        down_for_days(hook, receiver)
        receiver.next = [answers(400)]
        letter = Parcel.objects.dead().get()
        actions.send_again(letter=letter, by=hook.by, at=timezone.now())
        actions.send_again(letter=letter, by=hook.by, at=timezone.now())
        hook.beat()
        letter.refresh_from_db()
        assert (letter.taken_at, letter.asked_at, letter.error) == (None, None, "answered 400")
        assert hook.beat() == 0
        assert receiver.ids == []  # and the webhook itself is still disabled

    def test_gone_is_gone_at_once(self, hook: Hook, receiver: Receiver) -> None:
        expected = hook.happen(1)
        receiver.next = [take, answers(410)]
        hook.beat()
        assert hook.row.ended == Ended.GONE
        assert hook.beat() == 0
        assert not Parcel.objects.exists()
        hook.do(actions.enable, resume="next", reason="it is back")
        hook.beat()
        assert receiver.ids == expected

    def test_what_the_feed_forgot_is_no_secret(self, hook: Hook, receiver: Receiver) -> None:
        """A webhook that was away for longer says so, and somebody decides where it goes on."""
        hook.happen(2)
        hook.do(actions.disable, reason="holidays")
        mark = reading.mark_now()
        mark.forgotten = mark.newest - 1
        mark.save()
        with pytest.raises(actions.Refused) as refused:
            hook.do(actions.enable, resume="next", reason="back")
        assert refused.value.code == "webhook_place_lost"
        hook.do(actions.enable, resume="oldest", reason="back")
        hook.beat()
        assert receiver.ids == feed_from(mark.newest - 1)
        assert last_entry("webhooks.enable").facts["position"][1] == mark.newest - 1

    def test_nor_is_it_while_it_is_enabled(self, hook: Hook, receiver: Receiver) -> None:
        hook.happen(2)
        mark = reading.mark_now()
        mark.forgotten = mark.newest - 1
        mark.save()
        hook.beat()
        assert (hook.row.ended, receiver.attempts) == (Ended.PLACE_LOST, [])


def feed_from(position: int) -> list[str]:
    return [event.id for event in reading.after(position, where=reading.Filters(), most=100)]


class TestWorkers:
    def test_one_that_is_killed_in_the_middle_delivers_again(
        self, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the receiver took it, and before that was written down."""
        expected = hook.happen(2)

        class Killed(BaseException):
            pass

        def die(*_: Any, **__: Any) -> None:
            raise Killed

        with monkeypatch.context() as killed:
            killed.setattr(delivering, "_log", die)
            killed.setattr(turns.Turn, "give_back", lambda _turn: None)
            with pytest.raises(Killed):
                hook.beat()
        assert receiver.ids == expected[:1]
        assert hook.beat() == 0  # it still has the turn, as far as anybody knows
        hook.wait(seconds=turns.LEASE.total_seconds())
        hook.beat()
        assert receiver.ids == [expected[0], *expected]
        assert hook.row.lease is None

    def test_a_second_one_leaves_it_to_the_first(
        self, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = hook.happen(1)
        real, second = sending.Line.post, []

        def post(line: Any, *args: Any) -> Any:
            second.append(delivering.due(timezone.now()))
            second.append(turns.Turn.take(hook.pk, timezone.now()))
            return real(line, *args)

        monkeypatch.setattr(sending.Line, "post", post)
        hook.beat()
        assert second == [[], None] * 2
        assert receiver.ids == expected

    def test_one_that_lost_its_turn_writes_nothing(
        self, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As when somebody disables the webhook while an event is under way."""
        expected = hook.happen(2)
        real = sending.Line.post

        def post(line: Any, *args: Any) -> Any:
            answer = real(line, *args)
            hook.do(actions.disable, reason="stop")
            return answer

        with monkeypatch.context() as slow:
            slow.setattr(sending.Line, "post", post)
            hook.beat()
        assert receiver.ids == expected[:1]
        assert hook.left() == expected
        hook.do(actions.enable, resume="next", reason="go")
        hook.beat()
        assert receiver.ids == [expected[0], *expected]

    def test_a_task_that_comes_twice_finds_nothing_to_do(
        self, hook: Hook, receiver: Receiver
    ) -> None:
        expected = hook.happen(1)
        assert not tasks.deliver(hook.pk)
        assert not tasks.deliver(hook.pk)
        assert receiver.ids == expected
        assert not tasks.deliver(hook.pk + 1)

    def test_beat_starts_what_is_due(
        self, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queued: list[int] = []
        monkeypatch.setattr(tasks.deliver, "delay", queued.append)
        assert tasks.send_webhooks() == 0
        hook.happen(1)
        assert tasks.send_webhooks() == 1
        assert queued == [hook.pk]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_deliver_in_order(hook: Hook, receiver: Receiver) -> None:
    """Each event once, although every worker tries to have the turn all the time."""
    expected = hook.happen(12)
    receiver.next = [take, take, answers(500)]
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(8):
                for pk in delivering.due(timezone.now()):
                    delivering.deliver(pk)
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    for _ in range(2):
        workers = [Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        hook.wait_for_next()
    assert wrong == []
    assert receiver.ids == expected
    assert Subscription.objects.get().lease is None
