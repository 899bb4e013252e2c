"""Usage rules: which status may be used how. Data, in numbered sets."""

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Location, LotStatus, Material, Purpose
from inventory.models.versioned import ENDS_AFTER_IT_BEGINS, WHO_AND_WHEN, Dated, Versioned


class GatedAction(models.TextChoices):
    """The actions the gate stands before. Transfer, borrow, assign and unload ask as `stage`."""

    STAGE = "stage", _("Stage")
    ISSUE = "issue", _("Issue")
    CONSUME = "consume", _("Consume")
    LOAD = "load", _("Load")
    SHIP = "ship", _("Ship")


class Effect(models.TextChoices):
    """What a rule says. Where several match, the strictest counts: deny, with a reason, allow."""

    ALLOW = "allow", _("Allow")
    REASON = "reason", _("Allow with a reason")
    DENY = "deny", _("Deny")


class RuleSet(Versioned):
    """A numbered set of usage rules. The newest activated one is in force; none ever changes."""

    class Meta:
        ordering = ("-version",)
        verbose_name = _("rule set")
        verbose_name_plural = _("rule sets")
        permissions = [("activate_rules", _("Put a rule set into force"))]
        constraints = [
            models.CheckConstraint(condition=WHO_AND_WHEN, name="activation_has_who_and_when")
        ]


class UsageRuleQuerySet(models.QuerySet["UsageRule"]):
    def of_current_set(self) -> Self:
        # The newest set as a value: asked for once in a statement, where a join would be for each
        # row that the gate looks at.
        newest = RuleSet.objects.filter(activated_at__isnull=False).order_by("-version")
        return self.filter(rule_set=models.Subquery(newest.values("version")[:1]))

    def valid(self, on: date) -> Self:
        """Those that count on a day."""
        return self.filter(
            Q(valid_from=None) | Q(valid_from__lte=on), Q(valid_until=None) | Q(valid_until__gte=on)
        )

    def in_force(self, on: date) -> Self:
        return self.of_current_set().valid(on)

    def turning(self, since: date, on: date) -> Self:
        """Those that began or ceased to count after one day, up to another."""
        began = Q(valid_from__gt=since, valid_from__lte=on)
        return self.filter(began | Q(valid_until__gte=since, valid_until__lt=on))


class UsageRule(Dated):
    """One rule. Empty means any. The strictest of those that match counts, and what no rule allows
    is denied."""

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
    effect = models.CharField(_("effect"), max_length=6, choices=Effect)
    note = models.CharField(_("why"), max_length=200)
    cleared_by = models.CharField(_("who can clear it"), max_length=60, default="QA")

    objects = UsageRuleQuerySet.as_manager()

    class Meta:
        ordering = ("rule_set", "pk")
        verbose_name = _("usage rule")
        verbose_name_plural = _("usage rules")
        constraints = [
            models.CheckConstraint(
                condition=ENDS_AFTER_IT_BEGINS,
                name="rule_ends_after_it_begins",
                violation_error_message=_("“Valid until” lies before “valid from”."),
            )
        ]

    def __str__(self) -> str:
        action = self.get_action_display() if self.action else _("any use")
        return f"{self.rule_set} · {self.get_status_display()} · {action}: {self.effect}"

    @property
    def scope(self) -> tuple[Any, ...]:
        """What it speaks of, but for its dates."""
        return (self.status, self.action, self.purpose, self.material_id, self.customer_id)
