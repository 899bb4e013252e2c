"""The lot dossier over the API: the electronic copy."""

from typing import cast

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import sites
from inventory.audit import Actor
from inventory.models import Lot, Surface
from staging.dossier import copies


class DossierView(APIView):
    """Everything about a lot, audit entries and signatures included, with its checksum.

    That it was given out stands in the audit trail. A token for some sites gets it whole, or
    `site_not_in_scope`.
    """

    permission_needed = copies.READS
    summaries = {"get": "Dossier of a lot"}
    tag = "History"
    keeps_to_sites = True

    @extend_schema(responses=OpenApiTypes.OBJECT, operation_id="lots_dossier_retrieve")
    def get(self, request: Request, pk: int) -> Response:
        lot = get_object_or_404(sites.within(Lot.objects.all(), request.user), pk=pk)
        by = Actor(cast("User", request.user), Surface.API)
        made = copies.copy(lot, by=by, at=timezone.now())
        copies.require_whole(made)
        copies.give_out(made, "json")
        return Response(copies.electronic(made))
