"""Spans of time as they are kept: as the number of one of 140 steps, each a tenth longer.

From one minute on there are 24 steps to a factor of ten, up to a bit over a year. A percentile of
any number of kept spans lies in the same step as the exact one, because steps keep their order; it
is told as the middle of its step, which is less than 5 % off (a step is 1.1007 long, the root of
which is 1.0491). Below a minute it is told as half a minute, beyond the last bound as that.
"""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import timedelta
from math import sqrt
from typing import Any

from django.db.models import Case, Q, SmallIntegerField, Value, When

FIRST = timedelta(minutes=1)
TO_TENFOLD = 24
ERROR = 0.05
"""How far from the exact one a percentile is at most, as a part of it, from `FIRST` on."""

BOUNDS = tuple(FIRST * 10 ** (step / TO_TENFOLD) for step in range(139))
"""Step 0 ends at the first of them, the last step has no end."""


def step_of(span: timedelta) -> int:
    """The number under which a span is kept."""
    return bisect_right(BOUNDS, span)


def middle(step: int) -> timedelta:
    """What a kept span is told as."""
    if step == 0:
        return FIRST / 2
    if step == len(BOUNDS):
        return BOUNDS[-1]
    low, high = BOUNDS[step - 1], BOUNDS[step]
    return low * sqrt(high / low)


def step(span: str) -> Any:
    """An expression for `step_of` a column: bounds are halved, as `bisect` does."""
    return _between(span, 0, len(BOUNDS))


def _between(span: str, low: int, high: int) -> Any:
    if low == high:
        return Value(low, output_field=SmallIntegerField())
    half = (low + high) // 2
    return Case(
        When(Q(**{f"{span}__lt": BOUNDS[half]}), then=_between(span, low, half)),
        default=_between(span, half + 1, high),
        output_field=SmallIntegerField(),
    )


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
