"""The admin pages of integration, a module a subject."""

import integration.access.admin  # noqa: F401
