"""Master data, the ledger and the audit trail in the admin.

Lots, locations, materials and containers are registered by the apps above, which add what they
know: quality its holds and decisions, staging its demands.
"""

from inventory.admin import history, materials, places, seals

__all__ = ["history", "materials", "places", "seals"]
