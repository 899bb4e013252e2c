"""Where the types of problems lead."""

from django.urls import path

from integration.problems import views

urlpatterns = [
    path("", views.index, name="problems"),
    path("<str:code>", views.problem, name="problem"),
]
