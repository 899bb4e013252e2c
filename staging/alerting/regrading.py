"""Open alerts follow their rules: one that is made graver is so at once for what is open already,
or nobody would find it where they look first."""

from datetime import datetime

from django.db.models import DateTimeField, F, Value

from inventory.insert_select import insert_select
from staging.alerting.terms import Terms
from staging.models import Alert, AlertStep, AlertStepKind
from staging.suspects import portions


def regrade(terms: Terms, at: datetime) -> int:
    """Give open alerts the severity that their rules say by now; how many had another. One
    statement where none has, and three for so many that have; the rows stay in the database.

    When an alert escalates, and who has taken it up, stays as it is.
    """
    other = Alert.objects.open().annotate(ruled=terms.severity()).exclude(severity=F("ruled"))
    locked = other.order_by("pk").select_for_update(no_key=True)
    keys = list(locked.values_list("pk", flat=True))
    for portion in portions(keys):
        alerts = Alert.objects.filter(pk__in=portion)
        alerts.update(severity=terms.severity())
        insert_select(
            AlertStep, alerts, alert="pk", kind=Value(AlertStepKind.REGRADED.value),
            at=Value(at, output_field=DateTimeField()), level="level", severity="severity",
            detail="detail",
        )  # fmt: skip
    return len(keys)
