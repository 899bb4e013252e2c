"""Quantities: exact decimals, in the material's base unit, quantised at the edge."""

from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.models import Material, Unit
from inventory.wording import plain as plain
from inventory.wording import spelled

LARGEST = Decimal("999999999")
SANE_EXPONENT = 40


def to_base(
    material: Material, quantity: Decimal, unit: Unit | None = None, *, zero: bool = False
) -> Decimal:
    """The quantity in the material's base unit, exactly: thirds do not round.

    Refuses `quantity_not_above_zero`, `quantity_too_large`, `unit_unknown` (no factor for the
    material) and `quantity_too_fine` (more decimals than the base unit is counted in).
    """
    check_sign(quantity, zero=zero)
    if _needs_no_conversion(material, quantity, unit):
        return quantity
    numerator, denominator = _factor(material, unit)
    # An exponent of a million is one short word to type and a long number to write out.
    if quantity.adjusted() > SANE_EXPONENT:
        raise too_large(quantity)
    if quantity.as_tuple().exponent < -SANE_EXPONENT:  # type: ignore[operator]
        raise _too_fine(material, quantity)
    exact = Fraction(quantity) * Fraction(numerator) / Fraction(denominator)
    steps = exact * 10**material.base_unit.decimals
    if exact > LARGEST:
        raise too_large(quantity)
    if steps.denominator != 1:
        raise _too_fine(material, quantity)
    return Decimal(steps.numerator).scaleb(-material.base_unit.decimals)


def _needs_no_conversion(material: Material, quantity: Decimal, unit: Unit | None) -> bool:
    """The common case, without fractions: whole steps of the base unit, and not too many."""
    if unit is not None and unit.pk != material.base_unit_id:
        return False
    exponent = quantity.as_tuple().exponent
    decimals = material.base_unit.decimals
    return isinstance(exponent, int) and -decimals <= exponent <= 0 and quantity <= LARGEST


def too_large(quantity: Decimal) -> Refused:
    """The refusal `quantity_too_large`."""
    return Refused(
        _("%(quantity)s is more than one record can hold."),
        code="quantity_too_large",
        field="quantity",
        hint=_("Enter %s at most.") % spelled(LARGEST),
        quantity=spelled(quantity.normalize()),
    )


def _too_fine(material: Material, quantity: Decimal) -> Refused:
    step = Decimal(1).scaleb(-material.base_unit.decimals)
    return Refused(
        _("%(quantity)s of %(material)s cannot be counted in steps of %(step)s %(unit)s."),
        code="quantity_too_fine",
        field="quantity",
        hint=_("Enter a multiple of %s %s.") % (spelled(step), material.base_unit_id),
        quantity=spelled(quantity),
        step=spelled(step),
        unit=material.base_unit_id,
        material=material,
    )


def check_sign(quantity: Decimal, *, zero: bool = False) -> None:
    """Refuse `quantity_not_above_zero`; zero passes when `zero` is set (a count may be none)."""
    if not quantity.is_finite() or quantity < 0 or (quantity == 0 and not zero):
        raise Refused(
            _("The quantity must be above zero."),
            code="quantity_not_above_zero",
            field="quantity",
            hint=_("Enter how much there is."),
        )


def _factor(material: Material, unit: Unit | None) -> tuple[Decimal, Decimal]:
    if unit is None or unit.pk == material.base_unit_id:
        return Decimal(1), Decimal(1)
    for other in material.units.all():
        if other.unit_id == unit.pk:
            return other.numerator, other.denominator
    raise Refused(
        _("%(material)s is not counted in %(unit)s."),
        code="unit_unknown",
        field="unit",
        hint=_("Use %s, or add the unit to the material.") % material.base_unit_id,
        material=material,
        unit=unit,
    )
