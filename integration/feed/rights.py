"""Who may follow what: events of a kind are for who may view what they tell of."""

from collections.abc import Collection, Iterable
from typing import Any

from django.apps import apps

from integration.feed.reading import Filters

VIEWS = {
    "movement": "inventory.view_movement",
    "decision": "quality.view_decision",
    "hold": "quality.view_hold",
    "demand": "staging.view_demand",
    "alert": "staging.view_alert",
}


def families(types: Collection[str]) -> set[str]:
    """What these types, or patterns, tell of; none: of everything."""
    return Filters(types=tuple(types)).families()


def needed(types: Collection[str]) -> set[str]:
    """The permissions to view all of that."""
    return {VIEWS[family] for family in families(types)}


def missing(user: Any, types: Collection[str]) -> list[str]:
    """Those of them that somebody has not, or has not any more."""
    return sorted(name for name in needed(types) if not user.has_perm(name))


def in_words(permissions: Iterable[str]) -> str:
    """What may not be viewed, as people call it."""
    kinds = [name.replace(".view_", ".") for name in permissions]
    return ", ".join(str(apps.get_model(kind)._meta.verbose_name_plural) for kind in kinds)
