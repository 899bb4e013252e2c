"""Every path of the product, by app."""

from django.contrib import admin
from django.urls import include, path, re_path

from config import health
from inventory.api import problems

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("inventory.api.urls")),
    re_path("^api/", problems.unknown_path),
]
