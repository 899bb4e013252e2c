"""Every quality decision is one of these functions, whatever surface asks for it."""

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
from quality.actions.holds import Lift, NewHold, lift_hold, place_hold
from quality.actions.inspections import Result, record_inspection
from quality.actions.lots import merge_lots, split_lot
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
    "Withdrawal",
    "activate_rules",
    "change_rules",
    "close_lot",
    "countersign",
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
    "withdraw_proposal",
]
