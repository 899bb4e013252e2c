"""What partners sent, and what could not be captured of it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integration.models import CapturedEvent, CaptureJob
from inventory.admin.base import HistoryAdmin
from inventory.admin.cells import EMPTY, badge, facts_table, link


class OutcomeFilter(admin.SimpleListFilter):
    """How jobs ended. By what an index or a few rows tell."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("running", _("Running")), ("captured", _("Captured")), ("errors", _("With errors")),
        ]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "running":
            return queryset.filter(finished_at=None)
        if self.value() in ("captured", "errors"):
            ended = queryset.filter(finished_at__isnull=False)
            clean = self.value() == "captured"
            return ended.filter(errors=[]) if clean else ended.exclude(errors=[])
        return queryset


@admin.register(CaptureJob)
class CaptureJobAdmin(HistoryAdmin[CaptureJob]):
    list_display = (
        "created_at", "outcome", "user", "events", "captured", "repeated", "failed", "behaviour",
    )  # fmt: skip
    list_filter = (OutcomeFilter, ("created_at", admin.DateFieldListFilter))
    list_select_related = ("user",)
    fields = (
        "created_at", "user", "outcome", "behaviour", "events", "captured", "repeated",
        "what_failed", "claimed_at", "finished_at", "digest",
    )  # fmt: skip
    readonly_fields = ("outcome", "failed", "what_failed")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("document")

    @admin.display(description=_("outcome"))
    def outcome(self, job: CaptureJob) -> SafeString:
        if job.is_running:
            return badge("info", "hourglass-split", _("Running"))
        if job.has_succeeded:
            return badge("ok", "check-circle-fill", _("Captured"))
        return badge("bad", "x-octagon-fill", _("With errors"))

    @admin.display(description=_("errors"))
    def failed(self, job: CaptureJob) -> int:
        return len(job.errors)

    @admin.display(description=_("errors"))
    def what_failed(self, job: CaptureJob) -> SafeString | str:
        """Event, field and what to do, an error a row."""
        if not job.errors:
            return EMPTY
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{} {}</td></tr>',
            (
                (error["event"], error["field"] or EMPTY, error["code"], error["detail"],
                 error["hint"])
                for error in job.errors
            ),
        )  # fmt: skip
        return format_html(
            '<table class="facts-table"><thead><tr><th scope="col">{}</th><th scope="col">{}</th>'
            '<th scope="col">{}</th><th scope="col">{}</th></tr></thead><tbody>{}</tbody></table>',
            _("Event"), _("Field"), _("Code"), _("Why, and what to do"), rows,
        )  # fmt: skip


@admin.register(CapturedEvent)
class CapturedEventAdmin(HistoryAdmin[CapturedEvent]):
    list_display = ("captured_at", "event_id", "verb")
    list_filter = (("captured_at", admin.DateFieldListFilter),)
    fields = ("captured_at", "event_id", "verb", "job_link", "batch", "said")
    readonly_fields = ("job_link", "said")
    ordering = ("-pk",)

    @admin.display(description=_("capture job"))
    def job_link(self, event: CapturedEvent) -> str | SafeString:
        return link(event.job)

    @admin.display(description=_("event"))
    def said(self, event: CapturedEvent) -> SafeString | str:
        return facts_table(event.event)
