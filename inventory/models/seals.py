"""Seals: the chain of hashes that history cannot be changed behind."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

ENTRY_BYTES = 8 + 32
"""An entry of a batch: the row's number (big-endian), and the SHA-256 of its content."""


class SealQuerySet(models.QuerySet["Seal"]):
    def newest(self) -> "Seal | None":
        return self.order_by("-sequence").first()

    def of(self, table: str) -> Self:
        return self.filter(table=table)

    def over(self, table: str, number: int) -> "Seal | None":
        """The seal whose batch row `number` of a table belongs to."""
        found = self.of(table).filter(first__lte=number).order_by("-first").first()
        return found if found and number <= found.last else None


class SealManager(models.Manager.from_queryset(SealQuerySet)):  # type: ignore[misc]
    """Leaves the entries behind unless they are asked for: they are most of a seal's bytes."""

    def get_queryset(self) -> SealQuerySet:
        found: SealQuerySet = super().get_queryset().defer("entries")
        return found


class Seal(models.Model):
    """One batch of rows of one table, sealed: `first` to `last`, and nothing else in between.

    `root` is the Merkle root of the batch's entries (RFC 6962), `hash` covers it together with
    `previous`, the hash of the seal before. `columns` are the columns that were sealed, so that
    one that is added later does not unsettle what was sealed before. Never changed, never deleted.
    """

    sequence = models.PositiveBigIntegerField(_("number"), primary_key=True)
    table = models.CharField(_("records"), max_length=80)
    columns = models.JSONField(_("columns"))
    first = models.BigIntegerField(_("from"))
    last = models.BigIntegerField(_("to"))
    count = models.PositiveIntegerField(_("rows"))
    root = models.CharField(_("Merkle root"), max_length=64)
    previous = models.CharField(_("previous seal"), max_length=64, unique=True)
    hash = models.CharField(_("seal"), max_length=64, unique=True)
    sealed_at = models.DateTimeField(_("sealed at"))
    entries = models.BinaryField(editable=False)

    objects: ClassVar[Any] = SealManager()

    class Meta:
        ordering = ("-sequence",)
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["table", "first"], name="nothing_sealed_twice"),
            models.CheckConstraint(
                condition=Q(first__lte=F("last"), count__gt=0), name="seal_has_rows"
            ),
        ]
        indexes = [models.Index(fields=["table", "-last"], name="seal_by_last_row")]

    def __str__(self) -> str:
        return f"{_('Seal')} {self.sequence}"

    @property
    def published_as(self) -> str:
        """How it is told to others, who keep it: number and hash."""
        return f"{self.sequence}:{self.hash}"

    def pairs(self) -> Iterator[tuple[int, bytes]]:
        """Number and content digest of each row of the batch, in the order of the numbers."""
        content = bytes(self.entries)
        for start in range(0, len(content), ENTRY_BYTES):
            entry = content[start : start + ENTRY_BYTES]
            yield int.from_bytes(entry[:8], "big", signed=True), entry[8:]


class SealNotice(models.Model):
    """A seal that is to be sent out of the house, where no administrator of ours can reach it:
    to an e-mail address, or posted to a URL.

    Made before it is sent and kept until it is: `sent_at` is empty as long as it is not.
    """

    # Not a foreign key: it must outlive a seal that somebody removes.
    sequence = models.PositiveBigIntegerField(_("number"))
    hash = models.CharField(_("seal"), max_length=64)
    address = models.CharField(_("sent to"), max_length=500)
    due_at = models.DateTimeField(_("due at"))
    tried_at = models.DateTimeField(_("last tried at"), null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    error = models.CharField(_("last error"), max_length=200, blank=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("published seal")
        verbose_name_plural = _("published seals")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["sequence", "address"], name="one_notice_per_address")
        ]
        indexes = [
            models.Index(fields=["id"], name="notice_unsent", condition=Q(sent_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.published_as} → {self.address}"

    @property
    def published_as(self) -> str:
        """As `Seal.published_as`, which may be gone."""
        return f"{self.sequence}:{self.hash}"

    @property
    def is_posted(self) -> bool:
        """Whether a program gets it, and not a person."""
        return "://" in self.address
