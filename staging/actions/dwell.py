"""Draft dwell policies, change the draft, put it into force."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory.actions import versions
from inventory.audit import Actor
from staging.dwell import changes
from staging.models import DwellPolicy, DwellSet

DWELL = versions.Kind(
    model=DwellSet,
    rule=DwellPolicy,
    part="dwell_set",
    drafting="staging.draft_dwell",
    activating="staging.activate_dwell",
    active=_("Dwell policies %(draft)s are or were in force."),
    outdated=_("Dwell policies %(draft)s are older than those in force."),
    empty="",  # without policies, the limits of lanes and materials count
    own=_("You have written dwell policies %(draft)s yourself."),
    overlap=_("“%(rule)s” and “%(other)s” speak of the same on the same days."),
    again=_("Make a new draft from the policies in force."),
)


@transaction.atomic
def draft_dwell(*, note: str, by: Actor, at: datetime) -> DwellSet:
    """Start a draft: the next version, with a copy of the policies in force.

    Raises ValidationError where the note is missing or too long.
    """
    draft: DwellSet = versions.start_draft(DWELL, note=note, by=by, at=at)
    return draft


@transaction.atomic
def change_dwell(
    *,
    draft: DwellSet,
    rules: Sequence[DwellPolicy],
    removed: Sequence[DwellPolicy] = (),
    reason: str,
    by: Actor,
    at: datetime,
) -> DwellSet:
    """Save a draft with the policies that changed. Old and new values are recorded.

    Refuses `reason_needed`, `rules_overlap`, and `rules_active`.
    """
    return versions.save_draft(DWELL, draft, rules, removed, reason=reason, by=by, at=at)


@transaction.atomic
def activate_dwell(*, dwell_set: DwellSet, reason: str, by: Actor, at: datetime) -> DwellSet:
    """Put a draft into force: at once for what is staged from now on. The clock works out what
    stands already.

    Refuses `reason_needed`, `rules_active`, `rules_outdated`, `own_draft`.
    """
    done = versions.put_into_force(DWELL, dwell_set, reason=reason, by=by, at=at)
    changes.announce()
    return done
