"""Printing: the labels as a file, and who printed which how often in the audit trail."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory import audit
from inventory.actions.common import each
from inventory.audit import Actor, Entry, Stamp
from inventory.errors import Refused
from inventory.models import AuditEntry
from inventory.wording import on_record
from staging.labels import reading
from staging.labels.content import Label, moment
from staging.labels.lines import PERMISSION, Format, Kind, Resolution
from staging.models import LabelSize

ACTION = PERMISSION
"""Its name in the audit trail."""

MOST_COPIES = 500
MOST_LABELS = 5000
"""Labels of one file, copies included."""

CONTENT_TYPES = {Format.PDF: "application/pdf", Format.ZPL: "application/zpl"}


@dataclass(frozen=True, slots=True)
class How:
    """How labels are printed. `skip` cells of the first sheet have been used before."""

    size: LabelSize
    format: Format = Format.PDF
    resolution: Resolution = Resolution.COARSE
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Printed:
    """A file of labels."""

    content: bytes
    name: str
    format: Format
    count: int

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.format]

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Disposition": f'attachment; filename="{self.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Forestage-Labels": str(self.count),
        }


@transaction.atomic
def print_labels(*, kind: Kind, lines: Sequence[Any], how: How, by: Actor, at: datetime) -> Printed:
    """Make the file, and put down what was printed: one entry for each thing.

    Labels speak the installation's language, as the trail does, whoever prints them. A lot's states
    its status: to print it again while that has not changed asks for a reason.
    Refuses `copies_out_of_range`, `too_many_labels`, `reason_needed`, `label_too_small`,
    `zpl_needs_roll`, `size_not_in_use`.
    """
    with on_record():
        return _print(kind, lines, how, audit.stamp(by, at))


def _print(kind: Kind, lines: Sequence[Any], how: How, stamp: Stamp) -> Printed:
    _check_how(how)
    each(lines, lambda line, _index: _check_copies(line))
    if sum(line.copies for line in lines) > MOST_LABELS:
        raise _too_many()
    things = [getattr(line, kind.field) for line in lines]
    labels = reading.labels_of(lines, stamp.recorded_at)
    before = _printed_before(things)
    each(list(zip(lines, things, labels, strict=True)), lambda one, _index: _check(one, before))
    who = stamp.actor.get_username()
    numbers: Counter[int] = Counter()
    marked, entries = [], []
    for line, thing, label in zip(lines, things, labels, strict=True):
        numbers[thing.pk] += 1
        number = sum(before.get(thing.pk, {}).values()) + numbers[thing.pk]
        marked.append(label.with_foot(_foot(who, stamp.recorded_at, number)))
        entries.append(_entry(line, thing, label, how, number))
    content = _draw(marked, how)
    audit.record_many(ACTION, entries, stamp=stamp)
    name = f"{kind.name}-{stamp.recorded_at:%Y%m%dT%H%M%SZ}.{how.format.value}"
    return Printed(content, f"labels-{name}", how.format, sum(line.copies for line in lines))


def _draw(labels: Sequence[Label], how: How) -> bytes:
    # Here, because loading reportlab takes a while and few processes ever need it.
    if how.format == Format.ZPL:
        from staging.labels.zpl import zpl

        return zpl(labels, how.size, how.resolution)
    from staging.labels.pdf import pdf

    return pdf(labels, how.size, skip=how.skip)


def _foot(who: str, at: datetime, number: int) -> str:
    said = {"at": moment(at), "who": who, "number": number}
    if number > 1:
        return _("Printed %(at)s by %(who)s · reprint, no. %(number)d") % said
    return _("Printed %(at)s by %(who)s") % said


def _entry(line: Any, thing: Any, label: Label, how: How, number: int) -> Entry:
    facts = {
        "print": number,
        "copies": line.copies,
        "size": how.size.code,
        "format": how.format.value,
        "code": label.code.readable,
    }
    if label.strong:
        facts["status"] = label.strong
    return Entry(subject=thing, facts=facts, reason=line.reason)


def _printed_before(things: Sequence[Any]) -> Mapping[int, Counter[str]]:
    """How often each thing's label was printed, by the status that it bore. One statement."""
    rows = AuditEntry.objects.filter(
        action=ACTION,
        subject_type=things[0]._meta.label_lower,
        subject_id__in={str(thing.pk) for thing in things},
    ).values_list("subject_id", "facts")
    found: dict[int, Counter[str]] = {}
    for pk, facts in rows:
        found.setdefault(int(pk), Counter())[str(facts.get("status", ""))] += 1
    return found


def _check(one: tuple[Any, Any, Label], before: Mapping[int, Counter[str]]) -> None:
    line, thing, label = one
    if label.strong and before.get(thing.pk, Counter())[label.strong] and not line.reason.strip():
        raise Refused(
            gettext_lazy("The label of %(thing)s was printed with this status already."),
            code="reason_needed",
            field="reason",
            hint=gettext_lazy("Say what became of it, such as “damaged”."),
            thing=thing,
        )


def _check_how(how: How) -> None:
    if not how.size.is_active:
        raise Refused(
            gettext_lazy("Labels of the size %(size)s are not in use."),
            code="size_not_in_use",
            field="size",
            hint=gettext_lazy("Choose another size."),
            size=how.size,
        )
    if how.format == Format.ZPL and how.size.is_sheet:
        raise Refused(
            gettext_lazy("%(size)s is a sheet, and a label printer prints from a roll."),
            code="zpl_needs_roll",
            field="size",
            hint=gettext_lazy("Choose PDF, or a size without a page."),
            size=how.size,
        )


def _check_copies(line: Any) -> None:
    if not 1 <= line.copies <= MOST_COPIES:
        raise Refused(
            gettext_lazy("Print 1 to %(most)d copies."),
            code="copies_out_of_range",
            field="copies",
            most=MOST_COPIES,
        )


def _too_many() -> Refused:
    return Refused(
        gettext_lazy("These are more than %(most)d labels."),
        code="too_many_labels",
        field="copies",
        hint=gettext_lazy("Print them in parts."),
        most=MOST_LABELS,
    )
