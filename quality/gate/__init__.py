"""May this lot do this, here, for this? The only place that answers.

The same stops stand twice: as SQL (`stop_code`), for lists, boards and sweeps, and line by line
(`examine`), for the action that is about to happen. A property test holds the two together. What
no rule allows is denied; of the rules that match, the strictest counts.
"""

from quality.gate.lines import Use, Verdict, examine, require_shelf_life
from quality.gate.sql import effect, matching, stop_code
from quality.gate.stock import alternatives, fefo, permits
from quality.gate.stops import DATE_STOPS, EXPIRED, RETEST_DUE, STOP_LABELS, DateStop

__all__ = [
    "DATE_STOPS",
    "EXPIRED",
    "RETEST_DUE",
    "STOP_LABELS",
    "DateStop",
    "Use",
    "Verdict",
    "alternatives",
    "effect",
    "examine",
    "fefo",
    "matching",
    "permits",
    "require_shelf_life",
    "stop_code",
]
