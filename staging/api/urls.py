"""The API's paths of staging."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from staging.api import views
from staging.api.lots import TimelineView
from staging.api.on_hand import OnHandView

router = SimpleRouter(use_regex_path=False)
router.register("demands", views.DemandViewSet)
router.register("allocations", views.AllocationViewSet)
router.register("staged-stock", views.StagedStockViewSet)
router.register("alerts", views.AlertViewSet)

urlpatterns = [
    path("on-hand/", OnHandView.as_view(), name="on-hand"),
    path("lots/<int:pk>/timeline/", TimelineView.as_view(), name="lot-timeline"),
    *router.urls,
]
