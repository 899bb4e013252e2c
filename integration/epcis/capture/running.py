"""Capture jobs: made once for a document, run once, or again after a crash.

What makes a second run harmless is `CapturedEvent`: it is written in the transaction of the effect,
with the event's ID under a unique key.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as ModelError
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    transaction,
)
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from integration.epcis.capture.checking import Sent, events_of, read_event
from integration.epcis.capture.steps import Step, steps_of
from integration.epcis.ids import record_of
from integration.epcis.streams import BY_NUMBER
from integration.models import CapturedEvent, CaptureJob, ErrorBehaviour
from inventory import attempts, audit, verbs
from inventory.api.lines import read_lines
from inventory.api.parsers import ExactJSONParser
from inventory.api.problems import Invalid, model_details
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Surface
from inventory.wording import on_record

logger = logging.getLogger(__name__)

Error = dict[str, Any]
Attempt = tuple[str, attempts.Asked, Refused]


def accept(
    *, body: bytes, events: Sequence[Any], behaviour: ErrorBehaviour, by: Actor, at: datetime
) -> CaptureJob:
    """The job of a document: a new one, or the one that has it in hand or has captured it."""
    digest = sha256(body).hexdigest()
    same = CaptureJob.objects.filter(user=by.user, digest=digest, behaviour=behaviour)
    known = same.first()
    if known is not None and (known.is_running or known.has_succeeded):
        return known
    return CaptureJob.objects.create(
        user=by.user,
        behaviour=behaviour,
        digest=digest,
        document=_text_of(body),
        events=len(events),
        created_at=at,
    )


def as_document(event: bytes, context: Any) -> bytes:
    """A single event, as it was sent, in the document that a job keeps."""
    head = json.dumps({"@context": context, "type": "EPCISDocument", "schemaVersion": "2.0"})
    return f'{head[:-1]}, "epcisBody": {{"eventList": [{_text_of(event)}]}}}}'.encode()


def _text_of(body: bytes) -> str:
    """JSON may come in any of UTF-8, -16 and -32; the parser has read it already."""
    return body.decode(json.detect_encoding(body))


def run(pk: UUID, *, at: datetime) -> CaptureJob | None:
    """Capture a job's events, unless somebody is at it. Returns the job if it was run."""
    claimed = CaptureJob.objects.waiting(at).filter(pk=pk).update(claimed_at=at)
    if not claimed:
        return None
    job = CaptureJob.objects.select_related("user").get(pk=pk)
    try:
        events = events_of(ExactJSONParser().read(job.document.encode()))
        return carry_through(job, events)
    except (OperationalError, InterfaceError):
        CaptureJob.objects.filter(pk=pk).update(claimed_at=None)  # it is tried again
        raise
    except Exception:
        logger.exception("EPCIS capture job %s could not be run", pk)
        return _give_up(job)


def carry_through(job: CaptureJob, events: Sequence[Any]) -> CaptureJob:
    """All events or none; or, where the job proceeds, each that can be. Texts of errors are in the
    installation's language: they are kept."""
    by = Actor(job.user, Surface.API)
    progress = Progress()
    with on_record():
        if job.behaviour == ErrorBehaviour.PROCEED:
            _each(job, events, by, progress)
        else:
            with transaction.atomic():
                _each(job, events, by, progress)
                if progress.errors:
                    transaction.set_rollback(True)
            if progress.errors:
                progress.captured = 0
        _finish(job, by, progress)
    return job


def _give_up(job: CaptureJob) -> CaptureJob:
    """A mistake of ours must not be tried for ever, nor keep the jobs behind it waiting."""
    with on_record():
        text = _("Something went wrong on our side; what had been captured before stays.")
        found = {"code": "server_error", "detail": text, "hint": _("Tell the administrator.")}
        done = CapturedEvent.objects.filter(job=job).count()
        progress = Progress(captured=done, errors=[_error(None, None, found)])
        _finish(job, Actor(job.user, Surface.API), progress)
    return job


@dataclass
class Progress:
    """What has become of the events so far."""

    captured: int = 0
    repeated: int = 0
    errors: list[Error] = field(default_factory=list)
    tried: list[tuple[Attempt, datetime]] = field(default_factory=list)


def _each(job: CaptureJob, events: Sequence[Any], by: Actor, progress: Progress) -> None:
    for index, raw in enumerate(events):
        sent = None
        try:
            sent = read_event(index, raw)
            with transaction.atomic():
                done = _capture(sent, job, by, progress)
            progress.captured += done
            progress.repeated += not done
        except Refused as refusal:
            errors = [found.plain() for found in refusal.all]
            progress.errors += [_error(index, raw, one) for one in errors]
        except Invalid as invalid:
            progress.errors += [_error(index, raw, one) for one in invalid.errors]
        except ModelError as error:
            progress.errors += [_error(index, raw, one) for one in model_details(error)]
        except DataError:
            text = _("A value is out of range.")
            progress.errors.append(_error(index, raw, {"code": "out_of_range", "detail": text}))


