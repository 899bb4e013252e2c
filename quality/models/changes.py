"""Lots to look at again, because something about them has changed."""

from django.db import models

from inventory.models import Container, Lot
from quality.models.holds import Hold


class LotChange(models.Model):
    """Status, dates, permits or demand of a lot have changed, or there is more or less of it than
    was known; or of all lots that are meant.

    Those in a container that was put into another or taken out; those under a hold that was placed
    or lifted; and all of them, where it names neither: the purpose of a place has changed, or where
    it lies. Written by database triggers (`quality.watch`) in the transaction of the change,
    whatever door it came through, so that it is there if and only if the change is. The clock takes
    it away once it has looked.
    """

    lot = models.ForeignKey(Lot, models.CASCADE, null=True, related_name="+")
    container = models.ForeignKey(Container, models.CASCADE, null=True, related_name="+")
    hold = models.ForeignKey(Hold, models.CASCADE, null=True, related_name="+")
    taken = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.lot_id or self.container_id or self.hold_id or 'everything'}"
