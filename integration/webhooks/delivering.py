"""Sending what is due to one receiver, in the order of the feed, each event until it is taken.

An event counts as taken when the receiver has answered 2xx and that is written down. Whatever
happens in between, it is sent again: at least once, and never before the one that precedes it.
"""

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from time import monotonic

from django.db import transaction
from django.utils import timezone

from integration.feed import reading
from integration.feed.numbering import catch_up
from integration.models import Delivery, Ended, Outcome, Parcel, Subscription
from integration.webhooks import ending, messages, rights, schedule, secrets
from integration.webhooks.messages import Message
from integration.webhooks.sending import Answer, Line
from integration.webhooks.turns import Turn
from inventory import standard_webhooks
from inventory.errors import Refused
from inventory.wording import on_record

PAGE = 50
RUN_SECONDS = 60
"""After so long, other subscriptions get the worker before this one goes on."""


def due(at: datetime) -> list[int]:
    """The subscriptions that something may be sent to: a turn of each finds out."""
    catch_up()
    newest = reading.mark_now().newest
    rows = Subscription.objects.due(at).order_by("pk").with_news(newest)
    return list(rows.values_list("pk", flat=True))


def deliver(pk: int) -> bool:
    """Send what is due to a subscription; whether there is more. Harmless when it is done twice."""
    turn = Turn.take(pk, timezone.now())
    if turn is None:
        return False
    try:
        with Line(turn.subscription.url) as line:
            return _Delivery(turn, line).run()
    finally:
        turn.give_back()


class _Delivery:
    """One worker's turn at one subscription."""

    def __init__(self, turn: Turn, line: Line) -> None:
        self.turn, self.line = turn, line
        self.subscription = turn.subscription
        self.until = monotonic() + RUN_SECONDS
        self.secrets: list[str] = []

    def run(self) -> bool:
        """Whether there is more to send at once."""
        if not self._may() or not self._parcels():
            return False
        for event in self._events():
            if not self._event(messages.of_event(event)):
                return False
            if monotonic() > self.until:
                return True
        return False

    def _may(self) -> bool:
        """Whether anything is sent: not without its secret, nor what its owner may not view."""
        try:
            self.secrets = secrets.valid(self.subscription, timezone.now())
        except secrets.SecretLost:
            return self._stop(Ended.SECRET_LOST)
        if rights.lost(self.subscription):
            return self._stop(Ended.RIGHTS_LOST)
        return True

    @transaction.atomic
    def _stop(self, why: Ended) -> bool:
        """End it, unless it has been; what somebody wanted sent beside the feed is left too."""
        waiting = Parcel.objects.waiting().filter(subscription=self.subscription)
        with on_record():
            said = rights.in_words(self.subscription) if why == Ended.RIGHTS_LOST else ""
            waiting.update(asked_at=None, error=str(why.label))
        if self.subscription.disabled_at is None:
            ending.end(self.turn, why, said)
        return False

    def _parcels(self) -> bool:
        """Tests and replays that somebody asked for. False: leave it."""
        for parcel in Parcel.objects.waiting().filter(subscription=self.subscription):
            answer = self._send(messages.of_parcel(parcel))
            if not self._note_parcel(parcel, answer):
                return False
        subscription, now = self.subscription, timezone.now()
        waits = subscription.next_attempt_at and subscription.next_attempt_at > now
        return not (subscription.disabled_at or waits)

    def _events(self) -> Iterator[reading.Event]:
        """What is next, page after page."""
        where, more = messages.wanted(self.subscription), True
        while more:
            try:
                page = reading.page(self.subscription.position, where=where, most=PAGE)
            except Refused as refusal:
                ending.end(self.turn, Ended.PLACE_LOST, refusal.text)
                return
            if not self.turn.note():
                return
            yield from page.events
            # What nobody asked for is passed over, so that the next look does not begin with it.
            if page.cursor > self.subscription.position:
                self.turn.note(position=page.cursor)
            more = page.more

    def _event(self, message: Message) -> bool:
        """Send the next event. False where it was not taken, or the turn is lost."""
        answer = self._send(message)
        if answer.is_taken:
            return self._note_taken(message, answer)
        self._note_failed(message, answer)
        return False

    def _send(self, message: Message) -> Answer:
        """Sign and post it."""
        seconds, content = int(timezone.now().timestamp()), message.body.encode()
        signed = standard_webhooks.headers(self.secrets, message.number, seconds, content)
        return self.line.post(content, signed)

    @transaction.atomic
    def _note_taken(self, message: Message, answer: Answer) -> bool:
        failed_before = self.subscription.failing_event == message.event
        attempt = self.subscription.attempts + 1 if failed_before else 1
        now = timezone.now()
        _log(self.subscription, message, answer, at=now, attempt=attempt)
        is_ours = self.turn.note(
            position=message.position,
            succeeded_at=now,
            failing_since=None,
            failing_event="",
            attempts=0,
            next_attempt_at=None,
        )
        if is_ours and failed_before:
            dead = Parcel.objects.dead().filter(subscription=self.subscription)
            dead.filter(event=message.event).update(taken_at=now, asked_at=None, error="")
        return is_ours

    @transaction.atomic
    def _note_failed(self, message: Message, answer: Answer) -> None:
        subscription, now = self.subscription, timezone.now()
        again = subscription.failing_event == message.event
        attempts = subscription.attempts + 1 if again else 1
        is_gone = answer.status == HTTPStatus.GONE
        retry_after = answer.headers.get("retry-after", "")
        following = None if is_gone else schedule.next_attempt(
            attempts, now, status=answer.status, retry_after=retry_after
        )  # fmt: skip
        _log(subscription, message, answer, at=now, attempt=attempts, following=following)
        is_ours = self.turn.note(
            failing_since=subscription.failing_since or now,
            failing_event=message.event,
            attempts=attempts,
            next_attempt_at=following,
        )
        if not is_ours:
            return
        if is_gone:
            ending.end(self.turn, Ended.GONE, ending.words(answer))
        elif following is None:
            ending.give_up(subscription, message, said=ending.words(answer), at=now)
            ending.end(self.turn, Ended.FAILED, ending.words(answer))

    @transaction.atomic
    def _note_parcel(self, parcel: Parcel, answer: Answer) -> bool:
        """What became of a test or a replay. False where the receiver wants nothing any more."""
        now = timezone.now()
        _log(self.subscription, messages.of_parcel(parcel), answer, at=now, attempt=1)
        taken = now if answer.is_taken else None
        Parcel.objects.filter(pk=parcel.pk).update(
            asked_at=None, taken_at=taken, error="" if taken else ending.words(answer)
        )
        if answer.status == HTTPStatus.GONE and self.subscription.disabled_at is None:
            ending.end(self.turn, Ended.GONE, ending.words(answer))
            return False
        return self.turn.note()


def _log(
    subscription: Subscription,
    message: Message,
    answer: Answer,
    *,
    at: datetime,
    attempt: int,
    following: datetime | None = None,
) -> None:
    Delivery.objects.create(
        subscription=subscription,
        event=message.event,
        type=message.type,
        position=message.position,
        attempt=attempt,
        at=at,
        outcome=Outcome.TAKEN if answer.is_taken else Outcome.FAILED,
        status=answer.status,
        error=answer.error[:200],
        answer=answer.text,
        address=answer.address,
        milliseconds=round(answer.seconds * 1000),
        next_attempt_at=following,
    )