def _error(index: int | None, raw: Any, found: Mapping[str, Any]) -> Error:
    """As the standard's problem, with the event and the field."""
    event_id = raw.get("eventID") if isinstance(raw, dict) else None
    return {
        "type": "epcisException:ValidationException",
        "title": _("Event not captured"),
        "status": 409,
        "event": index,
        "eventID": event_id if isinstance(event_id, str) else None,
        **{name: found.get(name) for name in ("field", "code", "detail", "hint")},
    }


# --- one event ----------------------------------------------------------------------------------


def _capture(sent: Sent, job: CaptureJob, by: Actor, progress: Progress) -> bool:
    """The event's effect; False if it has had it before. Refuses `event_id_reused`, and whatever
    its actions do; fields of refusals are those of the event."""
    if _is_ours(sent):
        return False
    claim = _claim(sent, job)
    if claim is None:
        return False
    steps = steps_of(sent)
    for step in steps:
        answer = _carry_out(step, sent, by, progress)
        moved = [movement["batch"] for movement in answer["movements"]]
        if moved:
            claim.batch = UUID(moved[0])
        claim.verb = verbs.REGISTRY[step.verb].permission
    claim.save(update_fields=["verb", "batch"])
    return True


def _is_ours(sent: Sent) -> bool:
    """An event that we told ourselves stands in the books."""
    record = record_of(sent.id)
    if record is None or sent.is_declaration or record[0] not in BY_NUMBER:
        return False
    return bool(BY_NUMBER[record[0]].model._default_manager.filter(pk=record[1]).exists())


def _claim(sent: Sent, job: CaptureJob) -> CapturedEvent | None:
    """The row that stands for the event, new; None if the same was captured before. Waits for
    another that is capturing it at this moment."""
    row = CapturedEvent(
        key=sent.key,
        event_id=sent.id,
        content=sent.content,
        event=_kept(sent.raw),
        job=job,
        captured_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            return row
    except IntegrityError:
        known = CapturedEvent.objects.filter(key=sent.key).first()
        if known is None:
            raise
    if known.content != sent.content:
        raise Refused(
            _("An event with this ID was captured that says something else."),
            code="event_id_reused",
            field="eventID",
            hint=_("Give every event an ID of its own; declare a wrong one wrong."),
        )
    return None


def _kept(value: Any) -> Any:
    """As JSON keeps it, with exact numbers as texts."""
    if isinstance(value, dict):
        return {name: _kept(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_kept(part) for part in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _carry_out(step: Step, sent: Sent, by: Actor, progress: Progress) -> dict[str, Any]:
    verb = verbs.REGISTRY[step.verb]
    lines: Sequence[Any] = ()
    if not by.user.has_perm(verb.permission):
        refusal = _may_not(verb)
        progress.tried.append(((verb.permission, {}, refusal), sent.at))
        raise refusal
    try:
        lines = read_lines(verb.line, {"lines": step.lines}).lines
        answer, _replayed = verbs.carry_out(verb, lines, by=by, at=sent.at)
    except Refused as refusal:
        for found in refusal.all:
            # What is rolled back with the event takes the record of the attempt with it.
            asked = attempts.asked_of(lines if found.line is None else [lines[found.line]])
            progress.tried.append(((verb.permission, asked, found), sent.at))
            found.field = step.place_of(found.line, found.field)
        raise
    except Invalid as invalid:
        errors = [
            error | {"field": step.place_of(error["line"], (error["field"] or "").split(".")[0])}
            for error in invalid.errors
        ]
        raise Invalid(errors) from invalid
    return answer


def _may_not(verb: verbs.Verb) -> Refused:
    return Refused(
        _("The permission to %(verb)s is missing."),
        code=attempts.NOT_PERMITTED,
        field="bizStep",
        hint=_("Ask for the role that has it."),
        verb=verb.label,
    )


# --- the end of a job ---------------------------------------------------------------------------


def _as_it_stands(asked: attempts.Asked, refusal: Refused) -> tuple[attempts.Asked, Refused]:
    """What was attempted; what was made for it and rolled back with it, by its name only."""
    params = refusal.params or {}
    values = [*params.values(), *(value for several in asked.values() for value in several)]
    gone = {id(value) for value in values if _is_gone(value)}

    def named(value: Any) -> Any:
        return str(value) if id(value) in gone else value

    refusal.params = {name: named(value) for name, value in params.items()}
    return {name: [named(value) for value in several] for name, several in asked.items()}, refusal


def _is_gone(value: Any) -> bool:
    if not isinstance(value, Model) or value.pk is None:
        return False
    return not type(value)._default_manager.filter(pk=value.pk).exists()


@transaction.atomic
def _finish(job: CaptureJob, by: Actor, progress: Progress) -> None:
    """Write the result, the trail, and what was attempted and refused."""
    for (permission, asked, refusal), at in progress.tried:
        attempts.record(permission, [_as_it_stands(asked, refusal)], by=by, at=at)
    job.captured, job.repeated, job.errors = progress.captured, progress.repeated, progress.errors
    job.finished_at, job.document = timezone.now(), ""
    job.save()
    facts = {
        "events": job.events, "captured": job.captured, "repeated": job.repeated,
        "errors": len(job.errors), "digest": job.digest,
    }  # fmt: skip
    audit.record(
        "import.epcis",
        stamp=audit.stamp(by, job.finished_at),
        subject=job,
        facts=facts,
    )
