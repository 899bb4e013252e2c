"""Quality work in the admin: lots to be decided on, holds, inspections, decisions, rules."""

from quality.admin import attempts, history, holds, lots, rules

__all__ = ["attempts", "history", "holds", "lots", "rules"]
