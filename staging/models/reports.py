"""Who gets the weekly report, and what became of each that was sent."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import MailState, OutgoingMail, Site


class ReportChoice(models.Model):
    """Somebody, or all who have a role, gets the weekly report by e-mail, or does not.

    A person's own choice counts before that of a role. Without sites it is about all of them.
    Written by `staging.report.choosing` alone, which records every change in the audit trail.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True,
        related_name="report_choice", verbose_name=_("person"),
    )  # fmt: skip
    role = models.OneToOneField(
        Group, models.PROTECT, null=True, blank=True, related_name="report_choice",
        verbose_name=_("role"),
    )  # fmt: skip
    wanted = models.BooleanField(
        _("by e-mail"), default=True,
        help_text=_("A person who turns it off does not get it by a role either."),
    )  # fmt: skip
    sites = models.ManyToManyField(
        Site, related_name="+", blank=True, verbose_name=_("sites"),
        help_text=_("None chosen: all sites."),
    )  # fmt: skip
    changed_at = models.DateTimeField(_("changed at"), editable=False)

    class Meta:
        ordering = ("role__name", "user__username")
        verbose_name = _("recipient of the weekly report")
        verbose_name_plural = _("recipients of the weekly report")
        default_permissions = ("add", "change", "view")
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, role__isnull=False) | Q(user__isnull=False, role=None),
                name="report_for_a_person_or_a_role",
                violation_error_message=_("Choose a person or a role, one of them."),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.role or self.user)


class ReportMail(OutgoingMail):
    """The report of one week for one person."""

    AGAIN = (*OutgoingMail.AGAIN, MailState.SENT)

    week = models.DateField(_("week from"))

    class Meta(OutgoingMail.Meta):
        verbose_name = _("weekly report")
        verbose_name_plural = _("weekly reports")
        default_permissions = ("view",)
        permissions = [("send_report", _("Send weekly reports again"))]
        constraints = [
            *OutgoingMail.Meta.constraints,
            models.UniqueConstraint(fields=["user", "week"], name="one_report_a_week"),
        ]

    def __str__(self) -> str:
        return f"{self.week} · {self.user}"
