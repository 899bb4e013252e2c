"""From what was scanned to the things that it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models

from inventory import codes
from inventory.scanning.reading import read
from inventory.scanning.scan import Scan

Thing = TypeVar("Thing", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Meant:
    """What a scan says, the things that it names, and the kinds of which it names several."""

    scan: Scan
    things: tuple[Any, ...]
    several: tuple[type[models.Model], ...] = ()

    def one(self, kind: type[Thing]) -> Thing | None:
        """The thing of this kind that is meant, if there is one and one only."""
        return next((thing for thing in self.things if isinstance(thing, kind)), None)


def resolve(text: str, wanted: Sequence[type[models.Model]] | None = None) -> Meant:
    """The things that the text names, in the order of `wanted`: kinds that have a code of their
    own or of GS1's, by default all that have one of GS1's. One query for each kind.

    A label that names a lot names its material as well, and perhaps its container: the caller
    says which it wants first. Refuses what `scanning.read` does.
    """
    scan, things, several = read(text), [], []
    for kind in codes.scannable() if wanted is None else wanted:
        hit = codes.find(kind, [text]).get(text)
        if hit is codes.MANY:
            several.append(kind)
        elif hit is not None:
            things.append(hit)
    return Meant(scan, tuple(things), tuple(several))
