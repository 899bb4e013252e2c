"""Spans of time as they are kept: as the number of one of 140 steps, each a tenth longer.

From one minute on there are 24 steps to a factor of ten, up to a bit over a year. A percentile of
any number of kept spans lies in the same step as the exact one, because steps keep their order; it
is told as the middle of its step, which is less than 5 % off (a step is 1.1007 long, the root of
which is 1.0491). Below a minute it is told as half a minute, beyond the last bound as that.
"""

from collections.abc import Mapping
from datetime import timedelta
from math import floor, log10, sqrt
from typing import Any

from django.db.models import Func, SmallIntegerField

FIRST = timedelta(minutes=1)
TO_TENFOLD = 24
LAST = 139
"""The last step begins after 390 days, and has no end."""

ERROR = 0.05
"""How far from the exact one a percentile is at most, as a part of it, from `FIRST` on."""

HAIR = 1e-9
"""So that ten minutes are ten minutes, however a logarithm is rounded."""


def step_of(span: timedelta) -> int:
    """The number under which a span is kept."""
    if span < FIRST:
        return 0
    return min(1 + floor(log10(span / FIRST) * TO_TENFOLD + HAIR), LAST)


def middle(step: int) -> timedelta:
    """What a kept span is told as."""
    if step == 0:
        return FIRST / 2
    low = FIRST * 10 ** ((step - 1) / TO_TENFOLD)
    return low if step == LAST else low * sqrt(10 ** (1 / TO_TENFOLD))


class Step(Func):
    """An expression for `step_of` a span. A span is an interval, or microseconds in SQLite."""

    output_field = SmallIntegerField()
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        seconds = "EXTRACT(EPOCH FROM %(expressions)s)::double precision"
        return self._of(compiler, connection, seconds, "LEAST", "LOG({0})", **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        seconds = "(%(expressions)s / 1000000.0)"
        return self._of(compiler, connection, seconds, "MIN", "LN({0}) / LN(10)", **extra)

    def _of(
        self, compiler: Any, connection: Any, seconds: str, least: str, log: str, **extra: Any
    ) -> Any:
        # What is below the first bound is raised to it: a logarithm of nothing is refused.
        most = {"LEAST": "GREATEST", "MIN": "MAX"}[least]
        minutes = f"{most}({seconds} / 60, 0.5)"
        steps = f"1 + FLOOR({log.format(minutes)} * {TO_TENFOLD} + {HAIR})"
        template = f"CAST({most}({least}({steps}, {LAST}), 0) AS smallint)"
        return super().as_sql(compiler, connection, template=template, **extra)


def percentile(numbers: Mapping[int, int], part: tuple[int, int]) -> timedelta | None:
    """The span within which a part of all lies (nearest rank), of how many lie in each step.
    None of nothing."""
    whole, (over, under) = sum(numbers.values()), part
    reached = 0
    for number in sorted(numbers):
        reached += numbers[number]
        if whole and reached * under >= whole * over:
            return middle(number)
    return None


HALF, NINTH = (1, 2), (9, 10)
