"""The proof that one record is what was sealed; `static/check_proof.py` checks it anywhere."""

import hmac
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from inventory.errors import Refused
from inventory.models import Seal, SealNotice
from inventory.models.seals import SealQuerySet
from inventory.seals import chain, content, merkle
from inventory.seals.registry import SEALED


def proof(row: models.Model, *, to: int | None = None) -> dict[str, Any]:
    """A document that leads from a record to a seal.

    It leads to the seal with number `to`; else to the first published one that covers the record,
    else to the newest. Refuses `not_sealed_yet`, `seal_broken` (the record is not what was
    sealed), `seal_unknown` (`to` does not exist, or is older than the record).
    """
    kind = SEALED[row._meta.label_lower]
    seal = Seal.objects.defer(None).over(kind.table, row.pk)
    if seal is None:
        raise Refused(
            _("This record is not sealed yet."),
            code="not_sealed_yet",
            hint=_("Records are sealed every few minutes; try again."),
        )
    pairs = dict(seal.pairs())
    [(number, said)] = content.rows(kind.model, seal.columns, after=row.pk - 1, to=row.pk)
    if not hmac.compare_digest(pairs.get(number, b""), content.digest(said)):
        raise Refused(
            _("This record is not what was sealed."),
            code="seal_broken",
            hint=_("Have the audit trail verified: manage.py verify_audit."),
        )
    goal = _goal(seal, to)
    entries = [content.entry(*pair) for pair in pairs.items()]
    path = merkle.path(entries, list(pairs).index(number))
    return {
        "format": content.FORMAT,
        "record": {"table": kind.table, "number": number, "content": said.decode()},
        "path": [{"side": side, "hash": beside.hex()} for side, beside in path],
        "seal": {"body": chain.body(seal), "previous": seal.previous},
        "chain": [chain.digest(one) for one in _between(seal, goal)],
        "published": {"sequence": goal.sequence, "hash": goal.hash},
    }


def _goal(seal: Seal, to: int | None) -> Seal:
    later: SealQuerySet = Seal.objects.filter(sequence__gte=seal.sequence)
    if to is not None:
        found = later.filter(sequence=to).first()
        if found is None:
            raise Refused(
                _("There is no seal %(to)s that covers this record."),
                code="seal_unknown",
                field="to",
                hint=_("Take a seal that was made after the record."),
                to=to,
            )
        return found
    sent = SealNotice.objects.filter(sequence__gte=seal.sequence).order_by("sequence")
    published = later.filter(sequence__in=sent.values("sequence")[:1]).first()
    return published or later.order_by("-sequence").first() or seal


def _between(seal: Seal, goal: Seal) -> Any:
    """The seals after one, up to and including another."""
    later = Seal.objects.filter(sequence__gt=seal.sequence, sequence__lte=goal.sequence)
    return later.order_by("sequence").iterator(chunk_size=content.FETCHED)
