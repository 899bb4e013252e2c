"""The API's paths of integration."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integration.feed.views import EventsView
from integration.webhooks import api as webhooks

router = SimpleRouter(use_regex_path=False)
router.register("webhooks", webhooks.WebhookViewSet, basename="webhook")
router.register("webhook-deliveries", webhooks.DeliveryViewSet)
router.register("webhook-dead-letters", webhooks.LetterViewSet, basename="dead-letter")

urlpatterns = [
    path("events/", EventsView.as_view(), name="events"),
    *router.urls,
]
