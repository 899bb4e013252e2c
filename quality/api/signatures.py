"""Signatures, proposed decisions and the versions of lots, over the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import sites
from inventory.api.fields import Code
from inventory.api.resources import CodeFilter, OneOfFilter, PeriodFilters, Resource, YesNoFilter
from inventory.api.serializers import WHO_AND_WHEN, RecordedSerializer
from inventory.models import Lot
from quality import seen
from quality.models import Decision, DecisionKind, Proposal, Signature
from quality.records import with_signings

TAG = "Quality records"


class ProposalFilter(PeriodFilters):
    lot = CodeFilter("lot")
    kind = OneOfFilter(choices=DecisionKind.choices)
    open = YesNoFilter("end", "isnull", help_text="Waits for the second signature.")

    class Meta:
        model = Proposal
        fields = ("batch",)


class SignatureFilter(PeriodFilters):
    actor = CodeFilter("actor", "username")

    class Meta:
        model = Signature
        fields = ("decision", "proposal", "hold", "batch")


class SignatureSerializer(RecordedSerializer):
    """An electronic signature on one decision, proposed decision or lifted hold.

    `content` is what was signed, and `sha256` its digest.
    """

    decision = serializers.IntegerField(source="decision_id", allow_null=True)
    proposal = serializers.IntegerField(source="proposal_id", allow_null=True)
    hold = serializers.IntegerField(source="hold_id", allow_null=True)
    sha256 = serializers.CharField(source="digest")

    class Meta:
        model = Signature
        fields = (
            "id", "decision", "proposal", "hold", "username", "printed_name", "role", "meaning",
            "method", "zone", "reviewed", "content", "sha256", *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class SigningSerializer(serializers.Serializer[Any]):
    """A signature, and whether it still stands."""

    signature = SignatureSerializer()
    changed_since = serializers.CharField(
        source="since", help_text="What of the lot has changed since, in words; empty for nothing."
    )
    wrong = serializers.ListField(
        child=serializers.ChoiceField(["digest", "record", "signer"]),
        help_text="What does not fit between signature and record; empty as it should be.",
    )


class SigningsAnswer(serializers.Serializer[Any]):
    """The signatures of one decision, the first signer's first."""

    decision = serializers.IntegerField(source="pk")
    signings = SigningSerializer(many=True)


class LotVersionAnswer(serializers.Serializer[Any]):
    """A lot as a signer sees it. Send `version` as `expected` with a decision."""

    lot = serializers.CharField()
    version = serializers.CharField()
    seen = serializers.DictField()


class ProposalSerializer(RecordedSerializer):
    """A decision that `actor` signed first; `ending` is null while it waits for the second."""

    lot = Code("lot")
    references = serializers.ListField(child=serializers.CharField(), read_only=True)
    ending = serializers.CharField(source="end.ending", allow_null=True, default=None)
    decision = serializers.IntegerField(source="end.decision_id", allow_null=True, default=None)

    class Meta:
        model = Proposal
        fields = (
            "id", "lot", "kind", "from_status", "until", "references", "retest_on", "ending",
            "decision", *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class ProposalViewSet(Resource):
    """Decisions that wait, or waited, for the second signature."""

    queryset = Proposal.objects.select_related("lot", "actor", "end")
    serializer_class = ProposalSerializer
    filterset_class = ProposalFilter
    ordering_fields = ("id", "recorded_at")
    summaries = {"list": "Proposed decisions", "retrieve": "One proposed decision"}
    tag = TAG


class SignatureViewSet(Resource):
    """Electronic signatures, with what was signed."""

    queryset = Signature.objects.select_related("actor")
    serializer_class = SignatureSerializer
    filterset_class = SignatureFilter
    ordering_fields = ("id", "recorded_at")
    summaries = {"list": "Signatures", "retrieve": "One signature"}
    tag = TAG


class SigningsView(APIView):
    """The signatures of a decision: whether they fit it, and what has changed since."""

    permission_needed = "quality.view_signature"
    summaries = {"get": "Signatures of a decision"}
    tag = TAG
    keeps_to_sites = True

    @extend_schema(responses=SigningsAnswer, operation_id="decisions_signatures_retrieve")
    def get(self, request: Request, pk: int) -> Response:
        decisions = sites.within(Decision.objects.select_related("lot"), request.user)
        decision = get_object_or_404(decisions, pk=pk)
        [row] = with_signings([decision])
        return Response(SigningsAnswer(row).data)


class LotVersionView(APIView):
    """What a signer sees of a lot, and its version: what a decision may `expect`."""

    permission_needed = "inventory.view_lot"
    summaries = {"get": "Version of a lot"}
    tag = TAG
    keeps_to_sites = True

    @extend_schema(responses=LotVersionAnswer, operation_id="lots_version_retrieve")
    def get(self, request: Request, pk: int) -> Response:
        lot = get_object_or_404(sites.within(Lot.objects.all(), request.user), pk=pk)
        sites.require_wholly(lot, request.user)  # as the decisions that expect it
        sight = seen.look_at({lot.pk: lot})[lot.pk]
        answer = {"lot": lot.code, "version": seen.version_of(sight), "seen": sight}
        return Response(LotVersionAnswer(answer).data)
