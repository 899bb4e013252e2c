"""The inventory resources, to read."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import sites
from inventory.api import filters, serializers
from inventory.api.expansions import CONTAINER, LOCATION, LOT, MATERIAL, SITE
from inventory.api.expansions import STOCK as OF_STOCK
from inventory.api.genealogy import TraceAnswer, TraceQuery
from inventory.api.resources import Coded, Resource
from inventory.api.seals import ProofAnswer, ProofQuery, SealSerializer
from inventory.genealogy import Direction, trace
from inventory.models import (
    AuditEntry,
    Balance,
    Container,
    Location,
    Lot,
    LotLink,
    Material,
    Movement,
    Seal,
    Site,
    Unit,
)
from inventory.seals.proof import proof

MASTER = "Master data"
STOCK = "Stock on hand"
HISTORY = "History"


class SiteViewSet(Coded):
    """Plants and warehouses."""

    queryset = Site.objects.all()
    serializer_class = serializers.SiteSerializer
    filterset_class = filters.SiteFilter
    summaries = {"list": "Sites", "retrieve": "One site"}
    tag = MASTER


class LocationViewSet(Coded):
    """Places that can be scanned, the virtual counterparts included."""

    queryset = Location.objects.select_related("site", "parent")
    serializer_class = serializers.LocationSerializer
    filterset_class = filters.LocationFilter
    ordering_fields = ("code", "path", "walk_order", "id")
    ordering = ("path",)
    expansions = {"site": SITE}
    summaries = {"list": "Locations", "retrieve": "One location"}
    tag = MASTER


class UnitViewSet(Coded):
    """Units of measure by their UN/CEFACT codes."""

    queryset = Unit.objects.all()
    serializer_class = serializers.UnitSerializer
    filterset_class = filters.UnitFilter
    ordering_fields = ("code",)
    summaries = {"list": "Units", "retrieve": "One unit"}
    tag = MASTER


class MaterialViewSet(Coded):
    """Materials, with their other units and the rules that go with them."""

    queryset = Material.objects.prefetch_related("units")
    serializer_class = serializers.MaterialSerializer
    filterset_class = filters.MaterialFilter
    ordering_fields = ("code", "name", "id")
    summaries = {"list": "Materials", "retrieve": "One material"}
    tag = MASTER


class LotViewSet(Resource):
    """Lots and serials with their quality status."""

    queryset = Lot.objects.select_related("material")
    serializer_class = serializers.LotSerializer
    filterset_class = filters.LotFilter
    ordering_fields = ("id", "code")
    expansions = {"material": MATERIAL}
    summaries = {"list": "Lots", "retrieve": "One lot", "trace": "Trace of a lot"}
    tag = STOCK

    @extend_schema(parameters=[TraceQuery], responses=TraceAnswer)
    @action(detail=True, permission_needed="inventory.view_lotlink", keeps_to_sites=True)
    def trace(self, request: Request, pk: int) -> Response:
        """What the lot went into (`forward`) or was made from (`back`), link by link, to any depth.

        `complete` is false where the trace was cut short at its bounds.
        """
        query = TraceQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        direction: Direction = query.validated_data["direction"]
        lot = self.get_object()
        found = trace(lot, direction, depth=query.validated_data["depth"])
        sites.require_whole(
            Lot.objects.filter(pk__in=[lot.pk, *(one.pk for one in found.lots)]), request.user
        )
        return Response(TraceAnswer({"lot": lot, "direction": direction, "found": found}).data)


class ContainerViewSet(Coded):
    """Handling units: pallets, drums, totes."""

    queryset = Container.objects.select_related("parent", "location")
    serializer_class = serializers.ContainerSerializer
    filterset_class = filters.ContainerFilter
    expansions = {"location": LOCATION}
    summaries = {"list": "Containers", "retrieve": "One container"}
    tag = STOCK


class BalanceViewSet(Resource):
    """What is on hand: quantity of a lot at a location, in a container or loose."""

    queryset = Balance.objects.on_hand().select_related("lot__material", "location", "container")
    serializer_class = serializers.BalanceSerializer
    filterset_class = filters.BalanceListFilter
    lookup_value_converter = "uuid"
    expansions = OF_STOCK
    summaries = {"list": "Balances", "retrieve": "One balance"}
    tag = STOCK


class MovementViewSet(Resource):
    """The ledger, the newest line first."""

    queryset = Movement.objects.select_related(
        "lot__material", "source", "target", "from_container", "to_container", "actor"
    )
    serializer_class = serializers.MovementSerializer
    filterset_class = filters.MovementFilter
    ordering_fields = ("id", "recorded_at")
    expansions = {
        "lot": LOT, "material": MATERIAL, "source": LOCATION, "target": LOCATION,
        "from_container": CONTAINER, "to_container": CONTAINER,
    }  # fmt: skip
    summaries = {"list": "Movements", "retrieve": "One movement", "proof": "Proof of a movement"}
    tag = HISTORY

    @extend_schema(parameters=[ProofQuery], responses=ProofAnswer)
    @action(detail=True, keeps_to_sites=True)
    def proof(self, request: Request, pk: int) -> Response:
        """That the movement is what was sealed, to be checked offline with `check_proof.py`.

        Refuses `not_sealed_yet`, `seal_broken`, `seal_unknown`.
        """
        query = ProofQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(proof(self.get_object(), to=query.validated_data.get("to")))


class LotLinkViewSet(Resource):
    """Genealogy, link by link: which lot went into which."""

    queryset = LotLink.objects.select_related("parent", "child", "actor")
    serializer_class = serializers.LotLinkSerializer
    filterset_class = filters.LotLinkFilter
    summaries = {"list": "Lot links", "retrieve": "One lot link"}
    tag = HISTORY


class AuditEntryViewSet(Resource):
    """The audit trail, the newest entry first; refused attempts are in it."""

    queryset = AuditEntry.objects.select_related("actor")
    serializer_class = serializers.AuditEntrySerializer
    filterset_class = filters.AuditEntryFilter
    ordering_fields = ("id", "recorded_at")
    said_in_words = ("subject", "changes", "facts", "reason")
    file_permission = "inventory.export_audit"
    summaries = {"list": "Audit trail", "retrieve": "One entry of the audit trail"}
    tag = HISTORY


class SealViewSet(Resource):
    """The seals over history, the newest first. Keep one elsewhere, and nothing that it covers
    can be changed unseen."""

    queryset = Seal.objects.all()
    serializer_class = SealSerializer
    filterset_class = filters.SealFilter
    ordering_fields = ("sequence",)
    ordering = ("-sequence",)
    summaries = {"list": "Seals", "retrieve": "One seal", "latest": "The newest seal"}
    tag = HISTORY

    @extend_schema(responses=SealSerializer, filters=False)
    @action(detail=False, pagination_class=None, keeps_to_sites=True)
    def latest(self, request: Request) -> Response:
        """The newest seal; 404 before the first."""
        seal = Seal.objects.newest()
        if seal is None:
            raise Http404
        return Response(self.get_serializer(seal).data)
