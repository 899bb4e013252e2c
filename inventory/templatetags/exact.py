"""Quantities in templates."""

from decimal import Decimal

from django import template

from inventory.wording import spelled

register = template.Library()


@register.filter
def exact(quantity: Decimal | None) -> str:
    """All the digits a quantity has, and no more, as people write it: `2500`, `0.25`, `0,25`.

    Empty where there is none.
    """
    return "" if quantity is None else str(spelled(quantity))
