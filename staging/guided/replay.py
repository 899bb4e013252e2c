"""Scans that a device kept while there was no network, carried out in the order they were made.

A device cannot know which scan ends a step, so each scan brings a key and a time of its own: the
step is carried out under those of the scan that ends it. Nothing is rehearsed and nothing is asked.

A step that is refused waits for a person. The steps after it are carried out, except those that
would be built on it: what concerns the same lot or container, what takes "all", and a lot of the
same demand without a quantity (it would take what the line needs, and the line needs more than
who scanned it thought). A scan that cannot be followed stops all that comes after it: nobody can
know what it was meant to be.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import attempts, audit, codes, idempotency
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.idempotency import FIRST_ERROR
from inventory.models import Balance, Container, IdempotencyKey, Location, Lot
from inventory.verbs import REGISTRY, Verb
from staging.guided import known as what_is
from staging.guided import reading, steps
from staging.guided.flows import Flow
from staging.guided.known import Known
from staging.guided.reading import wanted
from staging.models import Demand

MOST_SCANS = 200
"""Scans of one request."""

MOST_STEPS = 20
"""Steps of one request, so that a device need not wait long; it sends the rest again."""

EVERYTHING = "*"
"""Stands among marks where a step may concern anything."""


class Fate(StrEnum):
    """What became of a step: `held` was not tried because of an earlier one that waits."""

    DONE = "done"
    REPEATED = "repeated"
    REFUSED = "refused"
    UNREAD = "unread"
    HELD = "held"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One scan, or one press, as the device kept it."""

    key: str
    at: datetime
    scan: str = ""
    choice: str = ""
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Part:
    """Scans that belong together, and what became of them.

    `before` is what was known before the first of them, `known` where a person would go on, `marks`
    name what they are about. `bad` is the scan that could not be followed.
    """

    fate: Fate
    scans: int
    before: Mapping[str, str]
    known: Known
    verb: Verb | None = None
    answer: Mapping[str, Any] | None = None
    error: ValidationError | None = None
    marks: set[str] = field(default_factory=set)
    bad: int | None = None
    key: str = ""


@dataclass(slots=True, kw_only=True)
class Replay:
    """A run of scans in one flow. `given` is what is known before the next step."""

    flow: Flow
    by: Actor
    given: Mapping[str, str]
    held: set[str]
    parts: list[Part] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    def run(self, scans: Sequence[Kept]) -> int:
        """Carry out what can be. Returns how many scans were looked at."""
        stored = IdempotencyKey.objects.filter(
            user=self.by.user, key__in=[scan.key for scan in scans], status__lt=FIRST_ERROR
        )
        self.answers = dict(stored.values_list("key", "answer"))
        at = 0
        while at < len(scans) and len(self.parts) < MOST_STEPS:
            at += self._step(scans[at:])
        return at

    def _step(self, scans: Sequence[Kept]) -> int:
        """The scans up to the end of the next step."""
        known, item_at = self.known(self.given), 0
        for number, scan in enumerate(scans):
            before = known
            try:
                known = self._take(before, scan)
            except Refused as refusal:
                unfinished = refusal.code == "step_unfinished"
                return self._unread(scans, item_at if unfinished else number, before, refusal)
            if known.item != before.item:
                item_at = number
            if wanted(known) is None:
                return self._complete(number + 1, scan, known)
        self._add(Fate.UNFINISHED, len(scans), known)
        return len(scans)

    def known(self, given: Mapping[str, str]) -> Known:
        """What these codes name."""
        return what_is.read(self.flow, given)[0].ready()

    def _take(self, before: Known, scan: Kept) -> Known:
        """As if the page had been sent with it. Refuses as `reading.take` does, and
        `step_unfinished` where an item is left for another one."""
        given = before.given | ({"reason": scan.reason} if scan.reason else {})
        given, text = what_is.told(given, scan.scan, scan.choice)
        known, hits = what_is.read(self.flow, given, text)
        known = known.ready()
        if not text:
            return known
        taken = reading.take(known, text, hits)
        if known.item is not None and taken.item != known.item:
            raise Refused(
                _("%(item)s was left before its step was complete, and “%(scan)s” scanned."),
                code="step_unfinished",
                hint=_("Finish it now, or leave it out."),
                item=known.item,
                scan=text,
            )
        return taken

    def _complete(self, count: int, last: Kept, known: Known) -> int:
        replayed = last.key in self.answers
        if not replayed and is_forgotten(last.at):
            self._add(Fate.REFUSED, count, known, error=too_old(), marks=_marks(known))
        elif not replayed and self._is_built_on_what_waits(known):
            self._add(Fate.HELD, count, known, marks=_marks(known))
        else:
            self._carry_out(count, last, known, Fate.REPEATED if replayed else Fate.DONE)
        self.given = known.next().ready().given
        return count

    def _carry_out(self, count: int, last: Kept, known: Known, fate: Fate) -> None:
        marks = _marks(known)  # as things stand now: what it does may empty a container
        try:
            step = steps.go_on(known, by=self.by, at=last.at, key=last.key)
        except PermissionDenied:
            self._add(Fate.REFUSED, count, known, error=not_permitted(), marks=marks)
        except ValidationError as error:
            after = steps.refused(known, error)
            self._add(Fate.REFUSED, count, after.known, error=error, marks=marks)
        else:
            self._add(fate, count, step.known, verb=step.verb, answer=step.answer, key=last.key)

    def _is_built_on_what_waits(self, known: Known) -> bool:
        if not self.held:
            return False
        return known.all or EVERYTHING in self.held or bool(_needs(known) & self.held)

    def _unread(self, scans: Sequence[Kept], bad: int, before: Known, refusal: Refused) -> int:
        """What was carried out before is told again, even if its scans can no longer be read (the
        demand it completed is closed); the rest, to the end of the run, waits."""
        start = 0
        for number, scan in enumerate(scans):
            if scan.key in self.answers:
                self._add(
                    Fate.REPEATED, number + 1 - start, before, verb=REGISTRY[self.flow.verb],
                    answer=self.answers[scan.key], key=scan.key,
                )  # fmt: skip
                start = number + 1
        if start < len(scans):
            step = steps.unread(before, refusal, by=self.by, at=scans[bad].at)
            self._add(
                Fate.UNREAD, len(scans) - start, step.known, error=refusal,
                marks={EVERYTHING}, bad=max(0, bad - start),
            )  # fmt: skip
        return len(scans)

    def _add(self, fate: Fate, scans: int, known: Known, **more: Any) -> None:
        part = Part(fate=fate, scans=scans, before=self.given, known=known, **more)
        if fate not in (Fate.DONE, Fate.REPEATED):
            self.held |= part.marks
        self.parts.append(part)


