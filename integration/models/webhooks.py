"""Webhooks: who gets which events, how far each has come, and what became of every attempt."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Site
from staging.models import AlertLevel, AlertReason, Severity


class Ended(models.TextChoices):
    """Why a subscription gets nothing any more."""

    BY_HAND = "by_hand", _("Disabled by hand")
    FAILED = "failed", _("An event was refused at every attempt")
    GONE = "gone", _("The receiver answered 410 Gone")
    PLACE_LOST = "place_lost", _("The feed does not have what comes next")
    SECRET_LOST = "secret_lost", _("Its secret is not that of this installation")
    RIGHTS_LOST = "rights_lost", _("Who answers for it may not view all of it any more")


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def enabled(self) -> Self:
        return self.filter(disabled_at=None)

    def given_up(self) -> Self:
        """Those that ended without anybody wanting it."""
        return self.filter(disabled_at__isnull=False).exclude(ended=Ended.BY_HAND)

    def failing(self) -> Self:
        return self.enabled().filter(failing_since__isnull=False)

    def due(self, at: datetime) -> Self:
        """Those to which something may be sent now, unless a worker is at it."""
        free = Q(leased_until=None) | Q(leased_until__lte=at)
        # A test or a replay is sent to whoever asks for it, disabled or waiting to be tried again.
        on_time = Q(disabled_at=None) & (Q(next_attempt_at=None) | Q(next_attempt_at__lte=at))
        return self.filter(free & (on_time | _wanted()))

    def with_news(self, newest: int) -> Self:
        """Those that have not come to the end of the feed, or have something else to get."""
        return self.filter(~Q(position=newest) | _wanted())


def _wanted() -> models.Exists:
    """Something is to be sent to a subscription beside the feed."""
    return models.Exists(Parcel.objects.waiting().filter(subscription=models.OuterRef("pk")))


class Subscription(models.Model):
    """A receiver, the events that it wants, and up to where in the feed it has them.

    It tells what its `owner` may view, and where it is `limited_to` sites, of these alone. What is
    wanted of alerts narrows the events about these, each by how the alert stood after it.
    `position` is that of the last event that was taken. `failing_event` is the one that was not,
    `attempts` how often it was tried, `next_attempt_at` when it is tried again. `lease` is the
    worker's that sends to it now, until `leased_until`.
    """

    name = models.CharField(_("name"), max_length=80, help_text=_("Which system it is."))
    url = models.CharField(_("address"), max_length=500, help_text=_("Where events are posted to."))
    types = models.JSONField(
        _("kinds of events"), default=list, blank=True,
        help_text=_("Empty: all. A * at the end stands for whatever follows."),
    )  # fmt: skip
    sites = models.ManyToManyField(
        Site, blank=True, related_name="+", verbose_name=_("sites"),
        help_text=_("Empty: those of all sites."),
    )  # fmt: skip
    alert_severity = models.CharField(
        _("severity of alerts"), max_length=8, choices=Severity, default=Severity.NOTICE,
        db_default=Severity.NOTICE, help_text=_("The gravest are critical. Notice: all."),
    )  # fmt: skip
    alert_level = models.PositiveSmallIntegerField(
        _("level of alerts"), choices=AlertLevel, default=AlertLevel.OPERATOR,
        db_default=AlertLevel.OPERATOR,
        help_text=_("Alerts escalate from operators to supervisors to QA. Operator: all."),
    )  # fmt: skip
    alert_reasons = models.JSONField(
        _("reasons of alerts"), default=list, blank=True, help_text=_("None chosen: all.")
    )
    limited_to = models.ManyToManyField(
        Site, blank=True, related_name="+", verbose_name=_("limited to"), editable=False
    )
    contact = models.EmailField(
        _("told by e-mail"), blank=True,
        help_text=_("Who learns of it when the receiver is given up."),
    )  # fmt: skip
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+",
        verbose_name=_("answered for by"), editable=False,
    )  # fmt: skip
    created_at = models.DateTimeField(_("created at"), editable=False)

    position = models.BigIntegerField(_("position"), default=0, editable=False)
    succeeded_at = models.DateTimeField(_("last taken at"), null=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    failing_event = models.CharField(_("event"), max_length=80, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    next_attempt_at = models.DateTimeField(_("tried again at"), null=True, editable=False)

    disabled_at = models.DateTimeField(_("disabled at"), null=True, editable=False)
    ended = models.CharField(_("why"), max_length=11, choices=Ended, blank=True, editable=False)
    tell_after = models.DateTimeField(null=True, editable=False)
    told_at = models.DateTimeField(_("told at"), null=True, editable=False)

    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        default_permissions = ("add", "change", "view")
        constraints = [
            models.CheckConstraint(
                condition=Q(disabled_at=None, ended="")
                | (Q(disabled_at__isnull=False) & ~Q(ended="")),
                name="webhook_says_why_it_ended",
            ),
            models.CheckConstraint(
                condition=Q(lease=None, leased_until=None)
                | Q(lease__isnull=False, leased_until__isnull=False),
                name="webhook_lease_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        unknown = [reason for reason in self.alert_reasons if reason not in AlertReason.values]
        if unknown:
            said = _("There is no %(unknown)s.") % {"unknown": ", ".join(map(str, unknown))}
            raise ValidationError({"alert_reasons": ValidationError(said, "invalid_choice")})


class WebhookSecretQuerySet(models.QuerySet["WebhookSecret"]):
    def valid(self, at: datetime) -> Self:
        """Those that messages are signed under, the newest first."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at)).order_by("-pk")


