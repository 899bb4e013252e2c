"""Names of columns and models that declare none: Django makes them of the code, in English."""

from django.apps import apps
from django.utils.translation import gettext_lazy as _

OURS = ("inventory", "quality", "staging", "integration", "config")

TRANSLATED = (
    _("source"), _("target"), _("from container"), _("to container"), _("parent"), _("child"),
    _("user"), _("proposal"), _("closed by"), _("activated by"), _("acknowledged by"),
    _("lifted by"), _("taken"), _("lot link"), _("lot links"),
)  # fmt: skip
"""Those that people see and that are no text elsewhere, for the catalogues to find."""


def translate() -> None:
    """Look the names up when they are shown. Migrations go by what was declared: nothing."""
    for model in apps.get_models():
        if model.__module__.partition(".")[0] in OURS:
            about = model._meta
            if "verbose_name" not in about.original_attrs:
                about.verbose_name = _(str(about.verbose_name))
                about.verbose_name_plural = _(str(about.verbose_name_plural))
            for field in model._meta.fields:
                if field._verbose_name is None:  # type: ignore[attr-defined]
                    field.verbose_name = _(field.name.replace("_", " "))
