"""Dwell policies that come from a program or a file: into a draft, all of them or none."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, preconditions, sites
from inventory.actions import versions
from inventory.actions.common import each
from inventory.audit import Actor
from inventory.errors import Refusals, Refused, RowsInvalidError
from staging.actions.dwell import DWELL, activate_dwell
from staging.actions.dwell_lines import DwellActivation, DwellDraft, PolicyLine, Start
from staging.models import DwellPolicy, DwellSet

Key = tuple[Any, ...]
Rows = dict[Key, DwellPolicy]

COLUMNS = [field.name for field in fields(PolicyLine)]
TEXTS = ("kind", "purpose")
ROWS = "policies"


@transaction.atomic
def write_dwell(*, lines: Sequence[DwellDraft], by: Actor, at: datetime) -> list[DwellSet]:
    """Write policies into drafts, or into new ones. What is in force never changes by it, and
    where all of it is in force already, no draft is made.

    Refuses `reason_needed`, `draft_unknown`, `rules_active`, `rules_overlap`,
    `site_not_in_scope`; raises ValidationError as the admin does.
    """
    _require_all_sites(by)
    return each(lines, lambda line, _index: _write(line, by, at))


@transaction.atomic
def enforce_dwell(*, lines: Sequence[DwellActivation], by: Actor, at: datetime) -> list[DwellSet]:
    """Put drafts into force: at once for what is staged from then on.

    Refuses `reason_needed`, `draft_unknown`, `rules_active`, `rules_outdated`, `own_draft`,
    `site_not_in_scope`.
    """
    _require_all_sites(by)

    def enforce(line: DwellActivation, _index: int) -> DwellSet:
        draft = _locked(line.draft)
        return activate_dwell(dwell_set=draft, reason=line.reason, by=by, at=at)

    return each(lines, enforce)


def _require_all_sites(by: Actor) -> None:
    """A set of policies holds at every site."""
    if sites.limit_of(by.user) is not None:
        raise sites.across_sites()


def _locked(version: int) -> DwellSet:
    rows = DwellSet.objects.select_for_update()
    draft: DwellSet | None = rows.filter(version=version).first()
    if draft is None:
        raise Refused(
            _("There are no dwell policies v%(version)s."),
            code="draft_unknown",
            field="draft",
            hint=_("Name a version there is, or none to have a new draft made."),
            version=version,
        )
    preconditions.locked([draft])
    return draft


def _write(line: DwellDraft, by: Actor, at: datetime) -> DwellSet:
    reason = audit.require_reason(line.reason)
    if line.draft is not None:
        draft = _locked(line.draft)
        if not draft.is_draft:
            raise DWELL.refusal("rules_active", DWELL.active, draft)
        return _fill(draft, line, reason, by, at)
    current: DwellSet | None = DwellSet.objects.in_force().first()
    there = _by_key(DWELL.rules(current)) if current else {}
    wanted = _wanted(line)
    stays = {} if line.starts == Start.EMPTY or line.whole else there
    if wanted and current and _content(stays | wanted) == _content(there):
        current.told = _told(unchanged=len(wanted))  # type: ignore[attr-defined]
        return current
    draft = versions.start_draft(
        DWELL, note=line.note or reason[:200], by=by, at=at, copy=line.starts == Start.IN_FORCE
    )
    return _fill(draft, line, reason, by, at, created=True)


def _fill(
    draft: DwellSet, line: DwellDraft, reason: str, by: Actor, at: datetime, *,
    created: bool = False,
) -> DwellSet:  # fmt: skip
    """Bring the draft's policies to what the line says. What is so already stays untouched."""
    there, wanted = _by_key(DWELL.rules(draft)), _wanted(line)
    removed = [row for key, row in there.items() if key not in wanted] if line.whole else []
    stays = {} if line.whole else there
    _refuse_overlaps(stays | wanted, list(wanted))
    changed: dict[Key, DwellPolicy] = {}
    for key, row in wanted.items():
        known = there.get(key)
        row.dwell_set = draft
        if known is None or _values(known) != _values(row):
            changed[key] = _filled(known, row)
    if removed or changed or created:
        _save(draft, list(wanted), changed, removed, reason, by, at)
    known_ones = sum(key in there for key in changed)
    draft.told = _told(  # type: ignore[attr-defined]
        draft_made=created, created=len(changed) - known_ones, changed=known_ones,
        removed=len(removed), unchanged=len(wanted) - len(changed),
    )  # fmt: skip
    return draft


def _save(
    draft: DwellSet, order: list[Key], changed: Rows, removed: list[DwellPolicy],
    reason: str, by: Actor, at: datetime,
) -> None:  # fmt: skip
    """By the action of the admin. What is wrong is told with the number of its policy."""
    try:
        versions.save_draft(
            DWELL, draft, list(changed.values()), removed, reason=reason, by=by, at=at
        )
    except RowsInvalidError as invalid:
        raise invalid.named(ROWS, [order.index(key) for key in changed]) from invalid


def _told(**counts: Any) -> dict[str, Any]:
    return dict.fromkeys(("created", "changed", "removed", "unchanged"), 0) | {
        "draft_made": False, **counts,
    }  # fmt: skip


# --- what a policy says ---------------------------------------------------------------------------


def _key(row: DwellPolicy) -> Key:
    """A policy is known by what it speaks of, and from when."""
    return (*row.scope, row.valid_from)


def _values(row: DwellPolicy) -> Key:
    return row.note, row.warn_after, row.critical_after, str(row.counted), row.valid_until


def _by_key(rows: Iterable[DwellPolicy]) -> Rows:
    return {_key(row): row for row in rows}


def _content(rows: Rows) -> dict[Key, Key]:
    return {key: _values(row) for key, row in rows.items()}


def _wanted(line: DwellDraft) -> Rows:
    """What the line asks for, by key. Refuses `rules_overlap` where it says the same twice."""
    found: Rows = {}
    refusals = Refusals()
    for number, policy in enumerate(line.policies):
        row = _made(policy)
        if other := found.get(_key(row)):
            refusals.add(versions.overlap(DWELL, row, other, field=f"{ROWS}.{number}"))
        found[_key(row)] = row
    refusals.raise_any()
    return found


def _made(policy: PolicyLine) -> DwellPolicy:
    given = {name: getattr(policy, name) for name in COLUMNS}
    texts = {name: given[name] or "" for name in TEXTS}
    return DwellPolicy(**given | texts | {"note": policy.note.strip()})


def _filled(known: DwellPolicy | None, row: DwellPolicy) -> DwellPolicy:
    if known is None:
        return row
    for name in ("note", "warn_after", "critical_after", "counted", "valid_until"):
        setattr(known, name, getattr(row, name))
    return known


def _refuse_overlaps(rows: Rows, said: list[Key]) -> None:
    """Each that was said and meets another, by its number. What was there does not overlap."""
    refusals = Refusals()
    numbers = {id(rows[key]): number for number, key in enumerate(said)}
    for rule, other in versions.overlapping(rows.values()):
        number = numbers.get(id(rule), numbers.get(id(other)))
        refusals.add(versions.overlap(DWELL, rule, other, field=f"{ROWS}.{number}"))
    refusals.raise_any()
