"""Paths of the inventory pages."""

from django.urls import path

from inventory.views import verbs

app_name = "inventory"

urlpatterns = [
    # Work: every verb by one view
    path("work/", verbs.WorkView.as_view(), name="work"),
    path("work/undo/<uuid:batch>/", verbs.UndoView.as_view(), name="undo"),
    path("work/<slug:name>/label/", verbs.LabelView.as_view(), name="label"),
    path("work/<slug:name>/", verbs.VerbView.as_view(), name="verb"),
    # Reading: stock, lots, audit
]
