"""Demands of other systems over the API: one by its identifier, or many at once."""

from collections.abc import Sequence
from typing import Any

from integration.external.views import PutView, Shape
from integration.inbound import actions
from integration.inbound.lines import InboundLine
from integration.inbound.shapes import ExternalDemandSerializer, InboundDemandSerializer
from integration.models import InboundDemand
from inventory import sites
from inventory.api.resources import CodeFilter, Filters, Resource, YesNoFilter
from inventory.api.verbs import VerbView
from inventory.verbs import Verb
from staging.models import Demand

SEND_DEMAND = Verb(
    "integration", "send_demand", "Send demands", actions.receive_demands, InboundLine,
    group="Inbound", by_text=True, help="Make, change or cancel demands as their system has them.",
)  # fmt: skip

IN_REPLY = ("deallocated", "to_unstage", "to_return", "flagged")


class DemandView(PutView):
    """Puts one demand: 201 where it is new under this identifier, 200 where it is known."""

    verb = SEND_DEMAND
    kind = InboundDemand
    shape = Shape(ExternalDemandSerializer, lambda: InboundDemand.objects.select_related("demand"))

    def known(self, source: str, identifier: str) -> Any:
        if "\x00" in source + identifier:
            return None
        rows = InboundDemand.objects.select_related("demand")
        rows = rows.filter(source=source, identifier=identifier)
        return sites.within(rows, self.request.user).first()

    def is_ordered(self, line: Any) -> bool:
        return line.version is not None or line.changed_at is not None

    def beside(self, thing: Any) -> Sequence[Demand]:
        return [thing.demand] if thing.demand else []

    def answer(
        self, said: dict[str, Any], warnings: list[str], source: str, identifier: str
    ) -> Any:
        """How it is now, what the message freed, and what is left to do."""
        return {
            **super().answer(said, warnings, source, identifier),
            "outcome": said["outcome"],
            "reconciled": {name: said[name] for name in IN_REPLY if name in said},
            "warnings": warnings,
        }


class SendView(VerbView):
    """Takes one message or up to 1000."""

    verb = SEND_DEMAND


class InboundDemandFilter(Filters):
    source = CodeFilter("", "source")
    identifier = CodeFilter("", "identifier")
    cancelled = YesNoFilter("cancelled")
    demand = CodeFilter("demand", "reference")

    class Meta:
        model = InboundDemand
        fields = ()


class InboundDemandViewSet(Resource):
    """The newest message of each demand that another system has sent."""

    queryset = InboundDemand.objects.select_related("demand")
    serializer_class = InboundDemandSerializer
    filterset_class = InboundDemandFilter
    summaries = {"list": "Inbound demands", "retrieve": "One inbound demand"}
    lookup_url_kwarg = "number"  # `id` is what its system calls it
    tag = "Inbound"
