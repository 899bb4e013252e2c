"""What the list pages share: a filter, a keyset page, and how many there are."""

from typing import Any, ClassVar

import django_filters as df
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from inventory.paging import Page, counted, page_of
from inventory.views.common import FloorView


class ListPage(FloorView, TemplateView):
    """A filtered list, page by page. A filter that makes no sense shows nothing, and says so."""

    filterset_class: ClassVar[type[df.FilterSet]]
    section = ""
    key = "pk"
    newest = False

    @property
    def asked(self) -> QueryDict:
        """What the list is narrowed down by."""
        return self.request.GET

    def rows(self) -> QuerySet[Any]:
        """All that there is to list."""
        raise NotImplementedError

    def shown(self, chosen: Any) -> QuerySet[Any]:
        """What is left of the rows once the filter has been applied."""
        rows: QuerySet[Any] = chosen.qs
        return rows

    def page_of(self, rows: QuerySet[Any]) -> Page[Any]:
        """The page that the address asks for."""
        return page_of(rows, self.request.GET, key=self.key, newest=self.newest)

    def complete(self, page: Page[Any]) -> dict[str, Any]:
        """What the page needs to know of its rows besides."""
        return {}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = self.rows()
        chosen: Any = self.filterset_class(self.asked, queryset=rows)
        found = self.shown(chosen) if chosen.form.is_valid() else rows.none()
        page = self.page_of(found)
        return super().get_context_data(
            filter=chosen,
            narrowed=any(self.request.GET.get(name) for name in chosen.filters),
            page=page,
            summary=in_words(*counted(found)),
            section=self.section,
            **self.complete(page),
            **kwargs,
        )


def in_words(count: int, more: bool) -> str:
    """`12 found`, or `more than 1,000 found`."""
    if more:
        return _("more than %(count)s found") % {"count": _grouped(count)}
    return ngettext("%(count)s found", "%(count)s found", count) % {"count": _grouped(count)}


def _grouped(count: int) -> str:
    return number_format(count, force_grouping=True)
