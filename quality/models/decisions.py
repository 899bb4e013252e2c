"""Signed changes of a lot's quality status."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Lot, LotStatus, Recorded


class DecisionKind(models.TextChoices):
    RELEASE = "release", _("Release")
    RESTRICT = "restrict", _("Restrict")
    REJECT = "reject", _("Reject")
    REOPEN = "reopen", _("Reopen")
    CLOSE = "close", _("Close")


class Meaning(models.TextChoices):
    """What a signature stands for (21 CFR 11.50)."""

    APPROVAL = "approval", _("Approval")
    REVIEW = "review", _("Review")
    RESPONSIBILITY = "responsibility", _("Responsibility")
    AUTHORSHIP = "authorship", _("Authorship")


class Decision(Recorded):
    """`actor` signed; of two people, second. Never changed, never deleted.

    What they signed, and who else did, stands in `signatures` and those of the proposal.
    """

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="decisions")
    kind = models.CharField(_("decision"), max_length=8, choices=DecisionKind)
    from_status = models.CharField(_("from"), max_length=10, choices=LotStatus)
    to_status = models.CharField(_("to"), max_length=10, choices=LotStatus)
    meaning = models.CharField(_("meaning of the signature"), max_length=14, choices=Meaning)
    signed_by = models.CharField(_("printed name"), max_length=200)
    until = models.DateField(_("valid until"), null=True)
    references = models.JSONField(_("for the demands"), default=list)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        default_permissions = ("view",)
        permissions = [
            ("release", _("Release lots")),
            ("restrict", _("Restrict lots")),
            ("reject", _("Reject lots")),
            ("reopen", _("Reopen lots")),
            ("close_lot", _("Close lots")),
        ]
        indexes = [
            models.Index(fields=["lot", "-id"], name="decision_by_lot"),
            models.Index(fields=["actor", "-id"], name="decision_by_actor"),
            models.Index(fields=["batch"], name="decision_by_batch"),
            models.Index(fields=["recorded_at"], name="decision_by_time"),
            models.Index(fields=["occurred_at"], name="decision_by_claimed_time"),
            models.Index(
                fields=["kind", "-id"], name="decision_but_release", condition=~Q(kind="release")
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.lot}"


class RestrictedUse(models.Model):
    """While a lot is restricted: a demand it may be used for, and until when."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="restricted_uses")
    reference = models.CharField(_("demand"), max_length=80)
    until = models.DateField(_("until"), null=True)

    class Meta:
        verbose_name = _("restricted use")
        verbose_name_plural = _("restricted uses")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["lot", "reference"], name="one_restriction_per_demand")
        ]
        indexes = [
            models.Index(fields=["until"], name="permit_by_end", condition=Q(until__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.lot} → {self.reference}"
