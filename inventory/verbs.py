"""The table of verbs: what the surfaces offer. Each app registers its own.

A verb binds an action to the line it takes. Form, serializer, API path, permission and menu entry
follow from it, so that every surface offers the same fields and calls the same function.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.transaction import Atomic
from django.utils.translation import gettext_lazy as _

from inventory import accounts, attempts, idempotency, preconditions, sites
from inventory.answers import answer_by_line, answer_of
from inventory.audit import Actor
from inventory.deprecation import Deprecated
from inventory.errors import Refused
from inventory.fields import LineField, Words, line_fields
from inventory.partial import Unread, try_lines
from inventory.rehearsal import rolled_back


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done. `run(lines=…, by=…, at=…)` does it.

    `everywhere` where it concerns things wherever they stand: all of a lot, at whatever site.
    `by_text` where its action itself finds what texts of a line name, as other systems call it.
    `changes` is the field that names the one thing which a line changes, where there is one: its
    state can be expected (see `preconditions`), and its action says when it is locked.
    """

    app: str
    name: str
    label: Words
    run: Callable[..., Any]
    line: type[Any]
    icon: str = "arrow-right"
    help: Words = ""
    group: Words = ""
    everywhere: bool = False
    by_text: bool = False
    changes: str = ""
    deprecated: Deprecated | None = None

    @property
    def permission(self) -> str:
        return f"{self.app}.{self.name}"

    @property
    def effect(self) -> Callable[..., Any]:
        """`run` without its own `atomic`, for a caller that has opened a transaction.

        In there it would be a savepoint: two more statements, and a second transaction id.
        """
        held = [cell.cell_contents for cell in self.run.__closure__ or ()]
        inner: Callable[..., Any] = getattr(self.run, "__wrapped__", self.run)
        return inner if any(isinstance(thing, Atomic) for thing in held) else self.run

    @property
    def fields(self) -> list[LineField]:
        return list(line_fields(self.line))


REGISTRY: dict[str, Verb] = {}
"""Every verb by its name, in the order in which the apps registered them."""


def register(*verbs: Verb) -> None:
    """Offer verbs on every surface."""
    for verb in verbs:
        REGISTRY[verb.name] = verb


def carry_out(
    verb: Verb,
    lines: Sequence[Any],
    *,
    by: Actor,
    at: datetime,
    key: str = "",
    asked: Any = None,
    partial: bool = False,
) -> tuple[dict[str, Any], bool]:
    """Do it once. Returns the answer, and whether it is a stored one.

    All lines or none: a refusal is raised again after the attempt has been kept. With `partial`,
    the lines that can be done are, and the answer has a result for each; then some of `lines` may
    be `partial.Unread`. Refuses `lines_needed` when nothing is asked for, and
    `idempotency_key_reused`. A refused request leaves no trace under its key: who stands before the
    page tries again.
    """
    require_lines(lines)
    act = _do_what_can_be if partial else _do_all
    try:
        (status, answer), replayed = idempotency.once(
            by.user,
            key,
            asked_of(verb, asked, by, partial),
            lambda: (200, act(verb, lines, by, at)),
        )
        if status >= idempotency.FIRST_ERROR:  # a program's refusal, kept by `serve`
            raise idempotency.reused()
    except Refused as refusal:
        _record_discreetly(verb, lines, refusal, by, at)
        raise
    return answer, replayed


def serve(
    verb: Verb,
    lines: Sequence[Any],
    *,
    by: Actor,
    at: datetime,
    key: str = "",
    asked: Any = None,
    partial: bool = False,
    told: Callable[[Refused], idempotency.Answer],
    answered: Callable[[dict[str, Any]], idempotency.Answer] = lambda done: (200, done),
    dry: bool = False,
) -> tuple[idempotency.Answer, bool]:
    """As `carry_out`, for programs, which send again what got no answer: a refusal stands under its
    key as well, as `told` says it, and nobody waits (`idempotency_key_in_use`).

    `answered` makes the answer of what was done, in its transaction. With `dry`, all is done and
    taken back: what is left is that a failed signing counts.
    """
    require_lines(lines)
    act = _do_what_can_be if partial else _do_all

    def settle(keeps: bool) -> tuple[idempotency.Answer, bool]:
        return idempotency.settle(
            by.user, key, asked_of(verb, asked, by, partial),
            lambda: answered(act(verb, lines, by, at)),
            refused=lambda refusal: _record_discreetly(verb, lines, refusal, by, at),
            told=told, keeps=keeps,
        )  # fmt: skip

    if not dry:
        return settle(keeps=True)
    try:
        with rolled_back():
            answer, replayed = settle(keeps=False)
    except Refused as refusal:
        accounts.count_failures(refusal.all, by)
        raise
    if partial and not replayed:
        accounts.count_failed(_codes_in(answer[1]), by)
    return answer, replayed


def require_lines(lines: Sequence[Any]) -> None:
    """Refuse `lines_needed`."""
    if not lines:
        raise Refused(
            _("Nothing is asked for."), code="lines_needed", hint=_("Give one line at least.")
        )


