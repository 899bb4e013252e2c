"""The API's paths of inventory, and every app's verbs."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from inventory.api import views
from inventory.api.docs import SchemaView, TryView, operations
from inventory.api.verbs import verb_urls

router = SimpleRouter(use_regex_path=False)
router.register("sites", views.SiteViewSet)
router.register("locations", views.LocationViewSet)
router.register("units", views.UnitViewSet)
router.register("materials", views.MaterialViewSet)
router.register("lots", views.LotViewSet)
router.register("containers", views.ContainerViewSet)
router.register("balances", views.BalanceViewSet)
router.register("movements", views.MovementViewSet)
router.register("lot-links", views.LotLinkViewSet)
router.register("audit-entries", views.AuditEntryViewSet)
router.register("seals", views.SealViewSet)

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", operations, name="schema-docs"),
    path("docs/<slug:tag>/", TryView.as_view(), name="schema-try"),
    *router.urls,
    *verb_urls(),
]
