"""Numbered sets of rules: drafted by one person, put into force by another, never changed after."""

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

WHO_AND_WHEN = Q(activated_at=None, activated_by=None) | Q(
    activated_at__isnull=False, activated_by__isnull=False
)
"""What a set's own constraint says of its activation."""


class VersionedQuerySet(models.QuerySet[Any, Any]):
    def in_force(self) -> Self:
        """The newest activated set, if there is one."""
        activated = self.model._default_manager.filter(activated_at__isnull=False)
        return self.filter(version=activated.order_by("-version").values("version")[:1])


class Versioned(models.Model):
    """A numbered set. The newest activated one is in force; none ever changes."""

    version = models.PositiveIntegerField(_("version"), primary_key=True)
    note = models.CharField(_("what it changes"), max_length=200)
    activated_at = models.DateTimeField(_("in force since"), null=True, editable=False)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    authors: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", editable=False, verbose_name=_("drafted by")
    )
    """Who started or changed it: somebody else puts it into force."""

    objects = VersionedQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"v{self.version}"

    @property
    def is_draft(self) -> bool:
        return self.activated_at is None


ENDS_AFTER_IT_BEGINS = (
    Q(valid_from=None) | Q(valid_until=None) | Q(valid_from__lte=F("valid_until"))
)


class Dated(models.Model):
    """One rule of a set, which may count between two days only, both included."""

    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def scope(self) -> tuple[Any, ...]:
        """What it speaks of, but for its dates."""
        raise NotImplementedError

    @property
    def is_dated(self) -> bool:
        return self.valid_from is not None or self.valid_until is not None

    def counts_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or self.valid_until >= day
        )

    def meets(self, other: "Dated") -> bool:
        """Whether there is a day on which both count."""
        return not (_ends_before(self, other) or _ends_before(other, self))


def _ends_before(one: Dated, other: Dated) -> bool:
    ends, begins = one.valid_until, other.valid_from
    return ends is not None and begins is not None and ends < begins
