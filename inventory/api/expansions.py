"""What can be shown whole in the place of its code, wherever a resource names it."""

from inventory.api import serializers
from inventory.api.selection import Expansion

SITE = Expansion(serializers.SiteSerializer)
LOCATION = Expansion(serializers.LocationSerializer, joins=("site", "parent"))
MATERIAL = Expansion(serializers.MaterialSerializer, reads=("units",))
LOT = Expansion(serializers.LotSerializer, joins=("material",))
CONTAINER = Expansion(serializers.ContainerSerializer, joins=("parent", "location"))

STOCK = {"lot": LOT, "material": MATERIAL, "location": LOCATION, "container": CONTAINER}
"""Of what says which lot lies where."""
