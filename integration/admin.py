"""The admin pages of integration, a module a subject."""

import integration.access.admin
import integration.epcis.admin
import integration.external.admin
import integration.notices.admin
import integration.webhooks.admin  # noqa: F401
