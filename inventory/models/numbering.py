"""How far the SSCCs of a company prefix have been given out."""

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

prefix_validator = RegexValidator(
    r"^\d{4,12}$", _("A GS1 company prefix has 4 to 12 digits."), code="bad_prefix"
)


class SsccSeries(models.Model):
    """The serial numbers of one company prefix and extension digit, counted up.

    Sites that share a prefix share its series. `inventory.actions.numbering` locks the row to take
    from it, and never counts back.
    """

    prefix = models.CharField(_("company prefix"), max_length=12, validators=[prefix_validator])
    extension = models.PositiveSmallIntegerField(
        _("extension digit"), default=0, validators=[MaxValueValidator(9)]
    )
    next_serial = models.PositiveBigIntegerField(
        _("next serial number"), default=1,
        help_text=_("Higher than any that another system has given out. It never goes back."),
    )  # fmt: skip

    class Meta:
        ordering = ("prefix", "extension")
        verbose_name = _("SSCC series")
        verbose_name_plural = _("SSCC series")
        constraints = [
            models.UniqueConstraint(fields=["prefix", "extension"], name="one_series_per_prefix"),
            models.CheckConstraint(condition=Q(extension__lte=9), name="extension_is_a_digit"),
        ]

    def __str__(self) -> str:
        return f"{self.extension} {self.prefix}"
