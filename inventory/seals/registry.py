"""Which records are sealed. Each app names its own when it is ready."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models

SEALED: dict[str, "Sealed"] = {}
"""By the name under which seals know the records: `inventory.movement`."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Records that are sealed, and which of their columns, in the order in which they are."""

    model: type[models.Model]
    columns: tuple[str, ...]
    append_only: bool

    @property
    def table(self) -> str:
        return self.model._meta.label_lower


def add(*kinds: type[models.Model], fields: Sequence[str] = ()) -> None:
    """Have records sealed from now on, whole.

    Of records that go on changing, name the `fields` that never do. A column of sealed records may
    be added, but neither renamed nor removed: what was sealed could not be checked any more.
    """
    for kind in kinds:
        meta = kind._meta
        named = {field.name: field.attname for field in meta.concrete_fields}
        columns = sorted(named[name] for name in fields or set(named) - {meta.pk.name})
        SEALED[meta.label_lower] = Sealed(kind, tuple(columns), append_only=not fields)
