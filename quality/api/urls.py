"""The API's paths of quality."""

from rest_framework.routers import SimpleRouter

from quality.api import attempts, views
from quality.api.attachments import AttachmentViewSet

router = SimpleRouter(use_regex_path=False)
router.register("holds", views.HoldViewSet)
router.register("inspections", views.InspectionViewSet)
router.register("inspection-plans", views.InspectionPlanViewSet)
router.register("due-inspections", views.DueInspectionViewSet)
router.register("attachments", AttachmentViewSet)
router.register("decisions", views.DecisionViewSet)
router.register("usage-rules", views.UsageRuleViewSet)
router.register("refused-attempts", attempts.AttemptViewSet)

urlpatterns = router.urls
