"""The order of all that happened, for whoever follows it."""

from django.db import models
from django.db.models import Q

COMPLETED = ("demand.shipped", "demand.consumed")


class FeedPosition(models.Model):
    """The place of one event in the feed, and what the feed is filtered by.

    What happened is read from the record itself, by `key`. Positions are dense: what is numbered is
    never followed by anything below it. `alert_level` and so on are the alert's after that step of
    its history; empty for what is none.
    """

    position = models.BigIntegerField(primary_key=True)
    type = models.CharField(max_length=30)
    key = models.BigIntegerField()
    site = models.BigIntegerField(null=True)
    to_site = models.BigIntegerField(null=True)
    lot = models.BigIntegerField(null=True)
    demand = models.CharField(max_length=80, blank=True)
    alert_level = models.PositiveSmallIntegerField(null=True)
    alert_severity = models.CharField(max_length=8, blank=True, db_default="")
    alert_reason = models.CharField(max_length=20, blank=True, db_default="")
    numbered_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["type", "key"], condition=Q(type__in=COMPLETED), name="completed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.type} {self.key}"


class FeedMark(models.Model):
    """How far positions are given, and up to which they were forgotten; one row.

    Its lock is the turn to give positions.
    """

    newest = models.BigIntegerField(default=0)
    forgotten = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.forgotten} to {self.newest}"
