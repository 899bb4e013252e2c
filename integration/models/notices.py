"""Notices: who is told of which alerts and how, what each was told, and what was sent by e-mail."""

from datetime import time
from typing import Any, Self
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration.notices.quiet import Quiet
from inventory.models import OutgoingMail, Site
from staging.models import Alert, AlertLevel, AlertReason, AlertStep, Severity


class Handling(models.IntegerChoices):
    """How somebody is told: each as the one before, and more."""

    OFF = 0, _("Not at all")
    IN_APP = 1, _("In the app")
    DIGEST = 2, _("In the app, and in an e-mail at set times")
    IMMEDIATE = 3, _("In the app, and by e-mail at once")


DAYS = RegexValidator(r"^[1-7]*$", _("Days are the numbers 1 (Monday) to 7."), code="bad_days")
MOST_TIMES = 12


def read_times(text: str) -> tuple[time, ...]:
    """`06:00, 14:00` as times of day, in order. Raises ValidationError."""
    try:
        found = {time.fromisoformat(part) for part in text.replace(",", " ").split()}
    except ValueError:
        found = set()
    if text.strip() and not 0 < len(found) <= MOST_TIMES:
        raise ValidationError(
            _("Write up to 12 times of day such as 06:00, with a comma between two."),
            code="bad_times",
        )
    if any(one.tzinfo for one in found):
        raise ValidationError(_("Write times of day without a zone."), code="bad_times")
    return tuple(sorted(found))


def _wrong(field: str, message: Any, code: str) -> ValidationError:
    return ValidationError({field: ValidationError(message, code=code)})


class Rhythm(models.Model):
    """When e-mail comes, and when it waits. Quiet hours that end at or before their start end the
    next day, and belong to the day on which they start. A moment of them is neither a break nor
    lost: what waits is sent, as one, when they end."""

    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    quiet_days = models.CharField(
        _("on the nights after"), max_length=7, blank=True, default="1234567", validators=[DAYS]
    )
    days_off = models.CharField(
        _("quiet all day on"), max_length=7, blank=True, default="", validators=[DAYS]
    )

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Both ends of quiet hours, and some time that is not quiet."""
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise _wrong(
                "quiet_until", _("Say when quiet hours begin and when they end."), "half_quiet"
            )
        if Quiet.of(self).is_always():
            raise _wrong(
                "days_off",
                _("It would always be quiet. Choose “in the app” instead."),
                "always_quiet",
            )


class NoticeRule(Rhythm):
    """What members of a role are told of, unless they choose otherwise: of alerts that have come
    to its level, by severity."""

    role = models.OneToOneField(
        Group, models.PROTECT, related_name="notice_rule", verbose_name=_("role")
    )
    level = models.PositiveSmallIntegerField(
        _("from level"), choices=AlertLevel,
        help_text=_("Told of alerts that have escalated so far."),
    )  # fmt: skip
    notice = models.PositiveSmallIntegerField(_("notices"), choices=Handling)
    warning = models.PositiveSmallIntegerField(_("warnings"), choices=Handling)
    critical = models.PositiveSmallIntegerField(_("critical alerts"), choices=Handling)
    digest_times = models.CharField(
        _("times of the digest"), max_length=100, default="06:00, 14:00, 22:00",
        help_text=_("Times of day, such as 06:00, 14:00."),
    )  # fmt: skip
    loud = models.BooleanField(
        _("critical alerts at QA's level do not wait"), default=False,
        help_text=_("They are sent in quiet hours as well."),
    )  # fmt: skip

    class Meta:
        ordering = ("level", "pk")
        verbose_name = _("notification rule")
        verbose_name_plural = _("notification rules")
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return str(self.role)

    def clean(self) -> None:
        super().clean()
        if not read_times(self.digest_times):
            raise _wrong("digest_times", _("Name at least one time."), "no_times")


class NoticeChoice(Rhythm):
    """What a person has chosen for themselves. Empty: as their roles say.

    Of several roles, the one that tells most counts for each severity; quiet hours and times are
    those of the role of the highest level. Without a `time_zone` each alert's site has its own.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="notice_choice"
    )
    level = models.PositiveSmallIntegerField(
        _("from level"), choices=AlertLevel, null=True, blank=True
    )
    notice = models.PositiveSmallIntegerField(_("notices"), choices=Handling, null=True, blank=True)
    warning = models.PositiveSmallIntegerField(
        _("warnings"), choices=Handling, null=True, blank=True
    )
    critical = models.PositiveSmallIntegerField(
        _("critical alerts"), choices=Handling, null=True, blank=True
    )
    sites = models.ManyToManyField(
        Site, blank=True, related_name="+", verbose_name=_("sites"),
        help_text=_("None: all sites."),
    )  # fmt: skip
    own_quiet = models.BooleanField(_("quiet hours of my own"), default=False)
    digest_times = models.CharField(
        _("times of the digest"), max_length=100, blank=True, default="",
        help_text=_("Times of day, such as 06:00, 14:00. Empty: as your role has them."),
    )  # fmt: skip
    loud = models.BooleanField(
        _("critical alerts at QA's level"), null=True, blank=True,
    )  # fmt: skip
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("choice of notifications")
        verbose_name_plural = _("choices of notifications")
        default_permissions = ()
        permissions = [("choose_notices", _("Choose one's own notifications"))]

    def __str__(self) -> str:
        return str(self.user)

    def clean(self) -> None:
        super().clean()
        try:
            read_times(self.digest_times)
        except ValidationError as wrong:
            raise ValidationError({"digest_times": wrong}) from wrong
        if self.time_zone and self.time_zone not in available_timezones():
            raise _wrong("time_zone", _("There is no time zone of that name."), "unknown_zone")


