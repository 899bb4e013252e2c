"""Attachments: listed, fetched, and added to a lot."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.admin import cells
from inventory.admin.base import HistoryAdmin, actor, require, show
from inventory.admin.finding import FoundByCode
from inventory.admin.history import STAMP
from inventory.admin.pages import Acting, chosen, named, render
from inventory.errors import Refused
from inventory.models import Lot
from quality.actions import attach
from quality.actions.attachments import ENDINGS, PERMISSION
from quality.downloads import download
from quality.models import Attachment

BUTTON = {
    "name": "attach_file",
    "label": gettext_lazy("Attach file"),
    "icon": "link-45deg",
    "help": gettext_lazy("Keep a certificate or report with the lot: PDF, PNG, JPEG, CSV or text."),
}


def file_field(*, required: bool = True) -> forms.FileField:
    """A file to be attached."""
    return forms.FileField(
        label=gettext_lazy("File"),
        required=required,
        allow_empty_file=True,  # the action says so in its own words
        widget=forms.FileInput(attrs={"accept": ",".join(ENDINGS)}),
    )


class AttachForm(forms.Form):
    file = file_field()
    reason = forms.CharField(
        label=gettext_lazy("What it is"), max_length=2000, required=False,
        help_text=gettext_lazy("Such as: certificate of analysis of the supplier."),
    )  # fmt: skip


def page(model_admin: Acting[Lot], request: HttpRequest) -> HttpResponse:
    """Ask for the file on GET; keep it on POST."""
    require(request, PERMISSION, lambda: {"lot": named(request, model_admin)[:1]})
    lot: Lot = chosen(request, model_admin)[0]
    form = AttachForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            attach(lot=lot, by=actor(request), at=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            show(form, refusal)
            request.refused = True  # type: ignore[attr-defined]
        else:
            messages.success(request, _("Attached to %(lot)s.") % {"lot": lot})
            return HttpResponseRedirect(reverse("admin:inventory_lot_change", args=[lot.pk]))
    context: dict[str, Any] = {
        "verb": BUTTON,
        "form": form,
        "rows": [(row, []) for row in model_admin.look_at([lot])],
        "rows_template": "admin/rows/lots.html",
    }
    return render(request, model_admin, "admin/attach.html", str(BUTTON["label"]), context)


@admin.register(Attachment)
class AttachmentAdmin(FoundByCode, HistoryAdmin[Attachment]):
    list_display = ("name", "lot", "reason", "size", "actor", "recorded_at")
    list_filter = (("recorded_at", admin.DateFieldListFilter),)
    list_select_related = ("lot", "actor")
    search_fields = ("lot__code", "lot__number", "name", "=sha256")
    fields = ("download_link", "lot", "inspection", "content_type", "size", "sha256", *STAMP)
    readonly_fields = ("download_link",)

    def get_urls(self) -> list[Any]:
        fetch = self.admin_site.admin_view(self.fetch)
        name = "quality_attachment_download"
        return [path("<int:pk>/download/", fetch, name=name), *super().get_urls()]

    def fetch(self, request: HttpRequest, pk: int) -> FileResponse | HttpResponse:
        """The file itself; back to its page, and why, where it is not what was attached."""
        require(request, "quality.view_attachment")
        attachment = get_object_or_404(Attachment, pk=pk)
        try:
            return download(attachment)
        except Refused as refusal:
            messages.error(request, f"{refusal.text} {refusal.hint}")
            return HttpResponseRedirect(cells.page_of(attachment))

    @admin.display(description=gettext_lazy("file"))
    def download_link(self, attachment: Attachment) -> Any:
        url = reverse("admin:quality_attachment_download", args=[attachment.pk])
        return format_html('<a href="{}">{}</a>', url, attachment.name)
