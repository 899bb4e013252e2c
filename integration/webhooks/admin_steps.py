"""What can be done about a webhook: each on a page that says what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration.feed import reading
from integration.models import Subscription
from integration.webhooks import actions, states
from inventory.admin.base import actor, require, show
from inventory.errors import Refused
from inventory.fields import Words

MOST_HOURS = 24 * 30
LAST = 2**63 - 1


class StepForm(forms.Form):
    """Nothing to be said."""


class ReasonForm(StepForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, help_text=_("Kept in the audit trail."),
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
    )  # fmt: skip


class RotateForm(StepForm):
    overlap_hours = forms.IntegerField(
        label=_("Hours of overlap"), initial=24, min_value=0, max_value=MOST_HOURS,
        help_text=_("So long, messages are signed under the old secret as well. 0: not at all."),
    )  # fmt: skip


class EnableForm(ReasonForm):
    resume = forms.ChoiceField(
        label=_("Go on"), choices=actions.Resume.choices, initial=actions.Resume.NEXT,
        widget=forms.RadioSelect,
    )  # fmt: skip
    field_order = ("resume", "reason")


class ReplayForm(ReasonForm):
    after = forms.IntegerField(
        label=_("After position"), min_value=0, max_value=LAST,
        help_text=_("All that happened after it is sent again, in order."),
    )  # fmt: skip
    field_order = ("after", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A button, and the page behind it. `run` is the action, which may return a secret."""

    label: Words
    icon: str
    help: Words
    form: type[StepForm]
    run: Callable[..., Any]
    done: Words
    offered: Callable[[Subscription], bool] = lambda _row: True
    secret: bool = False


STEPS: dict[str, Step] = {
    "test": Step(
        label=_("Send a test event"), icon="play-circle-fill", form=StepForm,
        run=actions.send_test,
        help=_("An event of the type forestage.webhook.test is sent, signed like every other, also "
               "while the webhook is disabled. What came of it stands in the log."),
        done=_("The test event is sent within seconds; the log shows what was answered."),
    ),
    "try": Step(
        label=_("Try now"), icon="arrow-repeat", form=StepForm, run=actions.try_now,
        help=_("The event that was not taken is tried again at once, instead of at its time."),
        done=_("It is tried again within seconds; the log shows what was answered."),
        offered=lambda row: row.disabled_at is None and row.next_attempt_at is not None,
    ),
    "set_aside": Step(
        label=_("Set the event aside"), icon="archive-fill", form=ReasonForm,
        run=actions.set_aside,
        help=_("The event that is not taken is passed over, so that those after it are sent. It is "
               "kept as a dead letter, which can be sent again later, out of order."),
        done=_("It is a dead letter now, and those after it are sent."),
        offered=lambda row: row.disabled_at is None and bool(row.failing_event),
    ),
    "enable": Step(
        label=_("Enable"), icon="play-circle-fill", form=EnableForm, run=actions.enable,
        help=_("Delivery goes on. Consider sending a test event first."),
        done=_("It is enabled."),
        offered=lambda row: row.disabled_at is not None,
    ),
    "replay": Step(
        label=_("Replay"), icon="arrow-counterclockwise", form=ReplayForm, run=actions.replay,
        help=_("Delivery begins anew after a position of the change feed. The receiver gets again "
               "what it had, under the same ids."),
        done=_("Delivery goes on after that position."),
    ),
    "rotate": Step(
        label=_("Rotate the secret"), icon="shield-lock-fill", form=RotateForm,
        run=actions.rotate_secret, secret=True,
        help=_("A new secret is made and shown once. Until the overlap ends, each message carries "
               "a signature under either, so that the receiver can change over without a gap."),
        done=_("It has a new secret."),
    ),
    "disable": Step(
        label=_("Disable"), icon="slash-circle-fill", form=ReasonForm, run=actions.disable,
        help=_("Nothing more is sent. Its position is kept: once it is enabled, delivery goes on "
               "there, as far back as the change feed reaches."),
        done=_("It is disabled."),
        offered=lambda row: row.disabled_at is None,
    ),
}  # fmt: skip


def require_change(request: HttpRequest) -> None:
    require(request, "integration.change_subscription")


def step_page(model_admin: Any, step: Step, request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the step does; on POST, do it."""
    require_change(request)
    row = Subscription.objects.filter(pk=pk).first()
    if row is None:
        raise Http404
    form = step.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return _done(model_admin, step, request, row, form.cleaned_data)
        except Refused as refusal:
            show(form, refusal)
    return _page(model_admin, step, request, row, form)


def _done(
    model_admin: Any, step: Step, request: HttpRequest, row: Subscription, asked: dict[str, Any]
) -> HttpResponse:
    result = step.run(subscription=row, **asked, by=actor(request), at=timezone.now())
    if step.secret:
        from integration.webhooks.admin import shown_once  # which knows the steps

        return shown_once(model_admin, request, row, result)
    messages.success(request, step.done)
    return HttpResponseRedirect(_back(row))


def _page(
    model_admin: Any, step: Step, request: HttpRequest, row: Subscription, form: StepForm
) -> HttpResponse:
    mark = reading.mark_now()
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": step.label,
        "step": step,
        "webhook": row,
        "badge_of": states.badge(row),
        "oldest": mark.forgotten,
        "newest": mark.newest,
        "form": form,
        "back": _back(row),
    }
    status = 409 if form.errors else 200
    return TemplateResponse(request, "admin/webhook_step.html", context, status=status)


def _back(row: Subscription) -> str:
    return reverse("admin:integration_subscription_change", args=[row.pk])
