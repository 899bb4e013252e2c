"""Files kept with a lot, such as certificates of analysis."""

from django.core.files.storage import Storage, storages
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from inventory.models import Lot, Recorded
from quality.models.inspections import Inspection


def storage() -> Storage:
    """Where attachments lie, asked for when they are needed: tests keep theirs in memory."""
    return storages["default"]


def place(attachment: "Attachment", name: str) -> str:
    """A path that nothing had before, whatever the file is called."""
    return f"attachments/{uuid7()}"


class Attachment(Recorded):
    """A file as it was received. Row and file never change; the digest shows it if the file did.

    `reason` says what it is.
    """

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="attachments", db_index=False)
    inspection = models.ForeignKey(
        Inspection, models.PROTECT, null=True, related_name="attachments", db_index=False
    )
    name = models.CharField(_("file name"), max_length=120)
    content_type = models.CharField(_("type"), max_length=40)
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    file = models.FileField(upload_to=place, storage=storage, max_length=100)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        default_permissions = ("view",)
        permissions = [("attach_file", _("Attach files to lots and inspections"))]
        indexes = [
            models.Index(fields=["lot", "-id"], name="attachment_by_lot"),
            models.Index(fields=["inspection"], name="attachment_by_inspection"),
            models.Index(fields=["recorded_at"], name="attachment_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.lot})"
