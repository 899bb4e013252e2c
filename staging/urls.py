"""Paths of the staging pages."""

from django.urls import path

from staging.views import (
    alerts,
    attempts,
    audit,
    board,
    containers,
    demands,
    dossier,
    genealogy,
    guided,
    labels,
    locations,
    lots,
    materials,
    numbers,
    reach,
    scan,
    stock,
    wall,
)

app_name = "staging"

urlpatterns = [
    # Working: board, demands, scan
    path("", board.BoardView.as_view(), name="board"),
    path("ready/", board.ReadyView.as_view(), name="ready"),
    path("wall/", wall.LanesView.as_view(), name="wall"),
    path("wall/due/", wall.DueView.as_view(), name="wall_due"),
    path("wall/open/<str:secret>/", wall.OpenView.as_view(), name="wall_open"),
    path("demands/", demands.DemandListView.as_view(), name="demand_list"),
    path("demands/<str:reference>/", demands.DemandView.as_view(), name="demand"),
    path("picks/", guided.PickListView.as_view(), name="pick_list"),
    path("guided/<slug:name>/", guided.GuidedView.as_view(), name="guided"),
    path("scan/", scan.ScanView.as_view(), name="scan"),
    path("pulls/", reach.PullListView.as_view(), name="pull_list"),
    path("labels/", labels.LabelHomeView.as_view(), name="label_home"),
    path("labels/<slug:kind>/", labels.LabelView.as_view(), name="labels"),
    # Reading: stock, lots, locations, containers, materials, alerts, audit
    path("stock/", stock.StockView.as_view(), name="stock"),
    path("lots/", lots.LotListView.as_view(), name="lot_list"),
    path("lots/<int:pk>/", lots.LotView.as_view(), name="lot"),
    path("lots/<int:pk>/genealogy/", genealogy.GenealogyView.as_view(), name="genealogy"),
    path("lots/<int:pk>/dossier/", dossier.DossierView.as_view(), name="dossier"),
    path("lots/<int:pk>/dossier.pdf", dossier.PdfView.as_view(), name="dossier_pdf"),
    path("lots/<int:pk>/dossier.json", dossier.ElectronicView.as_view(), name="dossier_json"),
    path("locations/", locations.LocationListView.as_view(), name="location_list"),
    path("locations/<str:code>/", locations.LocationView.as_view(), name="location"),
    path("containers/<str:code>/", containers.ContainerView.as_view(), name="container"),
    path("materials/<str:code>/", materials.MaterialView.as_view(), name="material"),
    path("holds/<int:pk>/reach/", reach.ReachView.as_view(), name="reach"),
    path("holds/<int:pk>/reach/<slug:part>/", reach.PartView.as_view(), name="reach_part"),
    path("holds/<int:pk>/recall/", reach.RecallView.as_view(), name="recall"),
    path("alerts/", alerts.AlertListView.as_view(), name="alert_list"),
    path("alerts/count/", alerts.AlertCountView.as_view(), name="alert_count"),
    path("refused-attempts/", attempts.AttemptsView.as_view(), name="attempts"),
    path("numbers/", numbers.NumbersView.as_view(), name="all_numbers"),
    path("numbers/<slug:figure>/", numbers.NumbersView.as_view(), name="numbers"),
    path("audit/", audit.AuditView.as_view(), name="audit"),
    path("audit/<int:pk>/", audit.AuditEntryView.as_view(), name="audit_entry"),
    path("audit/export/", audit.ExportView.as_view(), name="audit_export"),
    path("audit/export/<int:pk>/manifest/", audit.ManifestView.as_view(), name="manifest"),
]
