"""The paths of OAuth 2.0. The standard's own have no slash at their end."""

from django.urls import path

from integration.access import views

urlpatterns = [
    path("oauth/token", views.token, name="oauth-token"),
    path(".well-known/oauth-authorization-server", views.metadata, name="oauth-metadata"),
]
