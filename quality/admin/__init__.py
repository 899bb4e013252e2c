"""Quality work in the admin: lots to be decided on, holds, inspections, decisions, rules."""

from quality.admin import attaching, attempts, due, history, holds, lots, plans, rules, shelf_life

__all__ = [
    "attaching",
    "attempts",
    "due",
    "history",
    "holds",
    "lots",
    "plans",
    "rules",
    "shelf_life",
]
