"""The sizes of labels that a plant has in its printers."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models.places import code_validator

LEAST, MOST = Decimal(20), Decimal(420)
"""Millimetres that a label measures, each way. A3 is 297 by 420."""


_RANGE = {"max_digits": 5, "decimal_places": 2}
_MEASURE: dict[str, Any] = _RANGE | {
    "validators": [MinValueValidator(LEAST), MaxValueValidator(MOST)]
}
_MARGIN: dict[str, Any] = _RANGE | {
    "validators": [MinValueValidator(0), MaxValueValidator(MOST)], "default": 0,
}  # fmt: skip


class LabelSize(models.Model):
    """A label's size in millimetres; on sheets, also where the labels lie on the page.

    Without a page, each label comes from a roll and is a page of its own.
    """

    code = models.CharField(_("code"), max_length=40, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)
    width = models.DecimalField(_("width, mm"), **_MEASURE)
    height = models.DecimalField(_("height, mm"), **_MEASURE)
    page_width = models.DecimalField(
        _("page width, mm"), null=True, blank=True, **_MEASURE,
        help_text=_("For sheets, such as 210 for A4. Empty: a roll."),
    )  # fmt: skip
    page_height = models.DecimalField(_("page height, mm"), null=True, blank=True, **_MEASURE)
    columns = models.PositiveSmallIntegerField(
        _("columns"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    rows = models.PositiveSmallIntegerField(
        _("rows"), default=1, validators=[MinValueValidator(1), MaxValueValidator(40)]
    )
    left = models.DecimalField(_("left margin, mm"), **_MARGIN)
    top = models.DecimalField(_("top margin, mm"), **_MARGIN)
    gap_x = models.DecimalField(_("gap between columns, mm"), **_MARGIN)
    gap_y = models.DecimalField(_("gap between rows, mm"), **_MARGIN)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ("code",)
        verbose_name = _("label size")
        verbose_name_plural = _("label sizes")
        permissions = [("print_labels", _("Print labels"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(page_width=None, page_height=None)
                | Q(page_width__isnull=False, page_height__isnull=False),
                name="page_has_both_measures",
                violation_error_message=_("Give width and height of the page, or neither."),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_sheet(self) -> bool:
        return self.page_width is not None

    @property
    def per_page(self) -> int:
        return self.columns * self.rows if self.is_sheet else 1

    def clean(self) -> None:
        """The labels lie on the page."""
        if self.page_width is None or self.page_height is None or None in self._spans():
            return
        across, down = self._spans()
        if across > self.page_width or down > self.page_height:
            raise ValidationError(_("The labels do not fit on the page."), code="beyond_page")

    def _spans(self) -> tuple[Decimal, Decimal]:
        return (
            self.left + self.columns * self.width + (self.columns - 1) * self.gap_x,
            self.top + self.rows * self.height + (self.rows - 1) * self.gap_y,
        )