class NoticeMail(OutgoingMail):
    """What was due at one moment, to one person."""

    told = models.PositiveIntegerField(_("alerts told"), default=0)

    class Meta(OutgoingMail.Meta):
        verbose_name = _("e-mail about alerts")
        verbose_name_plural = _("e-mails about alerts")
        default_permissions = ("view", "change")
        constraints = [
            *OutgoingMail.Meta.constraints,
            models.UniqueConstraint(fields=["user", "packed_at"], name="one_mail_of_a_moment"),
        ]
        indexes = [
            *OutgoingMail.Meta.indexes,
            models.Index(fields=["packed_at"], name="mails_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.packed_at:%Y-%m-%d %H:%M}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def wanting_mail(self) -> Self:
        """What has yet to be put into an e-mail."""
        return self.filter(due_at__isnull=False, mail=None)


class Notice(models.Model):
    """Somebody was told of one thing that happened to an alert: in the app, and if `due_at` says
    when, by e-mail, in the one `mail` that was due then."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="notices", db_index=False
    )
    step = models.ForeignKey(AlertStep, models.PROTECT, related_name="+", db_index=False)
    alert = models.ForeignKey(Alert, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(
        Site, models.PROTECT, related_name="+", verbose_name=_("site"), db_index=False
    )
    reason = models.CharField(_("reason"), max_length=20, choices=AlertReason)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity)
    at = models.DateTimeField(_("when"))
    read_at = models.DateTimeField(_("read at"), null=True)
    handling = models.PositiveSmallIntegerField(choices=Handling)
    due_at = models.DateTimeField(null=True)
    mail = models.ForeignKey(NoticeMail, models.PROTECT, null=True, related_name="notices")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "step"], name="told_once"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(handling__gte=Handling.DIGEST),
                name="mail_only_where_it_is_wanted",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notices_of_user"),
            models.Index(
                fields=["user", "alert"], condition=Q(read_at=None), name="notices_unread"
            ),
            models.Index(
                fields=["due_at", "user"], condition=Q(due_at__isnull=False, mail=None),
                name="notices_to_mail",
            ),
            models.Index(fields=["at"], name="notices_by_time"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.user_id}: {self.step_id}"


class NoticeMark(models.Model):
    """How far the history of alerts has been told: one row, whose lock is the turn to tell.

    All steps up to `position` have been. `seen` is the greatest that the last look saw, while
    `writers` had transactions open in which earlier ones may yet appear.
    """

    position = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)
    writers = models.JSONField(default=list)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.position)
