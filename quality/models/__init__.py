"""May this lot be used? Rules, holds, inspections and signed decisions."""

from quality.models.attachments import Attachment
from quality.models.changes import LotChange
from quality.models.decisions import Decision, DecisionKind, Meaning, RestrictedUse
from quality.models.holds import Hold
from quality.models.inspections import (
    Disposition,
    Inspection,
    InspectionKind,
    InspectionResult,
    Outcome,
)
from quality.models.plans import (
    CharacteristicKind,
    DueInspection,
    InspectionPlan,
    PlanCharacteristic,
)
from quality.models.rules import Effect, GatedAction, RuleSet, UsageRule
from quality.models.shelf_life import ShelfLifeRule
from quality.models.signatures import Ending, Method, Proposal, ProposalEnd, Signature

__all__ = [
    "Attachment",
    "CharacteristicKind",
    "Decision",
    "DecisionKind",
    "Disposition",
    "DueInspection",
    "Effect",
    "Ending",
    "GatedAction",
    "Hold",
    "Inspection",
    "InspectionKind",
    "InspectionPlan",
    "InspectionResult",
    "LotChange",
    "Meaning",
    "Method",
    "Outcome",
    "PlanCharacteristic",
    "Proposal",
    "ProposalEnd",
    "RestrictedUse",
    "RuleSet",
    "ShelfLifeRule",
    "Signature",
    "UsageRule",
]
