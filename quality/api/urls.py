"""The API's paths of quality."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from quality.api import attempts, clocks, signatures, views
from quality.api.attachments import AttachmentViewSet

router = SimpleRouter(use_regex_path=False)
router.register("holds", views.HoldViewSet)
router.register("inspections", views.InspectionViewSet)
router.register("inspection-plans", views.InspectionPlanViewSet)
router.register("due-inspections", views.DueInspectionViewSet)
router.register("attachments", AttachmentViewSet)
router.register("decisions", views.DecisionViewSet)
router.register("proposals", signatures.ProposalViewSet)
router.register("signatures", signatures.SignatureViewSet)
router.register("usage-rules", views.UsageRuleViewSet)
router.register("refused-attempts", attempts.AttemptViewSet)

urlpatterns = [
    path("decisions/<int:pk>/signatures/", signatures.SigningsView.as_view()),
    path("lots/<int:pk>/clocks/", clocks.LotClocksView.as_view()),
    path("lots/<int:pk>/version/", signatures.LotVersionView.as_view()),
    *router.urls,
]
