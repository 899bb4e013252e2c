"""From what another system calls a thing to the thing."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.models import MODELS, ExternalId
from inventory import codes
from inventory.errors import Refused

KINDS = {model: kind for kind, model in MODELS.items()}
"""The kinds of things that other systems may have names for."""


def known_as(kind: type[models.Model], names: Iterable[tuple[str, str]]) -> dict[Any, Any]:
    """The things by system and identifier. One statement, however many."""
    wanted = set(names)
    column = KINDS[kind]
    rows = ExternalId.objects.filter(
        kind=column,
        source__in={source for source, _id in wanted},
        identifier__in={identifier for _source, identifier in wanted},
    ).select_related(column, *_near(kind, column))
    return {(row.source, row.identifier): row.thing for row in rows}


def _near(kind: type[models.Model], column: str) -> list[str]:
    """What is looked at next, so that it is not read thing by thing."""
    return [f"{column}__{name}" for name in codes.related(kind)]


def also_by_system(kind: type[models.Model], texts: Iterable[str]) -> dict[str, Any]:
    """What `ERP:4711` names, for `codes.find`: the system, a colon, and what it calls the thing."""
    named = {text: tuple(text.strip().split(":", 1)) for text in texts if ":" in text}
    if kind not in KINDS or not named:
        return {}
    found = known_as(kind, named.values())  # type: ignore[arg-type]  # two parts each
    return {text: found[name] for text, name in named.items() if name in found}


class Names:
    """Looks up what messages name: first as their system calls it, then by our own codes.

    One statement for each kind of thing, and a second one for what the systems have no names for.
    """

    def __init__(self) -> None:
        self._wanted: dict[type[models.Model], set[tuple[str, str]]] = defaultdict(set)
        self._known: dict[type[models.Model], dict[Any, Any]] = {}
        self._own: dict[type[models.Model], dict[str, Any]] = {}

    def want(self, kind: type[models.Model], source: str, text: str | None) -> None:
        if text and text.strip():
            self._wanted[kind].add((source, text.strip()))

    def read(self) -> None:
        """Look up all that is wanted."""
        for kind, names in self._wanted.items():
            known = self._known[kind] = known_as(kind, names) if kind in KINDS else {}
            others = {text for source, text in names if (source, text) not in known}
            self._own[kind] = codes.find(kind, others) if others else {}

    def take_over(self, others: "Names") -> None:
        """What others have found, of kinds that were not looked for here."""
        self._known |= others._known
        self._own |= others._own

    def known(self, kind: type[models.Model], source: str, identifier: str) -> Any:
        """What the system calls so, or None."""
        return self._known.get(kind, {}).get((source, identifier.strip()))

    def own(self, kind: type[models.Model], code: str) -> Any:
        """What has that very code, or None: a label that merely leads there is not enough."""
        found = self._own.get(kind, {}).get(code.strip())
        is_it = found not in (None, codes.MANY) and codes.code_of(found) == code.strip()
        return found if is_it else None

    def find(self, kind: type[models.Model], source: str, text: str | None) -> Any:
        """The thing, `codes.MANY`, or None."""
        text = (text or "").strip()
        known = self._known.get(kind, {}).get((source, text))
        return known if known is not None else self._own.get(kind, {}).get(text)

    def get(self, kind: type[models.Model], source: str, text: str | None, field: str) -> Any:
        """The thing; None where nothing was said. Refuses `external_unknown`."""
        if not text or not text.strip():
            return None
        found = self.find(kind, source, text)
        if found is None or found is codes.MANY:
            raise unknown(kind, source, text, field)
        return found


def unknown(kind: type[models.Model], source: str, text: str, field: str) -> Refused:
    return Refused(
        _("%(source)s has no %(kind)s “%(value)s”, and no code of ours is so."),
        code="external_unknown",
        field=field,
        hint=_("Send it first, or have its identifier entered in the admin."),
        source=source,
        kind=kind._meta.verbose_name,
        value=text,
    )
