"""The paths of imports, within the admin."""

from django.contrib import admin
from django.urls import path

from integration.imports import admin_views

urlpatterns = [
    path("import/", admin.site.admin_view(admin_views.import_csv), name="import-csv"),
    path(
        "import/<slug:kind>.csv",
        admin.site.admin_view(admin_views.template),
        name="import-csv-template",
    ),
]
