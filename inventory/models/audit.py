"""The audit trail, and the keys that make a repeated request harmless."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models.recorded import Recorded, Surface


class AuditEntry(Recorded):
    """One thing that somebody did: an action, a change of master data, a sign-in.

    `subject_*` says to what; `changes` maps a field to its old and new value; `facts` holds what
    else is worth reading. Movements and decisions of the same action share its `batch`.
    Never changed, never deleted: database triggers refuse it.
    """

    action = models.CharField(_("action"), max_length=60)
    subject_type = models.CharField(_("subject type"), max_length=40, blank=True)
    subject_id = models.CharField(_("subject id"), max_length=40, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    changes = models.JSONField(_("changes"), default=dict)
    facts = models.JSONField(_("facts"), default=dict)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        default_permissions = ("view",)
        permissions = [("export_audit", _("Export the audit trail"))]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="audit_by_subject"),
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
            models.Index(fields=["action", "id"], name="audit_by_action"),
            models.Index(fields=["batch"], name="audit_by_batch"),
            models.Index(fields=["recorded_at"], name="audit_by_time"),
            models.Index(fields=["id"], name="audit_with_reason", condition=~Q(reason="")),
            models.Index(
                fields=["surface", "id"], name="audit_not_by_api", condition=~Q(surface=Surface.API)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}".strip()


class IdempotencyKey(models.Model):
    """A request that was carried out, and its answer, so that a repeat has no second effect.

    The row is written in the transaction of the effect: both are there, or neither is.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_effect_per_key")]

    def __str__(self) -> str:
        return self.key
