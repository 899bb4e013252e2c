"""The API's own paths: every app's verbs."""

from inventory.api.verbs import verb_urls

urlpatterns = [*verb_urls()]
