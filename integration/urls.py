"""The paths of imports and exports, within the admin."""

from django.contrib import admin
from django.urls import path

from integration.exports.admin_views import export_records
from integration.imports import admin_views

urlpatterns = [
    path("export/", admin.site.admin_view(export_records), name="export-records"),
    path("import/", admin.site.admin_view(admin_views.import_csv), name="import-csv"),
    path(
        "import/<slug:kind>.csv",
        admin.site.admin_view(admin_views.template),
        name="import-csv-template",
    ),
    path(
        "import/<slug:kind>/current.csv",
        admin.site.admin_view(admin_views.current),
        name="import-csv-current",
    ),
]
