"""The API's paths of integration."""

from django.urls import path

from integration.exports.api import LedgerView, OcelView

urlpatterns = [
    path("exports/ledger/", LedgerView.as_view(), name="export-ledger"),
    path("exports/ocel/", OcelView.as_view(), name="export-ocel"),
]
