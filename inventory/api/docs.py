"""The API's document, and pages to read and try it."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document of this API."""


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI, from our own server, in a page without inline script or style."""

    url_name = "schema"
    template_name = "api/docs.html"
