"""Draft an inspection plan, change the draft, have it approved by somebody else, withdraw it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions import remove_master, save_master
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Material
from quality.models import InspectionKind, InspectionPlan, PlanCharacteristic


@transaction.atomic
def draft_plan(
    *, material: Material, kind: InspectionKind, note: str, by: Actor, at: datetime
) -> InspectionPlan:
    """Start the next version of a material's plan, with a copy of the one in force.

    Raises ValidationError where the note is missing or too long.
    """
    _lock(material)
    plans = InspectionPlan.objects.filter(material=material, kind=kind)
    newest = plans.aggregate(version=Max("version"))["version"] or 0
    draft = InspectionPlan(material=material, kind=kind, version=newest + 1, note=note.strip())
    draft.full_clean()
    draft.save()
    draft.authors.add(by.user)
    copied = list(PlanCharacteristic.objects.filter(plan__in=plans.in_force()).order_by("pk"))
    for row in copied:
        row.pk, row.plan = None, draft
    PlanCharacteristic.objects.bulk_create(copied)
    audit.record(
        "quality.draft_plan",
        stamp=audit.stamp(by, at, draft.note),
        subject=draft,
        facts={"characteristics": len(copied)},
    )
    return draft


@transaction.atomic
def change_plan(
    *,
    draft: InspectionPlan,
    characteristics: Sequence[PlanCharacteristic],
    removed: Sequence[PlanCharacteristic] = (),
    reason: str,
    by: Actor,
    at: datetime,
) -> InspectionPlan:
    """Save a draft with the characteristics that changed. Who does is one of its authors.

    Refuses `reason_needed` and `plan_approved`: a plan that is or was in force never changes.
    """
    reason = audit.require_reason(reason)
    _lock(draft.material)
    _require_draft(draft)
    draft.authors.add(by.user)
    save_master(draft, by=by, at=at, reason=reason)
    for row in removed:
        remove_master(row, by=by, at=at, reason=reason)
    for row in characteristics:
        row.plan = draft
        save_master(row, by=by, at=at, reason=reason)
    return draft


@transaction.atomic
def approve_plan(*, plan: InspectionPlan, reason: str, by: Actor, at: datetime) -> InspectionPlan:
    """Put a draft into force; the version before it stays for the record. What is due already is
    held against the new one.

    Refuses `reason_needed`, `plan_approved`, `plan_outdated`, `plan_empty` and
    `approver_wrote_plan`.
    """
    stamp = audit.stamp(by, at, audit.require_reason(reason))
    _lock(plan.material)
    _require_draft(plan)
    versions = InspectionPlan.objects.filter(material=plan.material, kind=plan.kind)
    newest = versions.filter(approved_at__isnull=False).order_by("-version").first()
    if newest and plan.version < newest.version:
        raise _refused("plan_outdated", plan)
    if not plan.characteristics.exists():
        raise _refused("plan_empty", plan)
    if plan.authors.filter(pk=by.user.pk).exists():
        raise _refused("approver_wrote_plan", plan)
    current = versions.in_force().first()
    versions.in_force().update(ended_at=stamp.recorded_at, ended_by=stamp.actor)
    plan.approved_at, plan.approved_by = stamp.recorded_at, stamp.actor
    plan.save(update_fields=["approved_at", "approved_by"])
    changes = {"version in force": [current.version if current else None, plan.version]}
    audit.record("quality.approve_plan", stamp=stamp, subject=plan, changes=changes)
    return plan


@transaction.atomic
def withdraw_plan(*, plan: InspectionPlan, reason: str, by: Actor, at: datetime) -> InspectionPlan:
    """End a plan without another in its place: such inspections are due no longer.

    Refuses `reason_needed`, `plan_not_in_force` and, for its authors, `approver_wrote_plan`.
    """
    stamp = audit.stamp(by, at, audit.require_reason(reason))
    _lock(plan.material)
    if not InspectionPlan.objects.in_force().filter(pk=plan.pk).exists():
        raise _refused("plan_not_in_force", plan)
    if plan.authors.filter(pk=by.user.pk).exists():
        raise _refused("approver_wrote_plan", plan)
    plan.ended_at, plan.ended_by = stamp.recorded_at, stamp.actor
    plan.save(update_fields=["ended_at", "ended_by"])
    changes = {"version in force": [plan.version, None]}
    audit.record("quality.withdraw_plan", stamp=stamp, subject=plan, changes=changes)
    return plan


def _lock(material: Material) -> None:
    """The material's row is the lock of its plans: two approvals come one after the other."""
    Material.objects.select_for_update(no_key=True, of=("self",)).get(pk=material.pk)


def _require_draft(plan: InspectionPlan) -> None:
    if not InspectionPlan.objects.filter(pk=plan.pk, approved_at=None).exists():
        raise _refused("plan_approved", plan)


_WHY = {
    "plan_approved": (
        _("%(plan)s is or was in force."), _("Make a new draft from the plan in force."),
    ),
    "plan_outdated": (
        _("%(plan)s is older than the one in force."),
        _("Make a new draft from the plan in force."),
    ),
    "plan_empty": (_("%(plan)s asks for nothing."), _("Add what is to be examined.")),
    "plan_not_in_force": (_("%(plan)s is not in force."), _("Look for the version that is.")),
    "approver_wrote_plan": (
        _("You have written %(plan)s, or a part of it."), _("Somebody else must decide on it."),
    ),
}  # fmt: skip


def _refused(code: str, plan: InspectionPlan) -> Refused:
    why, hint = _WHY[code]
    return Refused(why, code=code, field="plan", hint=hint, plan=plan)
