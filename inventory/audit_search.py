"""What the audit trail says about a thing that a text names.

The text is looked up among the things themselves, whose codes are indexed, and the trail by what
is found: it needs no index of words, which every action would have to write.
"""

from django.contrib.auth.models import User
from django.db.models import Model, Q

from inventory import codes
from inventory.models import Lot, Movement, RefusedAttempt

MOST_NAMED = 100
"""Things of a kind whose code may begin with the text."""

MOST_MOVEMENTS = 2000
"""The newest movements and refused attempts of the lots found, whose entries are shown as well."""


def about(text: str) -> Q:
    """Entries about things by code, or by how it begins; and what was done or tried with a lot."""
    found, lots = Q(pk=None), list[int]()
    kinds: dict[type[Model], tuple[str, ...]] = {**codes.columns(), User: ("username",)}
    for kind, columns in kinds.items():
        keys = _named(kind, columns, text)
        if keys:
            numbers = [str(key) for key in keys]
            found |= Q(subject_type=kind._meta.label_lower, subject_id__in=numbers)
        if kind is Lot:
            lots = keys
    if lots:
        moved = (
            Movement.objects.filter(lot__in=lots).order_by("-pk").values_list("batch", flat=True)
        )
        tried = RefusedAttempt.objects.filter(lot__in=lots).order_by("-recorded_at")
        refused = tried.values_list("batch", flat=True)[:MOST_MOVEMENTS]
        found |= Q(batch__in={*moved[:MOST_MOVEMENTS], *refused})
    return found


def because(text: str) -> Q:
    """Entries whose reason has the text in it. Most entries have none, and an index leads past
    those; the others are read, the newest first."""
    return ~Q(reason="") & Q(reason__icontains=text)


def _named(kind: type[Model], columns: tuple[str, ...], text: str) -> list[int]:
    """By how the first column begins, or by another whole. Codes are typed small, and are large."""
    first, *others = columns
    written = {text, text.upper()}
    begins = Q(**{f"{first}__startswith": text}) | Q(**{f"{first}__startswith": text.upper()})
    for column in others:
        begins |= Q(**{f"{column}__in": written})
    rows = kind._default_manager.filter(begins).order_by().values_list("pk", flat=True)
    return list(rows[:MOST_NAMED])
