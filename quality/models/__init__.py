"""May this lot be used? Rules, holds, inspections and signed decisions."""

from quality.models.changes import LotChange
from quality.models.decisions import Decision, DecisionKind, Meaning, RestrictedUse
from quality.models.holds import Hold
from quality.models.inspections import Inspection, InspectionKind, InspectionResult
from quality.models.rules import Effect, GatedAction, RuleSet, UsageRule
from quality.models.signatures import Ending, Method, Proposal, ProposalEnd, Signature

__all__ = [
    "Decision",
    "DecisionKind",
    "Effect",
    "Ending",
    "GatedAction",
    "Hold",
    "Inspection",
    "InspectionKind",
    "InspectionResult",
    "LotChange",
    "Meaning",
    "Method",
    "Proposal",
    "ProposalEnd",
    "RestrictedUse",
    "RuleSet",
    "Signature",
    "UsageRule",
]