def asked_of(verb: Verb, asked: Any, by: Actor, partial: bool = False) -> str:
    """What a key stands for. The answer to somebody who may see other sites is not for this one."""
    limit = sites.limit_of(by.user)
    more = (*(["partial"] if partial else []), *sorted(limit or ()))
    return idempotency.fingerprint(verb.permission, asked, *more)


def _codes_in(answer: Any) -> set[str]:
    """The codes of the refused lines of a partial answer."""
    return {error["code"] for result in answer["results"] for error in result.get("errors", ())}


def done_before(
    verb: Verb, *, by: Actor, key: str, asked: Any, partial: bool = False
) -> dict[str, Any] | None:
    """The answer to the same request under the same key, for a caller whose lines can no longer be
    made because it was carried out."""
    fingerprint = asked_of(verb, asked, by, partial)
    answer: dict[str, Any] | None = idempotency.stored(by.user, key, fingerprint)
    return answer


def rehearse(
    verb: Verb, lines: Sequence[Any], *, by: Actor, at: datetime, assumed: str
) -> dict[str, Any]:
    """What it would come to, told while something is still to be said. Nothing of it is kept.

    `assumed` is the field that nobody has filled in yet: the lines hold a likely value. What is
    refused because of it is not refused yet, and the answer is then empty. Any other refusal is
    raised, and kept as an attempt without the assumed value.
    """
    try:
        with transaction.atomic():
            answer = _do_all(verb, lines, by, at)
            transaction.set_rollback(True)
    except Refused as refusal:
        sites.discreet(refusal.all, by.user)
        for found in refusal.all:
            found.field = _own_field(verb, found.field)
        about_it = [found for found in refusal.all if found.field == assumed or _by_purpose(found)]
        if about_it:
            return {"movements": [], "objects": [], "warnings": []}
        asked = {name: some for name, some in attempts.asked_of(lines).items() if name != assumed}
        tried = [(asked, found) for found in refusal.all]
        attempts.record(verb.permission, tried, by=by, at=at)
        raise
    return answer


def _by_purpose(refusal: Refused) -> bool:
    """Whether a rule refuses it that does not hold for every place."""
    return bool(getattr((refusal.params or {}).get("rule"), "purpose", ""))


def _do_all(verb: Verb, lines: Sequence[Any], by: Actor, at: datetime) -> dict[str, Any]:
    _check_sites(verb, lines, by)
    result = verb.effect(lines=lines, by=by, at=at)
    preconditions.require_compared()
    return answer_of(result)


def _do_what_can_be(verb: Verb, lines: Sequence[Any], by: Actor, at: datetime) -> dict[str, Any]:
    """The effect, the refused attempts and the answer: together, in the caller's transaction."""
    readable = {n: line for n, line in enumerate(lines) if not isinstance(line, Unread)}
    tried = try_lines(lambda some: _run(verb, some, by, at), readable)
    for refusals in tried.refused.values():
        sites.discreet(refusals, by.user)
    found = [refusal for number in sorted(tried.refused) for refusal in tried.refused[number]]
    _record_refusals(verb, lines, found, by, at)
    return answer_by_line(tried, lines)


def _run(verb: Verb, lines: Sequence[Any], by: Actor, at: datetime) -> Any:
    _check_sites(verb, lines, by)
    return verb.run(lines=lines, by=by, at=at)


def _check_sites(verb: Verb, lines: Sequence[Any], by: Actor) -> None:
    sites.check_lines(lines, by.user, everywhere=verb.everywhere, by_text=verb.by_text)


STANDS_FOR = {
    "lot": ("number", "movement", "demand"),
    "quantity": ("movement", "requirements", "container"),
    "container": ("movement", "location", "target"),
    "lane": ("source", "work_center", "vehicle", "location", "target"),
    "source": ("lane", "location"),
    "demand": ("id",),
    "rule_set": ("draft",),
}
"""The parts that verbs share name fields that not every verb has: where to show it then."""


def _own_field(verb: Verb, field: str | None) -> str | None:
    """The field of the verb's line that a refusal concerns."""
    names = {declared.name for declared in verb.fields}
    if field is None or field.partition(".")[0] in names or field == "at":
        return field  # of a nested line: `requirements.0.material`
    return next((name for name in STANDS_FOR.get(field, ()) if name in names), None)


def _record_discreetly(
    verb: Verb, lines: Sequence[Any], refusal: Refused, by: Actor, at: datetime
) -> None:
    """Keep a refusal as it will be answered."""
    sites.discreet(refusal.all, by.user)
    _record_refusals(verb, lines, refusal.all, by, at)


def _record_refusals(
    verb: Verb, lines: Sequence[Any], refusals: Sequence[Refused], by: Actor, at: datetime
) -> None:
    """Keep what was attempted. Refusals name fields of the verb from here on."""
    for found in refusals:
        found.field = _own_field(verb, found.field)
    tried = [(attempts.asked_of(_concerned(found, lines)), found) for found in refusals]
    attempts.record(verb.permission, tried, by=by, at=at)
    accounts.count_failures(refusals, by)


def _concerned(refusal: Refused, lines: Sequence[Any]) -> Sequence[Any]:
    """The line that a refusal is about, or all of them."""
    return lines if refusal.line is None else [lines[refusal.line]]
