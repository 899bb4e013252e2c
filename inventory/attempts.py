"""Refused attempts: who tried what with which lot, and why it was refused.

Each try is an event of its own, a repeat of a refused request included, under the same key or not.
The stored answer of a request that was carried out, in part at least, is no try. All attempts of a
request are one entry of the audit trail, whose `batch` they share.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.audit import Actor, Stamp
from inventory.errors import Refused
from inventory.fields import line_fields
from inventory.models import Lot, RefusedAttempt
from inventory.partial import Unread
from inventory.statements import Insert
from inventory.units import LARGEST
from inventory.wording import on_record

ACTION = "refused"

NOT_PERMITTED = "permission_denied"
"""The code of an attempt by somebody who may not, as the API says it."""

OUT_OF_SCOPE = "scope_missing"
"""The code of an attempt with a token that is not for it."""

Asked = Mapping[str, Sequence[Any]]
"""What was asked for, by field: the values that differ among the lines."""

LANE = ("lane", "target", "location", "vehicle", "work_center", "source")
"""The fields that say where it was to happen, the one that is counted first."""
DEMAND = ("borrower", "demand", "reference")

LONGEST_WORDS = 2000
FINEST = -6
"""Decimals that a record holds, as an exponent."""

_ATTEMPTS = Insert(RefusedAttempt)


def asked_of(lines: Iterable[Any]) -> Asked:
    """What lines of a verb ask for. Secrets stay out, and lines that could not be read."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        if isinstance(line, Unread):
            continue
        for declared in line_fields(type(line)):
            value = getattr(line, declared.name)
            if value not in (None, "", ()) and not declared.about.secret:
                found.setdefault(declared.name, {})[str(value)] = value
    return {name: list(values.values()) for name, values in found.items()}


def record_denied(verb: str, asked: Asked, *, by: Actor) -> None:
    """Keep that somebody tried who may not. The surface answers it in its own way."""
    refusal = Refused(_("The permission for it was missing."), code=NOT_PERMITTED)
    record(verb, [(asked, refusal)], by=by, at=timezone.now())


@transaction.atomic(savepoint=False)
def record(verb: str, tried: Sequence[tuple[Asked, Refused]], *, by: Actor, at: datetime) -> None:
    """Keep attempts of one request: two statements, however many there are.

    `verb` is a permission such as `staging.stage`; `at` the time that was claimed, which may be
    what was refused.
    """
    if not tried:
        return
    stamp = Stamp(actor=by.user, surface=by.surface, occurred_at=at)
    [(asked, first), *_others] = tried
    audit.record(
        ACTION,
        stamp=stamp,
        subject=_subject(asked),
        facts={"verb": verb, "code": first.code, "attempts": len(tried)},
    )
    _ATTEMPTS([_row(verb, stamp, *attempt) for attempt in tried])


def _row(verb: str, stamp: Stamp, asked: Asked, refusal: Refused) -> RefusedAttempt:
    words = {name: ", ".join(map(str, values)) for name, values in asked.items()}
    alone = {name: values[0] for name, values in asked.items() if len(values) == 1}
    params = refusal.params or {}
    named = params | alone
    rule = params.get("rule")
    with on_record():
        message = refusal.text
    return RefusedAttempt(
        verb=verb,
        code=str(refusal.code),
        field=refusal.field or "",
        message=message,
        line=refusal.line,
        lot_id=_key(named, "lot"),
        material_id=_key(named, "material"),
        location_id=_key(named, "location", *LANE),
        container_id=_key(named, "container"),
        demand=next((str(alone[name])[:80] for name in DEMAND if name in alone), ""),
        quantity=_fitting(alone.get("quantity")),
        unit=str(alone.get("unit", "")),
        rule=getattr(rule, "pk", None),
        rule_version=getattr(rule, "rule_set_id", None),
        hold=_number(named.get("hold")),
        asked={name: text[:LONGEST_WORDS] for name, text in words.items() if name != "reason"},
        **stamp.columns() | {"reason": words.get("reason", "")[:LONGEST_WORDS]},
    )


def _key(named: Mapping[str, Any], what: str, *fields: str) -> int | None:
    """The key of the lot (or material …) that was named; else that of a thing which was named."""
    for name in fields or (what,):
        if isinstance(thing := named.get(name), models.Model):
            return int(thing.pk)
    keys = (getattr(thing, f"{what}_id", None) for thing in named.values())
    return next((key for key in keys if isinstance(key, int)), None)


def _fitting(quantity: Any) -> Decimal | None:
    """The quantity, where a record can hold it; its words stand in `asked` in any case."""
    if not isinstance(quantity, Decimal) or not quantity.is_finite():
        return None
    exponent = quantity.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= FINEST and abs(quantity) <= LARGEST
    return quantity if fits else None


def _number(thing: Any) -> int | None:
    number = getattr(thing, "pk", thing)
    return number if isinstance(number, int) else None


def _subject(asked: Asked) -> models.Model | None:
    """What the entry of the trail is about: a lot if one was named, or else the first thing."""
    values = [value for several in asked.values() for value in several]
    things = [value for value in values if isinstance(value, models.Model)]
    lots = [value for value in things if isinstance(value, Lot)]
    return next(iter(lots + things), None)
