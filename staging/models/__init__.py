"""Demands, what is committed to them, and the alerts the clock raised."""

from staging.models.alerts import (
    Alert,
    AlertLevel,
    AlertReason,
    AlertRule,
    AlertStep,
    AlertStepKind,
    ClockMark,
    ClockNote,
    Severity,
)
from staging.models.calendars import Shift, SiteCalendar, SpecialDay, Weekday, WorkingTime
from staging.models.claims import ClaimChange
from staging.models.commitments import Allocation, Commitment, StagedStock, State
from staging.models.demands import Demand, DemandKind, DemandState, Requirement
from staging.models.displays import Display
from staging.models.dwell import Counted, DwellChange, DwellPolicy, DwellSet, DwellTerms
from staging.models.labels import LabelSize
from staging.models.numbers import DayNumber, DaySnapshot, Measure, NumbersMark
from staging.models.past import ClaimHistory, ClaimStep
from staging.models.pulls import PullTask
from staging.models.reports import ReportChoice, ReportMail
from staging.models.unstaging import LeftBy, UnstageTask

__all__ = [
    "Alert",
    "AlertLevel",
    "AlertReason",
    "AlertRule",
    "AlertStep",
    "AlertStepKind",
    "Allocation",
    "ClaimChange",
    "ClaimHistory",
    "ClaimStep",
    "ClockMark",
    "ClockNote",
    "Commitment",
    "Counted",
    "DayNumber",
    "DaySnapshot",
    "Demand",
    "DemandKind",
    "DemandState",
    "Display",
    "DwellChange",
    "DwellPolicy",
    "DwellSet",
    "DwellTerms",
    "LabelSize",
    "LeftBy",
    "Measure",
    "NumbersMark",
    "PullTask",
    "ReportChoice",
    "ReportMail",
    "Requirement",
    "Severity",
    "Shift",
    "SiteCalendar",
    "SpecialDay",
    "StagedStock",
    "State",
    "UnstageTask",
    "Weekday",
    "WorkingTime",
]
