"""May this lot be used? Rules, holds, inspections and signed decisions."""

from quality.models.changes import LotChange
from quality.models.decisions import Decision, DecisionKind, Meaning, RestrictedUse
from quality.models.holds import Hold
from quality.models.inspections import Inspection, InspectionKind, InspectionResult
from quality.models.rules import Effect, GatedAction, RuleSet, UsageRule

__all__ = [
    "Decision",
    "DecisionKind",
    "Effect",
    "GatedAction",
    "Hold",
    "Inspection",
    "InspectionKind",
    "InspectionResult",
    "LotChange",
    "Meaning",
    "RestrictedUse",
    "RuleSet",
    "UsageRule",
]
