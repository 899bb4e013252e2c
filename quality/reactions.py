"""What the apps above do when holds are placed, in the transaction that places them."""

from collections.abc import Callable, Mapping, Sequence

from inventory.audit import Stamp
from inventory.models import Lot
from quality.models import Hold

AfterHold = Callable[[Sequence[Hold], Mapping[int, Lot], Stamp], list[str]]
"""Given the new holds and the lots that are locked for them; says what people should know."""

AFTER_HOLD: list[AfterHold] = []
"""Each app adds its own when it is ready."""
