"""Paths of what people are told."""

from django.urls import path

from integration.notices import views

app_name = "notices"

urlpatterns = [
    path("", views.NoticeListView.as_view(), name="notice_list"),
    path("count/", views.CountView.as_view(), name="count"),
    path("read/", views.ReadView.as_view(), name="read_all"),
    path("<int:pk>/read/", views.ReadView.as_view(), name="read"),
    path("settings/", views.SettingsView.as_view(), name="settings"),
]
