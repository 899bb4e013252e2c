"""Lots to look at again, because something about them has changed."""

from django.db import models

from inventory.models import Lot


class LotChange(models.Model):
    """Status, dates or permits of a lot have changed; without a lot, the purpose of a place.

    Written by database triggers (`quality.watch`) in the transaction of the change, whatever door
    it came through, so that it is there if and only if the change is. The clock takes it away once
    it has looked.
    """

    lot = models.ForeignKey(Lot, models.CASCADE, null=True, related_name="+")
    taken = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.lot_id or 'everything'}"
