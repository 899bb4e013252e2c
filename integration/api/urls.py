"""The API's paths of integration."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integration.exports.api import LedgerView, OcelView
from integration.external.resource import ExternalIdViewSet
from integration.external.views import VIEWS as EXTERNAL
from integration.feed.views import EventsView
from integration.inbound.b2mml_view import B2mmlView
from integration.inbound.views import DemandView, InboundDemandViewSet, SendView
from integration.notices import api as notices
from integration.webhooks import api as webhooks

router = SimpleRouter(use_regex_path=False)
router.register("external-ids", ExternalIdViewSet)
router.register("inbound-demands", InboundDemandViewSet)
router.register("notices", notices.NoticeViewSet)
router.register("webhooks", webhooks.WebhookViewSet, basename="webhook")
router.register("webhook-deliveries", webhooks.DeliveryViewSet)
router.register("webhook-dead-letters", webhooks.LetterViewSet, basename="dead-letter")

EXTERNAL_VIEWS = EXTERNAL | {"demands": DemandView.as_view()}

urlpatterns = [
    path("events/", EventsView.as_view(), name="events"),
    *(
        path(f"external/<str:source>/{name}/<str:identifier>/", view, name=f"external-{name}")
        for name, view in EXTERNAL_VIEWS.items()
    ),
    path("notice-preferences/", notices.PreferencesView.as_view(), name="notice-preferences"),
    path("inbound/demands/", SendView.as_view(), name="send-demand"),
    path("inbound/b2mml/<str:source>/", B2mmlView.as_view(), name="send-b2mml"),
    path("exports/ledger/", LedgerView.as_view(), name="export-ledger"),
    path("exports/ocel/", OcelView.as_view(), name="export-ocel"),
    *router.urls,
]
