"""A site's own rule for alerts ends: what is said in general counts there again."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, sites
from inventory.actions import remove_master
from inventory.audit import Actor
from inventory.errors import Refused
from staging.models import AlertRule


@transaction.atomic
def end_alert_rule(*, rule: AlertRule, reason: str, by: Actor, at: datetime) -> None:
    """End a site's own rule. The general one counts there from the next sweep on, for the severity
    of open alerts as well; their time until the next level stays.

    Refuses `reason_needed`, and `rule_general`: without that, nothing would be said of the reason.
    """
    reason = audit.require_reason(reason)
    if rule.site is None:
        raise Refused(
            _("The general rule stays: it counts wherever a site has none of its own."),
            code="rule_general",
            field="rule",
            hint=_("Change it, or switch off that such alerts are raised."),
        )
    sites.require_own(rule, by.user)
    rows = AlertRule.objects.filter(pk=rule.pk).order_by()
    for row in rows.select_for_update():  # none, if it has ended meanwhile
        remove_master(row, by=by, at=at, reason=reason)
