"""How the numbers of a chart are spelled, on its scale and in its words."""

from datetime import timedelta
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from inventory.units import plain

Number = int | Decimal


def count(number: Number) -> str:
    """Grouped, without trailing zeros: `12,500`, `0.25`."""
    text = plain(Decimal(number))
    return number_format(text, len(text.partition(".")[2]), force_grouping=True)


def share(number: Number) -> str:
    """A part of one as a percentage, to a tenth: `97.5 %`."""
    return _("%(percent)s %%") % {"percent": count(round(Decimal(number) * 100, 1))}


def hours(span: timedelta) -> Decimal:
    """A span of time in hours, to a hundredth."""
    return round(Decimal(span // timedelta(microseconds=1)) / 3_600_000_000, 2)


def duration(span: timedelta) -> str:
    """`40 min`, `7.5 h` or `3.2 d`: the largest unit of which there are two at least."""
    passed = hours(span)
    if passed < 2:
        return _("%(number)s min") % {"number": count(round(passed * 60))}
    if passed < 48:
        return _("%(number)s h") % {"number": count(round(passed, 1))}
    return _("%(number)s d") % {"number": count(round(passed / 24, 1))}
