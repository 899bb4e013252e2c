"""Quantities: exact decimals, in the material's base unit, quantised at the edge."""

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.models import Material, Unit

LARGEST = Decimal("999999999")


def to_base(
    material: Material, quantity: Decimal, unit: Unit | None = None, *, zero: bool = False
) -> Decimal:
    """The quantity in the material's base unit, exactly.

    Refuses `quantity_not_above_zero`, `quantity_too_large`, `unit_unknown` (no factor for the
    material) and `quantity_too_fine` (more decimals than the base unit is counted in).
    """
    check_sign(quantity, zero=zero)
    exact = quantity * _factor(material, unit)
    step = Decimal(1).scaleb(-material.base_unit.decimals)
    try:
        rounded = exact.quantize(step)
    except InvalidOperation:
        rounded = exact
    if rounded > LARGEST:
        raise Refused(
            _("%(quantity)s is more than one record can hold."),
            code="quantity_too_large",
            field="quantity",
            quantity=plain(exact),
        )
    if rounded != exact:
        raise Refused(
            _("%(quantity)s %(unit)s of %(material)s cannot be counted."),
            code="quantity_too_fine",
            field="quantity",
            hint=_("Enter a multiple of %s %s.") % (plain(step), material.base_unit_id),
            quantity=plain(exact),
            unit=material.base_unit_id,
            material=material,
        )
    return rounded


def check_sign(quantity: Decimal, *, zero: bool = False) -> None:
    """Refuse `quantity_not_above_zero`; zero passes when `zero` is set (a count may be none)."""
    if not quantity.is_finite() or quantity < 0 or (quantity == 0 and not zero):
        raise Refused(
            _("The quantity must be above zero."),
            code="quantity_not_above_zero",
            field="quantity",
            hint=_("Enter how much there is."),
        )


def _factor(material: Material, unit: Unit | None) -> Decimal:
    if unit is None or unit.pk == material.base_unit_id:
        return Decimal(1)
    for other in material.units.all():
        if other.unit_id == unit.pk:
            return other.numerator / other.denominator
    raise Refused(
        _("%(material)s is not counted in %(unit)s."),
        code="unit_unknown",
        field="unit",
        hint=_("Use %s, or add the unit to the material.") % material.base_unit_id,
        material=material,
        unit=unit,
    )


def plain(quantity: Decimal) -> str:
    """The quantity without trailing zeros or exponent: `2500`, `0.25`."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
