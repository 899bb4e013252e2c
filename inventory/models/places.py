"""Sites and the tree of locations within them."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.check_digits import validate_check_digit
from inventory.models.numbering import prefix_validator

code_validator = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._+-]*$",
    _("Use letters, digits and . _ + - only, starting with a letter or digit."),
    code="bad_code",
)


class LocationKind(models.TextChoices):
    """What a location is for. The last five are virtual: the other side of a double entry."""

    STORAGE = "storage", _("Storage")
    STAGING = "staging", _("Staging")
    WORK_CENTER = "work_center", _("Work centre")
    TRANSIT = "transit", _("Transit")
    QUARANTINE = "quarantine", _("Quarantine")
    SUPPLIER = "supplier", _("Supplier")
    CUSTOMER = "customer", _("Customer")
    PRODUCTION = "production", _("Production")
    SCRAP = "scrap", _("Scrap")
    VARIANCE = "variance", _("Variance")


REAL_KINDS = (
    LocationKind.STORAGE,
    LocationKind.STAGING,
    LocationKind.WORK_CENTER,
    LocationKind.TRANSIT,
    LocationKind.QUARANTINE,
)
VIRTUAL_KINDS = tuple(kind for kind in LocationKind if kind not in REAL_KINDS)


class Purpose(models.TextChoices):
    """What a staging location stages for."""

    LINE_SIDE = "line_side", _("Line-side")
    KITTING = "kitting", _("Kitting area")
    WIP_BUFFER = "wip_buffer", _("Buffer between operations")
    SHIPPING_LANE = "shipping_lane", _("Shipping lane")


class Condition(models.TextChoices):
    """Under what climate a place keeps what stands there, or a material is to be kept."""

    FROZEN = "frozen", _("Frozen (-25 to -15 °C)")
    COLD = "2-8", _("Cold (2 to 8 °C)")
    ROOM = "15-25", _("Controlled room (15 to 25 °C)")
    AMBIENT = "ambient", _("Ambient (not controlled)")


class CapacityPolicy(models.TextChoices):
    REFUSE = "refuse", _("Refuse when full")
    WARN = "warn", _("Warn when full")


class Site(models.Model):
    """A plant or warehouse, with its own time zone."""

    code = models.CharField(_("code"), max_length=40, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    gs1_prefix = models.CharField(
        _("GS1 company prefix"), max_length=12, blank=True, validators=[prefix_validator],
        help_text=_("From which containers here get their SSCCs. Sites may share one."),
    )  # fmt: skip
    sscc_extension = models.PositiveSmallIntegerField(
        _("SSCC extension digit"), default=0, validators=[MaxValueValidator(9)],
        help_text=_("The first digit of the SSCCs given out here."),
    )  # fmt: skip
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ("code",)
        verbose_name = _("site")
        verbose_name_plural = _("sites")

    def __str__(self) -> str:
        return self.code


class LocationQuerySet(models.QuerySet["Location"]):
    def real(self) -> Self:
        """Where stock can stand."""
        return self.filter(kind__in=REAL_KINDS)

    def staging(self) -> Self:
        return self.filter(kind=LocationKind.STAGING)

    def within(self, location: "Location") -> Self:
        """The location and everything below it."""
        return self.filter(path__startswith=location.path)

    def locked(self) -> Self:
        """Lock in primary-key order, so that two callers can never deadlock."""
        return self.order_by("pk").select_for_update(no_key=True)


class Location(models.Model):
    """A place that can be scanned: an area, a lane, a bin, a machine, a truck, a partner.

    `capacity` counts handling positions: a container takes one, a loose lot takes one.
    `dwell_limit` is how long stock may stay staged here. `routes` and `carriers` are those that a
    shipping lane serves, with `;` between and no blanks around. `path` holds the codes from the
    root down (`BOS/BOS-DOCK/LANE-1/`); `zone` the condition that it states or the nearest place
    around it does, '' where none does. Both are kept by `inventory.actions.save_master`.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="locations", verbose_name=_("site"))
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children",
        verbose_name=_("within"),
    )  # fmt: skip
    code = models.CharField(_("code"), max_length=60, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=12, choices=LocationKind)
    purpose = models.CharField(
        _("purpose"), max_length=13, choices=Purpose, blank=True,
        help_text=_("For staging locations only: what stock is staged for here."),
    )  # fmt: skip
    capacity = models.PositiveIntegerField(
        _("capacity"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Handling positions: each container or loose lot takes one. Empty: no limit."),
    )  # fmt: skip
    capacity_policy = models.CharField(
        _("when full"), max_length=6, choices=CapacityPolicy, default=CapacityPolicy.REFUSE
    )
    dwell_limit = models.DurationField(
        _("dwell limit"), null=True, blank=True,
        help_text=_("How long stock may stay staged here, e.g. 08:00:00 for eight hours."),
    )  # fmt: skip
    state_label = models.CharField(
        _("state label"), max_length=60, blank=True,
        help_text=_("What stock here is called, e.g. “staged for filling”."),
    )  # fmt: skip
    routes = models.CharField(
        _("routes"), max_length=400, blank=True, default="", db_default="",
        help_text=_("For shipping lanes: routes that are loaded here, with ; between. Empty: any."),
    )  # fmt: skip
    carriers = models.CharField(
        _("carriers"), max_length=400, blank=True, default="", db_default="",
        help_text=_("For shipping lanes: carriers that load here, with ; between. Empty: any."),
    )  # fmt: skip
    condition = models.CharField(
        _("storage condition"), max_length=7, choices=Condition, blank=True,
        help_text=_("Empty: that of the place around it."),
    )  # fmt: skip
    zone = models.CharField(
        _("condition here"), max_length=7, choices=Condition, blank=True, editable=False
    )
    gln = models.CharField(
        _("GLN"), max_length=13, blank=True,
        validators=[
            RegexValidator(r"^\d{13}$", _("A GLN has 13 digits."), code="bad_gln"),
            validate_check_digit,
        ],
        help_text=_("GS1 number of the place, as in (414) on its label."),
    )  # fmt: skip
    gln_extension = models.CharField(
        _("GLN extension"), max_length=20, blank=True,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9!\"%&'()*+,./:;<=>?_-]+$",
                _("Use the characters that GS1 labels have."), code="bad_gln_extension",
            )
        ],
        help_text=_("Tells places of one GLN apart, as in (254) on the label."),
    )  # fmt: skip
    walk_order = models.PositiveIntegerField(_("walking order"), default=0)
    is_open = models.BooleanField(_("open"), default=True)
    path = models.CharField(max_length=400, editable=False, db_index=True)

    objects = LocationQuerySet.as_manager()

    class Meta:
        ordering = ("path",)
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(kind=LocationKind.STAGING) & ~Q(purpose="")
                    | ~Q(kind=LocationKind.STAGING) & Q(purpose="")
                ),
                name="purpose_for_staging_only",
                violation_error_message=_("Staging locations need a purpose; others have none."),
            ),
            models.CheckConstraint(
                condition=Q(routes="", carriers="") | Q(purpose=Purpose.SHIPPING_LANE),
                name="routes_for_shipping_lanes_only",
                violation_error_message=_("Only shipping lanes have routes and carriers."),
            ),
            models.UniqueConstraint(
                fields=["gln", "gln_extension"],
                condition=~Q(gln=""),
                name="gln_names_one_place",
                violation_error_message=_("Another location has this GLN and extension."),
            ),
            models.CheckConstraint(
                condition=Q(gln_extension="") | ~Q(gln=""),
                name="gln_extension_of_a_gln",
                violation_error_message=_("An extension stands with a GLN only."),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_virtual(self) -> bool:
        return self.kind in VIRTUAL_KINDS

    @property
    def is_staging(self) -> bool:
        return self.kind == LocationKind.STAGING

    @property
    def ancestry(self) -> list[str]:
        """The codes of this location and of everything around it."""
        return [code for code in self.path.split("/") if code]

    @staticmethod
    def listed(names: str) -> str:
        """Names with `;` between, as `routes` and `carriers` are kept: each once, without blanks
        around."""
        found = {name.casefold(): name for part in names.split(";") if (name := part.strip())}
        return ";".join(found.values())


class ZoneChange(models.Model):
    """Which condition a place kept until it was changed. What a place kept before one was first
    stated for it is not known: that statement is taken to hold for the time before it as well."""

    location = models.ForeignKey(Location, models.PROTECT, related_name="zone_changes")
    was = models.CharField(_("kept"), max_length=7, choices=Condition)
    became = models.CharField(_("keeps"), max_length=7, choices=Condition, blank=True)
    at = models.DateTimeField(_("changed at"))

    class Meta:
        ordering = ("pk",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.location}: {self.was} → {self.became or '?'}"
