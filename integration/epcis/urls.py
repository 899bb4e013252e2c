"""The paths of the standard. They end without a slash, as it has them."""

from django.urls import path, re_path

from integration.epcis import views
from integration.epcis.capture import views as capturing
from inventory.api.problems import unknown_path

urlpatterns = [
    path("events", capturing.EventsView.as_view(), name="epcis-events"),
    path("events/<path:event_id>", views.EventView.as_view(), name="epcis-event"),
    path("document", views.ExportView.as_view(), name="epcis-document"),
    path("capture", capturing.CaptureView.as_view(), name="epcis-capture"),
    path("capture/<uuid:capture_id>", capturing.JobView.as_view(), name="epcis-job"),
    re_path("", unknown_path),
]
