"""Every path of the product, by app."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, re_path

from config import health, metrics
from inventory.api import problems
from inventory.forms import FloorSignInForm
from inventory.views import account, install
from inventory.views.language import LanguageView
from staging.views.board import BoardView

handler500 = problems.server_error

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.page, name="metrics"),
    path("health/clock", health.clock, name="health-clock"),
    # Early, because paths are tried in turn: behind the pages, 50 of theirs came before a verb.
    path("api/v1/", include("inventory.api.urls")),
    path("api/v1/", include("quality.api.urls")),
    path("api/v1/", include("staging.api.urls")),
    path("api/v1/", include("integration.api.urls")),
    path("", include("integration.access.urls")),
    path("api/problems/", include("integration.problems.urls")),
    re_path("^api/", problems.unknown_path),
    path("epcis/", include("integration.epcis.urls")),
    path("", BoardView.as_view(), name="home"),
    path("app.webmanifest", install.manifest, name="app-manifest"),
    path("service-worker.js", install.service_worker, name="service-worker"),
    path("offline/", install.offline, name="offline"),
    path("sign-in/", LoginView.as_view(authentication_form=FloorSignInForm), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("language/", LanguageView.as_view(), name="language"),
    path("account/", account.AccountView.as_view(), name="account"),
    path("account/password/", account.PasswordView.as_view(), name="password"),
    path("account/second-factor/", account.SecondFactorView.as_view(), name="second-factor"),
    path("", include("inventory.urls")),
    path("", include("staging.urls")),
    path("notices/", include("integration.notices.urls")),
    path("admin/", include("integration.urls")),
    path("admin/", admin.site.urls),
]
