"""Quantities in templates."""

from decimal import Decimal

from django import template

from inventory.units import plain

register = template.Library()


@register.filter
def exact(quantity: Decimal | None) -> str:
    """All the digits a quantity has, and no more: `2500`, `0.25`. Empty where there is none."""
    return "" if quantity is None else plain(quantity)
