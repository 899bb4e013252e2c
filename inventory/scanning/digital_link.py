"""GS1 Digital Link: element strings as a web address, on any domain and below any path."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from django.utils.translation import gettext_lazy as _

from inventory.check_digits import is_digits
from inventory.errors import Refused
from inventory.scanning.associations import KEYS, NOT_IN_QUERY

_LINK = re.compile(
    r"(?:https?|HTTPS?)://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?P<path>/[A-Za-z0-9._~:/\[\]@!$&'()*+,;=%-]*)"
    r"(?:\?(?P<query>[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*))?"
    r"(?:#[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*)?"
)
_OLD_WORDS = {
    "gtin": "01", "itip": "8006", "sscc": "00", "gln": "414", "glnx": "254", "cpv": "22",
    "lot": "10", "ser": "21", "grai": "8003", "giai": "8004", "gdti": "253",
}  # fmt: skip
"""Words for identifiers that the first editions of the standard allowed in the path."""


def is_link(text: str) -> bool:
    """Whether it is a web address, whatever it says."""
    return text[:8].lower().startswith(("http://", "https://"))


def pairs(text: str) -> list[tuple[str, str]]:
    """Identifiers and values of a Digital Link, those of the path first. Refuses `bad_link`."""
    found = _LINK.fullmatch(text)
    if found is None:
        raise _bad(text)
    in_path = _of_path(found["path"].split("/")[1:])
    if in_path is None:
        raise _bad(text)
    in_query = list(_of_query(found["query"] or ""))
    if _is_misplaced(in_path, in_query):
        raise _bad(text)
    return in_path + in_query


def _bad(text: str) -> Refused:
    return Refused(
        _("“%(text)s” is a web address, but no GS1 Digital Link."),
        code="bad_link",
        hint=_("Look for another symbol on the label."),
        text=text[:80],
    )


def _of_path(segments: list[str]) -> list[tuple[str, str]] | None:
    """From the last key in the path on: what stands before is the owner's own."""
    for start in range(len(segments) - 2, -1, -2):
        key = _identifier(segments[start])
        if key in KEYS:
            rest = [unquote(segment) for segment in segments[start:]]
            found = [
                (_identifier(one), value) for one, value in zip(*[iter(rest)] * 2, strict=True)
            ]
            return (
                _whole(found) if _is_in_order(key, [name for name, _value in found[1:]]) else None
            )
    return None


def _identifier(segment: str) -> str:
    return _OLD_WORDS.get(segment, segment)


def _whole(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """With the zeros before a GTIN that the first editions allowed to be left out."""
    key, value = found[0]
    if key == "01" and is_digits(value) and len(value) in (8, 12, 13):
        found[0] = (key, value.zfill(14))
    return found


def _is_in_order(key: str, qualifiers: list[str]) -> bool:
    """Whether the qualifiers are some of those that the key may have, in their order."""
    for allowed in KEYS[key] or ((),):
        left = iter(allowed)
        if all(qualifier in left for qualifier in qualifiers):
            return True
    return False


def _of_query(query: str) -> Iterator[tuple[str, str]]:
    """What has a number for a name; anything else in a query is the owner's own."""
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if equals and is_digits(name):
            yield name, unquote(value.replace("+", " "))


def _is_misplaced(in_path: list[tuple[str, str]], in_query: list[tuple[str, str]]) -> bool:
    names = [name for name, _value in in_query]
    key = in_path[0][0]
    of_path = {key, *NOT_IN_QUERY, *(name for allowed in KEYS[key] for name in allowed)}
    return len(set(names)) < len(names) or not of_path.isdisjoint(names)
