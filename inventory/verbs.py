"""The table of verbs: what the surfaces offer. Each app registers its own.

A verb binds an action to the line it takes. Form, serializer, API path, permission and menu entry
follow from it, so that every surface offers the same fields and calls the same function.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit, idempotency
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import LineField, Words, line_fields
from inventory.models import Lot, Movement
from inventory.units import plain


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done. `run(lines=…, by=…, at=…)` does it."""

    app: str
    name: str
    label: Words
    run: Callable[..., Any]
    line: type[Any]
    icon: str = "arrow-right"
    help: Words = ""
    group: Words = ""

    @property
    def permission(self) -> str:
        return f"{self.app}.{self.name}"

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
) -> tuple[dict[str, Any], bool]:
    """Do it once. Returns the answer, and whether it is a stored one.

    A refusal is raised again after the attempt has been kept in the audit trail. Refuses
    `lines_needed` when nothing is asked for.
    """
    if not lines:
        raise Refused(
            _("Nothing is asked for."), code="lines_needed", hint=_("Give one line at least.")
        )
    fingerprint = idempotency.fingerprint(verb.permission, asked)
    try:
        (_status, answer), replayed = idempotency.once(
            by.user,
            key,
            fingerprint,
            lambda: (200, answer_of(verb.run(lines=lines, by=by, at=at))),
        )
    except Refused as refusal:
        for found in refusal.all:
            found.field = _own_field(verb, found.field)
        _record_refusal(verb, lines, refusal, by)
        raise
    return answer, replayed


STANDS_FOR = {
    "lot": ("number", "movement", "demand"),
    "quantity": ("movement", "requirements", "container"),
    "container": ("movement", "location", "target"),
    "lane": ("source", "work_center", "vehicle", "location", "target"),
    "source": ("lane", "location"),
}
"""The parts that verbs share name fields that not every verb has: where to show it then."""


def _own_field(verb: Verb, field: str | None) -> str | None:
    """The field of the verb's line that a refusal concerns."""
    names = {declared.name for declared in verb.fields}
    if field is None or field in names or field == "at":
        return field
    return next((name for name in STANDS_FOR.get(field, ()) if name in names), None)


def _record_refusal(verb: Verb, lines: Sequence[Any], refusal: Refused, by: Actor) -> None:
    stamp = audit.stamp(by, timezone.now())
    for found in refusal.all:
        line = lines[found.line or 0] if lines else None
        audit.record(
            "refused",
            stamp=stamp,
            subject=_subject(line),
            facts={
                "verb": verb.permission,
                "code": found.code,
                "message": found.text,
                "field": found.field,
                "asked": _asked(line),
            },
        )


def _subject(line: Any) -> models.Model | None:
    if line is None:
        return None
    values = [getattr(line, declared.name) for declared in line_fields(type(line))]
    things = [value for value in values if isinstance(value, models.Model)]
    lots = [value for value in things if isinstance(value, Lot)]
    return next(iter(lots + things), None)


def _asked(line: Any) -> dict[str, str]:
    """What was asked for, in words; secrets stay out."""
    if line is None:
        return {}
    return {
        declared.name: str(value)
        for declared in line_fields(type(line))
        if (value := getattr(line, declared.name)) not in (None, "", ())
        and not declared.about.secret
    }


def answer_of(result: Any) -> dict[str, Any]:
    """What an action did, as plain data: movements, other objects, warnings."""
    movements = getattr(result, "movements", None)
    rows = list(result) if movements is None else []
    if movements is None:
        movements = [row for row in rows if isinstance(row, Movement)]
    return {
        "movements": [_movement(movement) for movement in movements],
        "objects": [
            {"type": row._meta.model_name, "id": str(row.pk), "label": str(row)}
            for row in rows
            if not isinstance(row, Movement)
        ],
        "warnings": list(getattr(result, "warnings", [])),
    }


def _movement(movement: Movement) -> dict[str, Any]:
    return {
        "id": movement.pk,
        "kind": str(movement.kind),
        "lot": movement.lot.code,
        "quantity": plain(movement.quantity),
        "unit": movement.lot.material.base_unit_id,
        "source": movement.source.code,
        "target": movement.target.code,
        "from_container": movement.from_container.code if movement.from_container else None,
        "to_container": movement.to_container.code if movement.to_container else None,
        "reference": movement.reference,
        "batch": str(movement.batch),
    }
