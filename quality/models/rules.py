"""Usage rules: which status may be used how. Data, in numbered sets."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Location, LotStatus, Material, Purpose


class GatedAction(models.TextChoices):
    """The actions the gate stands before. Transfer, borrow, assign and unload ask as `stage`."""

    STAGE = "stage", _("Stage")
    ISSUE = "issue", _("Issue")
    CONSUME = "consume", _("Consume")
    LOAD = "load", _("Load")
    SHIP = "ship", _("Ship")


class Effect(models.TextChoices):
    ALLOW = "allow", _("Allow")
    DENY = "deny", _("Deny")


class RuleSetQuerySet(models.QuerySet["RuleSet"]):
    def in_force(self) -> Self:
        """The newest activated set, if there is one."""
        newest = RuleSet.objects.filter(activated_at__isnull=False).order_by("-version")
        return self.filter(version=newest.values("version")[:1])


class RuleSet(models.Model):
    """A numbered set of usage rules. The newest activated one is in force; none ever changes."""

    version = models.PositiveIntegerField(_("version"), primary_key=True)
    note = models.CharField(_("what it changes"), max_length=200)
    activated_at = models.DateTimeField(_("in force since"), null=True, editable=False)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        ordering = ("-version",)
        verbose_name = _("rule set")
        verbose_name_plural = _("rule sets")
        permissions = [("activate_rules", _("Put a rule set into force"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(activated_at=None, activated_by=None)
                | Q(activated_at__isnull=False, activated_by__isnull=False),
                name="activation_has_who_and_when",
            )
        ]

    def __str__(self) -> str:
        return f"v{self.version}"


class UsageRuleQuerySet(models.QuerySet["UsageRule"]):
    def in_force(self) -> Self:
        # The newest set as a value: asked for once in a statement, where a join would be for each
        # row that the gate looks at.
        newest = RuleSet.objects.filter(activated_at__isnull=False).order_by("-version")
        return self.filter(rule_set=models.Subquery(newest.values("version")[:1]))


class UsageRule(models.Model):
    """One rule. Empty means any. Deny beats allow, and what no rule allows is denied."""

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="rules")
    status = models.CharField(_("lot status"), max_length=10, choices=LotStatus)
    action = models.CharField(_("action"), max_length=7, choices=GatedAction, blank=True)
    purpose = models.CharField(_("purpose"), max_length=13, choices=Purpose, blank=True)
    material = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("material"),
    )  # fmt: skip
    customer = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="+",
        limit_choices_to={"kind": "customer"}, verbose_name=_("customer"),
    )  # fmt: skip
    effect = models.CharField(_("effect"), max_length=5, choices=Effect)
    note = models.CharField(_("why"), max_length=200)
    cleared_by = models.CharField(_("who can clear it"), max_length=60, default="QA")

    objects = UsageRuleQuerySet.as_manager()

    class Meta:
        ordering = ("rule_set", "pk")
        verbose_name = _("usage rule")
        verbose_name_plural = _("usage rules")

    def __str__(self) -> str:
        action = self.get_action_display() if self.action else _("any use")
        return f"{self.rule_set} · {self.get_status_display()} · {action}: {self.effect}"
