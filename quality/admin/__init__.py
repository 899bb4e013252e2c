"""Quality work in the admin: lots to be decided on, holds, inspections, decisions, rules."""

from quality.admin import history, holds, lots, rules

__all__ = ["history", "holds", "lots", "rules"]
