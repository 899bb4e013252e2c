"""The admin site: Django's own, with our name on it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class ForestageAdminSite(admin.AdminSite):
    site_header = _("Forestage")
    site_title = _("Forestage")
    index_title = _("Master data and quality")
