"""E-mails as rows: made before they are sent, claimed while they are, marked with what became of
them. The apps that write any have a model of their own kind; `inventory.post.sending` sends all."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MailState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    GIVEN_UP = "given_up", _("Given up")
    NEEDLESS = "needless", _("Nothing left to tell")


class MailQuerySet(models.QuerySet["OutgoingMail"]):
    def waiting(self) -> Self:
        return self.filter(state=MailState.WAITING)

    def failing(self) -> Self:
        """Those that were tried in vain, and will be again."""
        return self.waiting().exclude(error="")

    def given_up(self) -> Self:
        return self.filter(state=MailState.GIVEN_UP)

    def free(self, at: datetime) -> Self:
        """Those that no worker is at."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=at))

    def due(self, at: datetime) -> Self:
        """To be sent now; the longest due first."""
        rows = self.waiting().free(at).filter(next_attempt_at__lte=at)
        return rows.order_by("next_attempt_at", "pk")


class OutgoingMail(models.Model):
    """One e-mail to one person. Its `number` makes the Message-ID, the same at every attempt."""

    AGAIN: ClassVar[tuple[MailState, ...]] = (MailState.WAITING, MailState.GIVEN_UP)
    """In which states people may have it tried again."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("to")
    )
    number = models.UUIDField(unique=True)
    packed_at = models.DateTimeField(_("due at"))
    state = models.CharField(_("state"), max_length=8, choices=MailState, default=MailState.WAITING)
    address = models.CharField(_("sent to"), max_length=254, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("tried again at"))
    give_up_after = models.DateTimeField(_("given up after"))
    settled_at = models.DateTimeField(_("settled at"), null=True)
    error = models.CharField(_("last error"), max_length=300, blank=True, default="")
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at=None)
                | (~Q(state="waiting") & Q(settled_at__isnull=False)),
                name="%(class)s_says_when_it_settled",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"], condition=Q(state="waiting"),
                name="%(class)s_to_send",
            ),
            models.Index(
                fields=["-id"], condition=Q(state="given_up"), name="%(class)s_given_up"
            ),
        ]  # fmt: skip
