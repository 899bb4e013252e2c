"""The API's paths of staging."""

from rest_framework.routers import SimpleRouter

from staging.api import views

router = SimpleRouter(use_regex_path=False)
router.register("demands", views.DemandViewSet)
router.register("allocations", views.AllocationViewSet)
router.register("staged-stock", views.StagedStockViewSet)
router.register("alerts", views.AlertViewSet)

urlpatterns = router.urls
