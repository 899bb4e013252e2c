"""From the text of a GS1 symbol to its element strings, each read by biip.

biip knows the application identifiers and their formats. It does not raise on a wrong check digit,
nor see that a value which should end at a separator ends before it; both are looked at here.
"""

import re
from collections.abc import Iterable

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_element_strings import GS1ElementString
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.gs1 import SEPARATOR
from inventory.scanning import associations
from inventory.scanning.content import broken_rule

Elements = dict[str, GS1ElementString]
"""Element strings by their application identifier, in the order in which they came."""

_COUPONS = ("8110", "8112")

_AGAIN = _("Scan it again. If it is refused again, the label is wrong: have it replaced.")
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)((?:\\\(|[^(])*)")


def bad_gs1(text: str) -> Refused:
    """The refusal of what no GS1 symbol can say."""
    return Refused(
        _("This is no complete GS1 code: “%(text)s”."), code="bad_gs1", hint=_AGAIN, text=text
    )


def raw(text: str) -> list[GS1ElementString]:
    """The element strings of what a scanner sends. Refuses `bad_gs1` and `unknown_ai`."""
    found, rest = [], text
    while rest:
        element = _extract(rest)
        rest = rest[len(element) :]
        if rest and element.ai.separator_required and not rest.startswith(SEPARATOR):
            raise bad_gs1(text)
        rest = rest.lstrip(SEPARATOR)
        found.append(element)
    if not found:
        raise bad_gs1(text)
    return found


def _extract(text: str) -> GS1ElementString:
    identifier = _identifier_of(text)
    try:
        element = GS1ElementString.extract(text)
    except ParseError as error:
        raise bad_gs1(text) from error
    if not element.value or element.ai != identifier:
        raise bad_gs1(text)
    return element


def _identifier_of(text: str) -> GS1ApplicationIdentifier:
    """Refuses `unknown_ai`."""
    try:
        return GS1ApplicationIdentifier.extract(text)
    except ParseError as error:
        raise Refused(
            _("“%(identifier)s” is no application identifier of GS1."),
            code="unknown_ai",
            hint=_AGAIN,
            identifier=text[:4],
        ) from error


def of_pairs(pairs: Iterable[tuple[str, str]]) -> list[GS1ElementString]:
    """The element strings of identifiers and values. Refuses `bad_gs1` and `unknown_ai`."""
    found = []
    for identifier, value in pairs:
        text = identifier + value
        if not value or _identifier_of(text).ai != identifier:
            raise bad_gs1(f"({identifier}){value}")
        try:
            found.append(GS1ElementString.parse(text))
        except ParseError as error:
            raise bad_gs1(f"({identifier}){value}") from error
    return found


def is_bracketed(text: str) -> bool:
    """Whether it begins like the line below a symbol: `(01)0950…`."""
    return re.match(r"\([0-9]{2,4}\)", text) is not None


def bracketed(text: str) -> list[GS1ElementString]:
    """The element strings of the line below a symbol; a `(` in a value is written `\\(`.

    Refuses `bad_gs1` and `unknown_ai`.
    """
    packed = "".join(text.split())
    if not packed or not re.fullmatch(rf"(?:{_BRACKETED.pattern})+", packed):
        raise bad_gs1(text)
    return of_pairs(
        (identifier, value.replace("\\(", "(")) for identifier, value in _BRACKETED.findall(packed)
    )


def checked(found: Iterable[GS1ElementString]) -> Elements:
    """The element strings by identifier, once what each says has been looked at.

    Refuses `bad_check_digit`, `bad_gs1`, `repeated_ai` and `coupon_scanned`.
    """
    elements: Elements = {}
    for element in found:
        identifier = element.ai.ai
        if elements.setdefault(identifier, element).value != element.value:
            raise Refused(
                _("The code says (%(identifier)s) twice, and differently."),
                code="repeated_ai",
                hint=_AGAIN,
                identifier=identifier,
            )
        _check(identifier, element.value)
    return elements


def _check(identifier: str, value: str) -> None:
    if identifier in _COUPONS:
        raise Refused(
            _("This is a coupon for a till."),
            code="coupon_scanned",
            hint=_("Look for another symbol on the label."),
        )
    rule = broken_rule(identifier, value)
    if rule in ("csum", "csumalpha"):
        raise Refused(
            _("The check digit of (%(identifier)s) %(value)s is wrong."),
            code="bad_check_digit",
            hint=_("Scan it again. If you typed it, look for a mistyped digit."),
            identifier=identifier,
            value=value,
        )
    if rule is not None:
        raise bad_gs1(f"({identifier}){value}")


def together(elements: Elements) -> Elements:
    """The same, once it is sure that they belong together.

    Refuses `incomplete_gs1` where one lacks another, and `contradictory_gs1`.
    """
    values = {identifier: element.value for identifier, element in elements.items()}
    if lack := associations.missing(values):
        raise Refused(
            _("The code says (%(identifier)s) without %(needed)s."),
            code="incomplete_gs1",
            hint=_("Look for a symbol on the label that says all of it."),
            identifier=lack[0],
            needed=lack[1],
        )
    if pair := associations.conflict(values):
        raise Refused(
            _("(%(one)s) and (%(other)s) cannot be of the same thing."),
            code="contradictory_gs1",
            hint=_AGAIN,
            one=pair[0],
            other=pair[1],
        )
    return elements
