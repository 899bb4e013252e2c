"""How much shelf life must remain when something is made ready for a customer."""

from typing import Self

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from inventory.models import Location, Material

LONGEST = 36_500


class ShelfLifeRuleQuerySet(models.QuerySet["ShelfLifeRule"]):
    def said(self) -> Self:
        """Those that say something."""
        return self.filter(days__isnull=False)


class ShelfLifeRule(models.Model):
    """Days that must remain to stage, load or ship. Empty means any; the most specific counts:
    of the material for the customer, of anything for the customer, the material's own
    (`Material.min_remaining_days`), and last the one of anything for anybody.
    """

    material = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="shelf_life_rules",
        verbose_name=_("material"), help_text=_("Empty: any material."),
    )  # fmt: skip
    customer = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="+",
        limit_choices_to={"kind": "customer"}, verbose_name=_("customer"),
        help_text=_("Empty: any customer, and what is for no customer."),
    )  # fmt: skip
    days = models.PositiveIntegerField(
        _("days that must remain"), null=True, blank=True,
        validators=[MaxValueValidator(LONGEST)],
        help_text=_(
            "0: any lot will do that has not expired. Empty: no rule of its own any more; the next "
            "more general one counts."
        ),
    )  # fmt: skip

    objects = ShelfLifeRuleQuerySet.as_manager()

    class Meta:
        ordering = ("customer", "material")
        verbose_name = _("minimum remaining shelf life")
        verbose_name_plural = _("minimum remaining shelf lives")
        constraints = [
            models.UniqueConstraint(
                Coalesce("material", Value(0)), Coalesce("customer", Value(0)),
                name="one_shelf_life_per_scope",
                violation_error_message=_("There is one for that material and customer already."),
            ),
            models.CheckConstraint(
                condition=Q(material=None) | Q(customer__isnull=False),
                name="shelf_life_of_a_material_names_a_customer",
                violation_error_message=_(
                    "What holds of a material for every customer is set at the material itself."
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        material = self.material.code if self.material else _("any material")
        customer = self.customer.code if self.customer else _("anybody")
        return f"{material} · {customer}"
