"""The guided flows that the work page leads to. An app that has flows adds them here."""

from dataclasses import dataclass

from inventory.fields import Words
from inventory.verbs import REGISTRY


@dataclass(frozen=True, kw_only=True)
class Guided:
    """A way through one or several verbs, scan by scan; `verb` is the one that mostly ends it."""

    name: str
    label: Words
    help: Words
    icon: str
    verb: str

    @property
    def permission(self) -> str:
        return REGISTRY[self.verb].permission


GUIDED: dict[str, Guided] = {}
"""Every flow by its name, in the order in which the tiles stand."""


def register(*flows: Guided) -> None:
    """Offer flows on the work page."""
    for flow in flows:
        GUIDED[flow.name] = flow
