"""Who, when, through which surface, why: the columns every record of history carries."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Surface(models.TextChoices):
    """The door a request came through."""

    BROWSER = "browser", _("Browser")
    ADMIN = "admin", _("Admin")
    API = "api", _("API")
    IMPORT = "import", _("Import")
    TASK = "task", _("Task")
    COMMAND = "command", _("Command line")


class Recorded(models.Model):
    """A row of history. `occurred_at` is claimed, `recorded_at` is the server's clock (UTC).

    `batch` is the same for everything one action wrote.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"),
        db_index=False,  # `(actor, id)` where it is asked for, in order
    )  # fmt: skip
    surface = models.CharField(_("surface"), max_length=7, choices=Surface)
    reason = models.TextField(_("why"), blank=True)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    batch = models.UUIDField(_("batch"))

    class Meta:
        abstract = True