def is_forgotten(at: datetime) -> bool:
    """Whether nobody can tell any more that the scan was carried out: its key may be gone."""
    return at < timezone.now() - timedelta(days=settings.IDEMPOTENCY_DAYS)


def too_old() -> Refused:
    """The refusal `scan_too_old`: it may have been carried out, and the answer lost."""
    return Refused(
        _("This was scanned so long ago that nobody knows any more whether it was recorded."),
        code="scan_too_old",
        hint=_("Look at the lot's timeline. Discard it here, and scan again what is missing."),
    )


def not_permitted() -> Refused:
    """As the API says it."""
    return Refused(
        _("You may not do this."),
        code=attempts.NOT_PERMITTED,
        hint=_("Ask somebody who may, and discard it here."),
    )


# --- what a step is about -----------------------------------------------------------------------


def _marks(known: Known) -> set[str]:
    """What a step that waits leaves behind for those after it."""
    if known.all:
        return {EVERYTHING}
    marks = {f"demand:{known.demand.pk}"} if known.demand else set()
    if known.lot:
        marks.add(f"lot:{known.lot.pk}")
    if known.container:
        packed = _packed(known.container)
        marks |= {f"container:{pk}" for pk in packed}
        marks |= {f"inside:{pk}" for pk in _lots_in(packed)}
    return marks


def _needs(known: Known) -> set[str]:
    """What must not wait if the step is to be carried out."""
    needs: set[str] = set()
    if known.lot:
        needs |= {f"lot:{known.lot.pk}", f"inside:{known.lot.pk}"}
        if known.demand and known.quantity is None:
            needs.add(f"demand:{known.demand.pk}")
    if known.container:
        packed = _packed(known.container)
        needs |= {f"container:{pk}" for pk in (*packed, known.container.parent_id) if pk}
        needs |= {f"lot:{pk}" for pk in _lots_in(packed)}
    return needs


def _packed(container: Container) -> list[int]:
    """The container, and those packed in it."""
    packed = Container.objects.filter(Q(pk=container.pk) | Q(parent=container.pk))
    return list(packed.values_list("pk", flat=True))


def _lots_in(containers: Iterable[int]) -> list[int]:
    rows = Balance.objects.on_hand().filter(container__in=containers)
    return list(rows.values_list("lot", flat=True).distinct())


# --- given up -----------------------------------------------------------------------------------


def discard(flow: Flow, scans: Sequence[Kept], *, reason: str, by: Actor, at: datetime) -> bool:
    """Keep, as a refused attempt, that somebody has given up scans that were never carried out.

    Sent twice it is kept once; returns whether it was before. Refuses `reason_needed`, and
    `carried_out` where the step of the last scan was.
    """
    why = audit.require_reason(reason)
    last = scans[-1]
    carried_out = IdempotencyKey.objects.filter(user=by.user, status__lt=FIRST_ERROR)
    if carried_out.filter(key=last.key).exists():
        raise Refused(
            _("The step was carried out: it cannot be discarded."),
            code="carried_out",
            hint=_("Send the scans again to see it, and undo it if it was wrong."),
        )
    texts = [scan.scan or scan.choice for scan in scans]
    refusal = Refused(
        _("Kept on a device without a network, never carried out, and discarded: %(scans)s"),
        code="scans_discarded",
        scans=", ".join(texts),
    )
    asked = _named(texts) | {"scans": texts, "reason": [why]}

    def keep() -> idempotency.Answer:
        attempts.record(flow.permission, [(asked, refusal)], by=by, at=min(last.at, at))
        return 200, {}

    asked_for = idempotency.fingerprint("discard", flow.name, texts)
    _answer, replayed = idempotency.once(by.user, f"discard:{last.key}", asked_for, keep)
    return replayed


def _named(texts: Sequence[str]) -> dict[str, list[Any]]:
    """The things that the scans name, by the field they are mostly given in."""
    kinds = {"demand": Demand, "lot": Lot, "container": Container, "location": Location}
    found = {name: codes.find(kind, texts).values() for name, kind in kinds.items()}
    rows = {name: [row for row in hits if row is not codes.MANY] for name, hits in found.items()}
    return {name: some for name, some in rows.items() if some}
