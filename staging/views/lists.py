"""What the list pages share: a filter, a keyset page, how many there are, the whole as a file."""

from collections.abc import Sequence
from typing import Any, ClassVar

import django_filters as df
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from inventory.paging import Page, counted, every, page_of
from inventory.sheets.columns import BATCH, Column, Sheet
from inventory.views.common import FloorView
from inventory.wording import grouped
from staging.views.files import AsFile


class ListPage(FloorView, AsFile, TemplateView):
    """A filtered list, page by page. A filter that makes no sense shows nothing, and says so.

    `columns` of the file are of what `entries` makes of the rows; `order` is the page's own.
    """

    filterset_class: ClassVar[type[df.FilterSet]]
    section = ""
    key = "pk"
    newest = False
    columns: ClassVar[Sequence[Column]]

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

    def found(self, chosen: Any) -> QuerySet[Any]:
        """What is listed, over all pages."""
        return self.shown(chosen) if chosen.form.is_valid() else self.rows().none()

    def order(self) -> str:
        """The column by which the list is ordered."""
        return self.key

    def page_of(self, rows: QuerySet[Any]) -> Page[Any]:
        """The page that the address asks for."""
        return page_of(rows, self.request.GET, key=self.key, newest=self.newest)

    def entries(self, rows: list[Any]) -> list[Any]:
        """The rows with what the page shows of each besides, from the same statements for many."""
        return rows

    def complete(self, page: Page[Any]) -> dict[str, Any]:
        """What the page needs to know besides."""
        return {}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen: Any = self.filterset_class(self.asked, queryset=self.rows())
        found = self.found(chosen)
        page = self.page_of(found)
        return super().get_context_data(
            filter=chosen,
            narrowed=any(self.request.GET.get(name) for name in chosen.filters),
            page=page,
            entries=self.entries(page.rows),
            summary=in_words(*counted(found)),
            section=self.section,
            **self.complete(page),
            **kwargs,
        )

    def sheet(self) -> Sheet:
        found = self.found(self.filterset_class(self.asked, queryset=self.rows()))
        column = self.order()
        pages: dict[str, Any] = {"tie": self.key, "down": self.newest, "size": BATCH}
        return Sheet(
            name=self.section,
            columns=self.columns,
            found=found,
            batches=lambda: map(self.entries, every(found, column, **pages)),
        )


def in_words(count: int, more: bool) -> str:
    """`12 found`, or `more than 1,000 found`."""
    if more:
        return _("more than %(count)s found") % {"count": grouped(count)}
    return ngettext("%(count)s found", "%(count)s found", count) % {"count": grouped(count)}
