"""Which module knows which events."""

from collections.abc import Iterable, Mapping

from integration.feed import alerts, decisions, demands, holds, movements
from integration.feed.kinds import Content, Family

FAMILIES: Mapping[str, Family] = {
    "movement": movements,
    "decision": decisions,
    "hold": holds,
    "demand": demands,
    "alert": alerts,
}


def family_of(topic: str) -> Family:
    return FAMILIES[topic.split(".")[0]]


def contents(wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Content]:
    """What the records say, by topic and key; each family is asked once."""
    asked: dict[str, dict[str, list[int]]] = {}
    for topic, key in wanted:
        topics = asked.setdefault(topic.split(".")[0], {})
        topics.setdefault(topic, []).append(key)
    found: dict[tuple[str, int], Content] = {}
    for name, topics in asked.items():
        found |= FAMILIES[name].contents(topics)
    return found
