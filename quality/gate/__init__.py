"""May this lot do this, here, for this? The only place that answers.

The same stops stand twice: as SQL (`stop_code`), for lists, boards and sweeps, and line by line
(`examine`), for the action that is about to happen. A property test holds the two together. What
no rule allows is denied; of the rules that match, the strictest counts.
"""

from quality.gate.lines import Use, Verdict, examine
from quality.gate.shelf_life import ShelfLives, later, lives_asked, longest_life
from quality.gate.sql import effect, matching, stop_code
from quality.gate.stock import alternatives, fefo, lives_of, permits
from quality.gate.stops import DATE_STOPS, EXPIRED, RETEST_DUE, STOP_LABELS, TIME_OUT, DateStop

__all__ = [
    "DATE_STOPS",
    "EXPIRED",
    "RETEST_DUE",
    "STOP_LABELS",
    "TIME_OUT",
    "DateStop",
    "ShelfLives",
    "Use",
    "Verdict",
    "alternatives",
    "effect",
    "examine",
    "fefo",
    "later",
    "lives_asked",
    "lives_of",
    "longest_life",
    "matching",
    "permits",
    "stop_code",
]
