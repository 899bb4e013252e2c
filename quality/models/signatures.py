"""Electronic signatures, and what waits for a second one."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Lot, LotStatus, Recorded
from quality.models.decisions import Decision, DecisionKind, Meaning
from quality.models.holds import Hold


class Method(models.TextChoices):
    """What the signer proved to be that person with, beside the user name."""

    PASSWORD = "password", _("Password")
    TWO_FACTORS = "password+totp", _("Password and one-time code")


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def open(self) -> Self:
        return self.filter(end=None)


class Proposal(Recorded):
    """A decision that one person has signed and that takes effect once another has, too.

    Never changed, never deleted: that it came to an end is a record of its own. `actor` signed
    first. It lapses when the lot is no longer what they saw.
    """

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="proposals")
    kind = models.CharField(_("decision"), max_length=8, choices=DecisionKind)
    from_status = models.CharField(_("from"), max_length=10, choices=LotStatus)
    until = models.DateField(_("valid until"), null=True)
    references = models.JSONField(_("for the demands"), default=list)
    retest_on = models.DateField(_("next retest on"), null=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("proposed decision")
        verbose_name_plural = _("proposed decisions")
        default_permissions = ("view",)
        permissions = [
            ("countersign", _("Sign proposed decisions as the second person")),
            ("withdraw_proposal", _("Withdraw proposed decisions")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.lot}"


class Ending(models.TextChoices):
    SIGNED = "signed", _("Signed by a second person")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    OVERTAKEN = "overtaken", _("Overtaken by another decision")


class ProposalEnd(Recorded):
    """How a proposal ended. Never changed, never deleted."""

    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="end")
    ending = models.CharField(_("ending"), max_length=9, choices=Ending)
    decision = models.OneToOneField(Decision, models.PROTECT, null=True, related_name="proposed_by")

    class Meta:
        ordering = ("-pk",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.proposal}: {self.get_ending_display()}"


class Signature(Recorded):
    """`actor` signed one record. Never changed, never deleted.

    `content` is what was signed, as canonical JSON: the record, the lot as the signer saw it, the
    signer, the meaning and the time. `digest` is its SHA-256. `quality.seen.verify` holds both
    against the record (21 CFR 11.50, 11.70).
    """

    username = models.CharField(_("user name"), max_length=150)
    printed_name = models.CharField(_("printed name"), max_length=200)
    role = models.CharField(_("role"), max_length=200, blank=True)
    zone = models.CharField(_("time zone"), max_length=64)
    meaning = models.CharField(_("meaning of the signature"), max_length=14, choices=Meaning)
    method = models.CharField(_("signed with"), max_length=13, choices=Method)
    reviewed = models.BooleanField(
        _("history reviewed"), null=True, help_text=_("Empty where nobody was asked.")
    )
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="signatures")
    proposal = models.ForeignKey(Proposal, models.PROTECT, null=True, related_name="signatures")
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, related_name="signatures")
    content = models.TextField(_("what was signed"))
    digest = models.CharField(_("SHA-256"), max_length=64)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(decision__isnull=False, proposal=None, hold=None)
                    | Q(decision=None, proposal__isnull=False, hold=None)
                    | Q(decision=None, proposal=None, hold__isnull=False)
                ),
                name="signature_is_of_one_record",
            ),
        ]
        indexes = [
            models.Index(fields=["actor", "-id"], name="signature_by_actor"),
            models.Index(fields=["batch"], name="signature_by_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.printed_name}: {self.get_meaning_display()}"