class WebhookSecret(models.Model):
    """What one secret of a subscription is made from, with the installation's own secret key.

    The secret itself is kept nowhere: neither a backup nor whoever reads the database can sign with
    it, and a copy of the database in another installation sends nothing.
    """

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="secrets")
    seed = models.CharField(max_length=64, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("created at"), editable=False)
    expires_at = models.DateTimeField(_("expires at"), null=True, editable=False)

    objects = WebhookSecretQuerySet.as_manager()

    class Meta:
        default_permissions = ()


class ParcelKind(models.TextChoices):
    DEAD = "dead", _("Dead letter")
    TEST = "test", _("Test")


class ParcelQuerySet(models.QuerySet["Parcel"]):
    def waiting(self) -> Self:
        """To be sent, the longest asked for first."""
        return self.filter(asked_at__isnull=False).order_by("asked_at", "pk")

    def dead(self) -> Self:
        """Events that were not taken, and have not been since."""
        return self.filter(kind=ParcelKind.DEAD, taken_at=None)

    def settled(self) -> Self:
        """Events that were taken after all, and tests that were tried."""
        return self.filter(asked_at=None).exclude(kind=ParcelKind.DEAD, taken_at=None)


class Parcel(models.Model):
    """A message that is sent beside the feed: an event that was given up, or a test.

    `asked_at` is when somebody wanted it sent; empty again once it was tried.
    """

    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="parcels", verbose_name=_("webhook")
    )
    kind = models.CharField(_("kind"), max_length=4, choices=ParcelKind)
    event = models.CharField(_("event"), max_length=80)
    type = models.CharField(_("what happened"), max_length=120)
    position = models.BigIntegerField(_("position"), null=True)
    body = models.TextField(_("body"))
    created_at = models.DateTimeField(_("given up at"))
    asked_at = models.DateTimeField(_("waits since"), null=True)
    taken_at = models.DateTimeField(_("taken at"), null=True)
    error = models.CharField(_("last error"), max_length=200, blank=True)

    objects = ParcelQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "event"], name="one_parcel_of_an_event"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subscription", "asked_at"],
                condition=Q(asked_at__isnull=False),
                name="parcels_to_send",
            ),
            models.Index(
                fields=["-id"],
                condition=Q(kind="dead", taken_at=None),
                name="letters_that_are_dead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event}"


class Outcome(models.TextChoices):
    TAKEN = "taken", _("Taken")
    FAILED = "failed", _("Not taken")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def before(self, at: datetime) -> Self:
        return self.filter(at__lt=at)


class Delivery(models.Model):
    """One attempt to deliver one event: a line of the log, kept for so many days."""

    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="deliveries", verbose_name=_("webhook"),
        db_index=False,  # `(subscription, id)` in order
    )  # fmt: skip
    event = models.CharField(_("event"), max_length=80)
    type = models.CharField(_("what happened"), max_length=120)
    position = models.BigIntegerField(_("position"), null=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    at = models.DateTimeField(_("when"))
    outcome = models.CharField(_("outcome"), max_length=6, choices=Outcome)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    address = models.CharField(_("sent to"), max_length=45, blank=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    next_attempt_at = models.DateTimeField(_("tried again at"), null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["subscription", "-id"], name="deliveries_of_webhook"),
            models.Index(fields=["event"], name="deliveries_of_event"),
            models.Index(fields=["at"], name="deliveries_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event}"
