"""What has happened and others have yet to be told: `inventory.outbox` writes it."""

from django.db import models


class OutboxRow(models.Model):
    """One thing that has happened, written in the transaction of its effect.

    `topic` says what kind of thing it is and `key` is the number of the record that has the rest.
    Taken away by whoever gives it its place in the order of all that happened.
    """

    topic = models.CharField(max_length=20)
    key = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"
