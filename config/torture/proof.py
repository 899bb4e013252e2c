"""Open the books: the ledger is sound, and agrees with what every client was told.

Every request claims a moment of its own (`occurred_at`), and every client is a user of its own. So
each record of movements, balances' history and the audit trail leads back to one request, without
trusting the idempotency keys that are to be proved.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from config.torture import world
from config.torture.journal import Entry, Outcome, movements_of, read_all, was_done
from inventory import audit
from inventory.models import AuditEntry, IdempotencyKey, Movement
from inventory.units import plain
from staging import checks
from staging.alerting import clock
from staging.models import Alert

Asked = tuple[str, datetime]
"""A user's name and the moment that a request claimed: together, one request."""

NOT_EFFECTS = ("refused", "people.lock")
"""Entries of the audit trail that tell of what was not done, and what came of trying."""


@dataclass(slots=True)
class Effect:
    """What the database holds of one request."""

    movements: dict[int, Movement] = field(default_factory=dict)
    batches: set[UUID] = field(default_factory=set)
    entries: int = 0


def findings(entries: Iterable[Entry], clients: Iterable[str]) -> list[str]:
    """Everything that is wrong, in words; empty when all that the clients did is proved."""
    asked = {_asked(entry): entry for entry in entries}
    users = [world.username(client) for client in clients]
    effects = read_effects(users)
    return [
        *(f"ledger: {breach}" for breach in checks.breaches()),
        *_doubled_answers(asked.values()),
        *_effects(asked, effects),
        *_keys(asked, users),
        *_mistakes(asked.values()),
        *_alerts(),
        *_hung_sessions(),
    ]


def _asked(entry: Entry) -> Asked:
    return world.username(entry.client), datetime.fromisoformat(entry.request.at)


def read_effects(users: list[str]) -> dict[Asked, Effect]:
    """All movements and audit entries of the users, by the request that they lead back to."""
    found: dict[Asked, Effect] = defaultdict(Effect)
    movements = Movement.objects.filter(actor__username__in=users).select_related("actor", "lot")
    for row in movements.iterator(2000):
        effect = found[(row.actor.username, row.occurred_at)]
        effect.movements[row.pk] = row
        effect.batches.add(row.batch)
    trail = AuditEntry.objects.filter(actor__username__in=users).exclude(action__in=NOT_EFFECTS)
    for name, at, batch in trail.values_list("actor__username", "occurred_at", "batch").iterator():
        effect = found[(name, at)]
        effect.batches.add(batch)
        effect.entries += 1
    return found


def _doubled_answers(entries: Iterable[Entry]) -> Iterator[str]:
    """A repeated request got the answer of the first."""
    for entry in entries:
        answers = {json.dumps(found.content, sort_keys=True) for found in entry.acknowledged}
        if len(answers) > 1:
            yield f"answers: {entry.request.key} was answered in {len(answers)} ways"


def _effects(asked: dict[Asked, Entry], effects: dict[Asked, Effect]) -> Iterator[str]:
    """Each acknowledged request is in the books once, as answered; nothing else is."""
    for who, at in effects.keys() - asked.keys():
        yield f"effects: nobody asked for what {who} is said to have done at {at}"
    for which, entry in asked.items():
        name = f"{entry.request.key} ({entry.request.verb})"
        effect = effects.get(which)
        if entry.acknowledged:
            yield from _as_answered(name, entry.acknowledged[0].content, effect or Effect())
        elif effect and entry.has_last_word:
            yield f"effects: {name} was refused, and was done"
        elif effect:
            yield f"effects: {name} was never answered, and was done"


def _as_answered(name: str, answer: Any, effect: Effect) -> Iterator[str]:
    times = len(effect.batches) if effect.entries else 0
    if times != (1 if was_done(answer) else 0):
        yield f"effects: {name} was acknowledged, and was done {times} times"
    told = {row["id"]: row for row in movements_of(answer)}
    for pk in told.keys() - effect.movements.keys():
        yield f"effects: {name} was told of movement {pk}, which is not in the ledger"
    for pk in effect.movements.keys() - told.keys() if told else ():  # a split answers its lot
        yield f"effects: {name} was not told of movement {pk}, which is in the ledger"
    for pk in told.keys() & effect.movements.keys():
        row, said = effect.movements[pk], told[pk]
        if (row.kind, row.lot.code, plain(row.quantity), str(row.batch)) != (
            said["kind"], said["lot"], said["quantity"], said["batch"],
        ):  # fmt: skip
            yield f"effects: movement {pk} of {name} is not what was answered"


def _keys(asked: dict[Asked, Entry], users: list[str]) -> Iterator[str]:
    """A key is kept for each acknowledged request, with its answer, and for no other."""
    rows = IdempotencyKey.objects.filter(user__username__in=users, status__lt=400)
    kept = dict(rows.values_list("key", "answer").iterator())
    for entry in asked.values():
        answer = kept.pop(entry.request.key, None)
        told = entry.acknowledged[0].content if entry.acknowledged else None
        if answer != told:
            yield f"keys: {entry.request.key} is kept with another answer than was given"
    for key in kept:
        yield f"keys: {key} is kept, and nobody sent it"


def _mistakes(entries: Iterable[Entry]) -> Iterator[str]:
    """No mistake of the server's was seen, and nothing stayed without an answer."""
    for entry in entries:
        for found in entry.answers:
            if found.outcome == Outcome.FAILED:
                yield f"failed: {entry.request.key} ({entry.request.verb}): {found.content}"
            elif found.status in (401, 403) or found.code == "idempotency_key_reused":
                yield f"turned away: {entry.request.key}: {found.status} {found.code}"
        if not entry.has_last_word:
            yield f"unanswered: {entry.request.key} ({entry.request.verb})"


def _alerts() -> Iterator[str]:
    """The clock raised each alert once, and one more sweep finds nothing left to raise twice."""
    clock.sweep(by=audit.system(), at=timezone.now())
    again = clock.sweep(by=audit.system(), at=timezone.now())
    if again["raised"]:
        yield f"alerts: a sweep right after another raised {again['raised']}"
    missed = clock.sweep(by=audit.system(), at=timezone.now(), thorough=True)
    if missed["raised"] or missed["closed"]:
        yield f"alerts: looking at everything, a sweep found what the ones before missed: {missed}"
    seen = set()
    for alert in Alert.objects.open():
        place = (
            alert.reason, alert.commitment_id, alert.lot_id, alert.location_id, alert.demand_id,
        )  # fmt: skip
        if place in seen:
            yield f"alerts: {alert} is open twice"
        seen.add(place)


def _hung_sessions() -> Iterator[str]:
    """No session of PostgreSQL holds a transaction that nobody works on."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, state, wait_event, query FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " AND datname = current_database()"
            " AND (state LIKE 'idle in transaction%%' OR wait_event_type = 'Lock')"
            " AND xact_start < now() - interval '2 seconds'"
        )
        for row in cursor.fetchall():
            yield f"hung: session {row[0]} is {row[1]} ({row[2]}): {row[3]}"


def main(told: dict[str, Any]) -> int:
    """Prove the journals of a folder, and print what was found."""
    print(json.dumps(findings(read_all(Path(told["journals"])), told["clients"])))
    return 0
