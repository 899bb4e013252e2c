"""Every quality decision is one of these functions, whatever surface asks for it."""

from quality.actions.attachments import attach
from quality.actions.decisions import (
    Closing,
    Rejection,
    Release,
    Reopening,
    Restriction,
    close_lot,
    reject,
    release,
    reopen,
    restrict,
)
from quality.actions.dispositions import Verdict, dispose_inspection
from quality.actions.holds import Lift, NewHold, lift_hold, place_hold
from quality.actions.inspections import Result, record_inspection
from quality.actions.lots import merge_lots, split_lot
from quality.actions.plans import approve_plan, change_plan, draft_plan, withdraw_plan
from quality.actions.proposals import (
    Countersignature,
    Withdrawal,
    countersign,
    withdraw_proposal,
)
from quality.actions.rules import activate_rules, change_rules, draft_rules

__all__ = [
    "Closing",
    "Countersignature",
    "Lift",
    "NewHold",
    "Rejection",
    "Release",
    "Reopening",
    "Restriction",
    "Result",
    "Verdict",
    "Withdrawal",
    "activate_rules",
    "approve_plan",
    "attach",
    "change_plan",
    "change_rules",
    "close_lot",
    "countersign",
    "dispose_inspection",
    "draft_plan",
    "draft_rules",
    "lift_hold",
    "merge_lots",
    "place_hold",
    "record_inspection",
    "reject",
    "release",
    "reopen",
    "restrict",
    "split_lot",
    "withdraw_plan",
    "withdraw_proposal",
]
