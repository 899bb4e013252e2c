"""The API's paths of staging."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from staging.api import ahead, numbers, past, views
from staging.api.dossier import DossierView
from staging.api.dwell import VIEWS as DWELL_VIEWS
from staging.api.labels import VIEWS as LABEL_VIEWS
from staging.api.lots import TimelineView
from staging.api.on_hand import OnHandView
from staging.api.reach import PositionViewSet, PullTaskViewSet, ReachView, ShipmentViewSet
from staging.api.unstaging import UnstageTaskViewSet
from staging.api.worklist import WorklistView

router = SimpleRouter(use_regex_path=False)
router.register("demands", views.DemandViewSet)
router.register("allocations", views.AllocationViewSet)
router.register("staged-stock", views.StagedStockViewSet)
router.register("alerts", views.AlertViewSet)
router.register("alert-rules", views.AlertRuleViewSet)
router.register("pull-tasks", PullTaskViewSet)
router.register("unstage-tasks", UnstageTaskViewSet)
router.register("dwell-policies", views.DwellPolicyViewSet)
router.register("dwell-sets", views.DwellSetViewSet)
router.register("site-calendars", views.SiteCalendarViewSet)
router.register("special-days", views.SpecialDayViewSet)
router.register("label-sizes", views.LabelSizeViewSet)

urlpatterns = [
    path("ahead/", ahead.AheadView.as_view(), name="ahead"),
    path("ahead/demands/", ahead.AheadDemandViewSet.as_view({"get": "list"})),
    path("ahead/positions/", ahead.AheadPositionViewSet.as_view({"get": "list"})),
    path("worklist/", WorklistView.as_view(), name="worklist"),
    path("on-hand/", OnHandView.as_view(), name="on-hand"),
    path("lots/<int:pk>/timeline/", TimelineView.as_view(), name="lot-timeline"),
    path("holds/<int:pk>/reach/", ReachView.as_view(), name="hold-reach"),
    path("holds/<int:hold>/reach/positions/", PositionViewSet.as_view({"get": "list"})),
    path("holds/<int:hold>/reach/shipments/", ShipmentViewSet.as_view({"get": "list"})),
    path("alerts/<int:alert>/steps/", views.AlertStepViewSet.as_view({"get": "list"})),
    path("lots/<int:pk>/dossier/", DossierView.as_view(), name="lot-dossier"),
    *(path(f"labels/{name}/", view, name=f"labels-{name}") for name, view in LABEL_VIEWS.items()),
    *(path(f"numbers/{name}/", view) for name, view in numbers.VIEWS.items()),
    *(path(f"as-it-stood/{route}", view) for route, view in past.VIEWS.items()),
    *(path(f"{name}/", view, name=f"verb-{name}") for name, view in DWELL_VIEWS.items()),
    *router.urls,
]
