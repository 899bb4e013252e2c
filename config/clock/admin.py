"""The clock in the admin: its tasks, queues, beats and workers, and a way to run a task at once."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.clock import queues
from config.clock.lateness import Clock, State
from config.clock.running import NotSentError, run_now
from config.models import LOST, RETRY, SUCCESS, Kind, TaskHour, TaskRun
from inventory.admin import cells
from inventory.admin.base import HistoryAdmin, actor, require

PERMISSION = "forestage.run_task"
HOURS_OF_A_DAY = 24


class Tasks(ChangeList):
    """The list, with how each task stands."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        desk: Any = self.model_admin
        names = desk.list_display[1:]
        self.headings = [label_for_field(name, self.model, desk) for name in desk.list_display]
        rows = desk.look_at(list(self.result_list))
        for row in rows:
            row.cells = [
                (heading, getattr(desk, name)(row))
                for name, heading in zip(names, self.headings[1:], strict=True)
            ]
        self.result_list = sorted(rows, key=lambda row: (row.seen.entry.queue, row.name))


@admin.register(TaskRun)
class TaskRunAdmin(HistoryAdmin[TaskRun]):
    """Every periodic task: when it ran, how that ended, when it runs next, if it is late."""

    change_list_template = "admin/clock.html"
    list_display = (
        "task", "state", "queue", "schedule", "started", "took", "outcome", "due", "day", "record",
    )  # fmt: skip
    fields = (
        "name", "schedule", "queue", "state", "last_started_at", "last_finished_at",
        "last_success_at", "last_outcome", "last_seconds", "running_on", "due", "sent_at",
        "waiting", "runs", "failures", "skips",
    )  # fmt: skip
    readonly_fields = ("schedule", "queue", "state", "due")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskRun]:
        self.may_run = request.user.has_perm(PERMISSION)
        return super().get_queryset(request).filter(name__in=TaskRun.scheduled())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Tasks

    def look_at(self, rows: list[TaskRun]) -> list[TaskRun]:
        """Put on each row what the schedule and the last day say of it."""
        found = {state.entry.task: state for state in Clock.look({}).states}
        days = TaskHour.objects.lately(timezone.now())
        for row in rows:
            row.seen, row.day_of = found[row.name], days.get(row.name)  # type: ignore[attr-defined]
        return rows

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> TaskRun | None:
        row = super().get_object(request, *args, **kwargs)
        return self.look_at([row])[0] if row else None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.GET.get("download"):
            return super().changelist_view(request, extra_context)
        clock = Clock.look(queues.depths())
        workers, waiting = clock.workers, clock.waiting_since
        shown = {
            "troubles": clock.troubles(),
            "queues": [
                (name, (clock.depths or {}).get(name), workers[name], waiting.get(name))
                for name in workers
            ],
            "processes": [
                (one, Kind(one.kind).label, one.is_alive(clock.now)) for one in clock.processes
            ],
            "run_url": reverse("admin:forestage_taskrun_run"),
        }
        return super().changelist_view(request, shown | (extra_context or {}))

    def get_urls(self) -> list[Any]:
        run = self.admin_site.admin_view(self.run_view)
        return [path("run/", run, name="forestage_taskrun_run"), *super().get_urls()]

    def run_view(self, request: HttpRequest) -> HttpResponse:
        """Run one task now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        name = request.POST.get("task", "")
        require(request, PERMISSION, lambda: {"task": [name]})
        row = get_object_or_404(self.get_queryset(request), name=name)
        try:
            run_now(task=row, by=actor(request), at=timezone.now())
        except NotSentError:
            messages.error(request, _("The broker does not answer; nothing was sent."))
        else:
            said = _("Sent: %(task)s. A worker runs it as soon as it gets to it.")
            messages.success(request, said % {"task": self.look_at([row])[0].seen.entry.name})  # type: ignore[attr-defined]
        return HttpResponseRedirect(reverse("admin:forestage_taskrun_changelist"))

    # --- cells ----------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("task"), ordering="name")
    def task(self, row: Any) -> str:
        return str(row.seen.entry.name)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Any) -> str:
        return state_of(row.seen)

    @admin.display(description=gettext_lazy("queue"))
    def queue(self, row: Any) -> str:
        return str(row.seen.entry.queue)

    @admin.display(description=gettext_lazy("schedule"))
    def schedule(self, row: Any) -> str:
        return schedule_of(row.seen)

    @admin.display(description=gettext_lazy("last start"), ordering="last_started_at")
    def started(self, row: TaskRun) -> str:
        return moment(row.last_started_at)

    @admin.display(description=gettext_lazy("took"), ordering="last_seconds")
    def took(self, row: TaskRun) -> str:
        return cells.EMPTY if row.last_seconds is None else duration(row.last_seconds)

    @admin.display(description=gettext_lazy("last outcome"), ordering="last_outcome")
    def outcome(self, row: TaskRun) -> str:
        return outcome_of(row)

    @admin.display(description=gettext_lazy("next due"))
    def due(self, row: Any) -> str:
        return moment(row.seen.wanted_at)

    @admin.display(description=gettext_lazy("in 24 hours"))
    def day(self, row: Any) -> str:
        """Ran, failed, skipped."""
        if not row.day_of:
            return cells.EMPTY
        parts = [_("%(number)s ran") % {"number": row.day_of["ran"]}]
        if row.day_of["failed"]:
            parts.append(_("%(number)s failed") % {"number": row.day_of["failed"]})
        if row.day_of["skipped"]:
            parts.append(_("%(number)s skipped") % {"number": row.day_of["skipped"]})
        return ", ".join(parts)

    @admin.display(description="")
    def record(self, row: TaskRun) -> str:
        """The button, whose form stands above the list."""
        if not self.may_run:
            return ""
        button = '<button class="button" form="run-now" name="task" value="{}">{}</button>'
        return format_html(button, row.name, _("Run now"))


def state_of(state: State) -> str:
    """One word and a tone: what a glance must tell."""
    if state.is_late:
        return cells.badge("bad", "exclamation-triangle-fill", _("Late"))
    if state.run.running_on:
        return cells.badge("info", "play-circle-fill", _("Running"))
    if state.has_failed:
        return cells.badge("bad", "x-octagon-fill", _("Failed"))
    return cells.badge("ok", "check-circle-fill", _("On time"))


def outcome_of(run: TaskRun) -> str:
    words = {
        SUCCESS: ("ok", "check-circle-fill", _("Succeeded")),
        RETRY: ("warn", "arrow-counterclockwise", _("Tried again")),
        LOST: ("bad", "x-octagon-fill", _("Broken off")),
        "": ("calm", "clock", _("Never ran")),
    }
    return cells.badge(*words.get(run.last_outcome, ("bad", "x-octagon-fill", _("Failed"))))


def schedule_of(state: State) -> str:
    """How often, in words."""
    found: Any = state.entry.schedule
    if not state.entry.every:
        if len(found.hour) == HOURS_OF_A_DAY:
            past = f":{min(found.minute):02}"
            return _("every hour at %(minute)s") % {"minute": past}
        at = f"{min(found.hour):02}:{min(found.minute):02}"
        return _("daily at %(at)s") % {"at": at}
    seconds = int(state.entry.every / timedelta(seconds=1))
    if seconds % 60:
        return ngettext("every second", "every %(number)s seconds", seconds) % {"number": seconds}
    minutes = seconds // 60
    if minutes % 60 == 0:
        return ngettext("every hour", "every %(number)s hours", minutes // 60) % {
            "number": minutes // 60
        }
    return ngettext("every minute", "every %(number)s minutes", minutes) % {"number": minutes}


def moment(at: Any) -> str:
    """With seconds; without the day where it is today's."""
    if at is None:
        return cells.EMPTY
    here = localtime(at)
    is_today = here.date() == timezone.localdate()
    return formatted(here, "H:i:s" if is_today else "Y-m-d H:i:s")


def duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
