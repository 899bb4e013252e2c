"""The API's paths of quality."""

from rest_framework.routers import SimpleRouter

from quality.api import attempts, views

router = SimpleRouter(use_regex_path=False)
router.register("holds", views.HoldViewSet)
router.register("inspections", views.InspectionViewSet)
router.register("decisions", views.DecisionViewSet)
router.register("usage-rules", views.UsageRuleViewSet)
router.register("refused-attempts", attempts.AttemptViewSet)

urlpatterns = router.urls
