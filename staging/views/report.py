"""The weekly report in the browser: of any week that is over, as a PDF, and whether one gets it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from inventory.models import Site
from inventory.sites import within
from inventory.views.common import FloorView, actor
from staging.charts import plot
from staging.charts.plot import Chart
from staging.charts.words import share as percent
from staging.report import choosing
from staging.report.content import Report, gather
from staging.report.weeks import Week
from staging.report.words import Trend, say
from staging.views.numbers import sets


class ChoiceForm(forms.Form):
    """Whether a person gets the report, and of which sites."""

    wanted = forms.BooleanField(label=_("Send me this report every Monday"), required=False)
    sites = forms.ModelMultipleChoiceField(
        Site.objects.none(), label=_("Sites"), required=False,
        widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all sites."),
    )  # fmt: skip

    def __init__(self, data: Any, request: HttpRequest, **options: Any) -> None:
        super().__init__(data, **options)
        sites: Any = self.fields["sites"]
        sites.queryset = within(Site.objects.filter(is_active=True), request.user)


def _reported(request: HttpRequest) -> tuple[Week, Report]:
    """The week that the address names, the last one without."""
    now = timezone.now()
    last = Week.last(now)
    week = Week.read(request.GET["week"]) if request.GET.get("week") else last
    if week is None or week > last:
        raise Http404
    return week, gather(week, choosing.sites_for(actor(request).user), at=now)


class ReportView(FloorView, View):
    """The report as it is sent, and the choice."""

    reads = (choosing.READS,)

    def get(self, request: HttpRequest) -> HttpResponse:
        user = actor(request).user
        own, roles = choosing.chosen_by(user), choosing.by_role(user)
        wanted = own.wanted if own else bool(roles)
        sites = own.sites.all() if own else []
        initial = {"wanted": wanted, "sites": sites}
        return self._page(request, ChoiceForm(None, request, initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        form, by = ChoiceForm(request.POST, request), actor(request)
        if not form.is_valid():
            return self._page(request, form)
        choosing.choose_report(user=by.user, **form.cleaned_data, by=by, at=timezone.now())
        if form.cleaned_data["wanted"] and not by.user.email:
            messages.warning(request, _("Kept. Your account has no e-mail address yet."))
        else:
            messages.success(request, _("Kept."))
        return redirect("staging:report")

    def _page(self, request: HttpRequest, form: ChoiceForm) -> HttpResponse:
        week, report = _reported(request)
        words = say(report)
        context = {
            "words": words,
            "week": week,
            "parts": [
                (part, [(trend.title, _chart(trend), [bar.short for bar in trend.bars])
                        for trend in part.trends])
                for part in words.parts
            ],
            "figures": sets("report"),
            "form": form,
            "by_roles": [str(choice.role) for choice in choosing.by_role(actor(request).user)],
            "earlier": _address(week.earlier),
            "later": _address(week.later) if week < Week.last(timezone.now()) else "",
            "pdf_url": f"{reverse('staging:report_pdf')}?week={week}",
            "section": "numbers",
        }  # fmt: skip
        return render(request, "staging/report/page.html", context)


def _address(week: Week) -> str:
    return f"{reverse('staging:report')}?week={week}"


def _chart(trend: Trend) -> Chart:
    """Week by week, on a scale from nothing to all."""
    steps = [plot.Step(f"{bar.label}: {bar.words}", {"fine": bar.part or 0}) for bar in trend.bars]
    return plot.chart(steps, top=1, words=percent)


class PdfView(FloorView, View):
    """The PDF that is attached to the mail."""

    reads = (choosing.READS,)

    def get(self, request: HttpRequest) -> HttpResponse:
        # Here, because loading reportlab takes a while and few processes ever need it.
        from staging.report.mail import filename
        from staging.report.pdf import pdf

        _week, report = _reported(request)
        name = filename(report, "pdf")
        headers = {"Content-Disposition": f'attachment; filename="{name}"',
                   "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}  # fmt: skip
        return HttpResponse(pdf(say(report)), content_type="application/pdf", headers=headers)
