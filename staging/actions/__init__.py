"""Every staging action is one of these functions, whatever surface asks for it."""

from staging.actions.alert_rules import end_alert_rule
from staging.actions.alerts import (
    Acknowledgement,
    Assigning,
    Snooze,
    Waking,
    acknowledge,
    assign_alert,
    snooze,
    wake,
)
from staging.actions.allocation import AllocationLine, Deallocation, allocate, deallocate, suggest
from staging.actions.calendars import put_calendar, put_special_day
from staging.actions.demand_changes import change_demand
from staging.actions.demands import (
    Cancellation,
    DemandChange,
    DemandEnd,
    Need,
    NewDemand,
    cancel_demand,
    complete_demand,
    create_demand,
)
from staging.actions.dwell import activate_dwell, change_dwell, draft_dwell
from staging.actions.dwell_lines import (
    CalendarLine,
    DwellActivation,
    DwellDraft,
    PolicyLine,
    ShiftLine,
    SpecialDayLine,
    Start,
)
from staging.actions.dwell_writing import enforce_dwell, write_dwell
from staging.actions.lanes import Borrowing, Transfer, Unstaging, borrow, transfer, unstage
from staging.actions.output import Output, produce
from staging.actions.production import (
    Consumption,
    Issue,
    Remainder,
    consume,
    issue,
    return_remainder,
)
from staging.actions.reversal import reverse
from staging.actions.shipping import Loading, Shipping, Unloading, load, ship, unload
from staging.actions.stage import Assignment, Staging, assign, stage

__all__ = [
    "Acknowledgement",
    "AllocationLine",
    "Assigning",
    "Assignment",
    "Borrowing",
    "CalendarLine",
    "Cancellation",
    "Consumption",
    "Deallocation",
    "DemandChange",
    "DemandEnd",
    "DwellActivation",
    "DwellDraft",
    "Issue",
    "Loading",
    "Need",
    "NewDemand",
    "Output",
    "PolicyLine",
    "Remainder",
    "ShiftLine",
    "Shipping",
    "Snooze",
    "SpecialDayLine",
    "Staging",
    "Start",
    "Transfer",
    "Unloading",
    "Unstaging",
    "Waking",
    "acknowledge",
    "activate_dwell",
    "allocate",
    "assign",
    "assign_alert",
    "borrow",
    "cancel_demand",
    "change_demand",
    "change_dwell",
    "complete_demand",
    "consume",
    "create_demand",
    "deallocate",
    "draft_dwell",
    "end_alert_rule",
    "enforce_dwell",
    "issue",
    "load",
    "produce",
    "put_calendar",
    "put_special_day",
    "return_remainder",
    "reverse",
    "ship",
    "snooze",
    "stage",
    "suggest",
    "transfer",
    "unload",
    "unstage",
    "wake",
    "write_dwell",
]
