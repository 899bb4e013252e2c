"""The report as a PDF: each site's figures, two drawings, and what it is told apart by."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from staging.charts.drawing import SIZE, Box, Drawing, Label, Line
from staging.charts.layers import WIDTH
from staging.dossier.sheet import Sheet
from staging.letters import BOLD, QUIET
from staging.report.words import Part, Table, Trend, Words

HIGH, LEFT, TOP, FOOT = 70.0, 40.0, 14.0, 14.0


def pdf(words: Words) -> bytes:
    """Draw it."""
    sheet = Sheet(
        title=words.title,
        head=(words.title, words.period),
        foot="Forestage",
        page_of=_("Page %s of"),
    )
    sheet.text(words.title, font=BOLD, size=18)
    sheet.text(words.period, size=11, ink=QUIET)
    sheet.text(words.about)
    for number, part in enumerate(words.parts, 1):
        _part(sheet, part, number)
    return sheet.finish()


def _part(sheet: Sheet, part: Part, number: int) -> None:
    sheet.heading(f"{part.code}  {part.name}", f"site-{number}")
    if part.note:
        sheet.text(part.note, font=BOLD)
    if not part.lines:
        sheet.text(_("Nothing is kept of this site in these weeks."))
        return
    sheet.table(
        ["", _("This week"), _("Week before"), ""],
        (40, 20, 20, 20),
        [(line.label, line.now, line.before, line.verdict) for line in part.lines],
        frozenset({1, 2}),
    )
    for trend in part.trends:
        sheet.need(HIGH + TOP + FOOT + 40)
        sheet.text(trend.title, font=BOLD, size=9)
        sheet.drawing(_drawing(trend))
    for table in part.tables:
        _table(sheet, table)


def _table(sheet: Sheet, table: Table) -> None:
    sheet.need(80)
    sheet.text(table.title, font=BOLD, size=9)
    numeric = frozenset(range(1, len(table.headings)))
    sheet.table(table.headings, (25, 12, 10, 12, 11, 13, 8, 11), table.rows, numeric)
    if table.note:
        sheet.text(table.note, ink=QUIET)


def _drawing(trend: Trend) -> Drawing:
    """Bars from nothing to all; the week that is reported stands out."""
    shapes: list[Any] = []
    for share, words in ((Decimal(0), "0 %"), (Decimal("0.5"), "50 %"), (Decimal(1), "100 %")):
        y = TOP + HIGH * float(1 - share)
        kind = "grid" if share else "axis"
        shapes += [
            Line([(LEFT, y), (WIDTH - 4, y)], kind), Label(LEFT - 5, y + SIZE / 3, words, "end"),
        ]  # fmt: skip
    stride = (WIDTH - 4 - LEFT) / max(len(trend.bars), 1)
    for number, bar in enumerate(trend.bars):
        x, last = LEFT + stride * number, number == len(trend.bars) - 1
        middle, height = x + stride / 2, HIGH * float(bar.part or 0)
        if height > 0:
            shapes.append(Box(x + stride * 0.2, TOP + HIGH - height, stride * 0.6, height, last))
        shapes.append(Label(middle, TOP + HIGH - height - 3, bar.words, "middle", last))
        shapes.append(Label(middle, TOP + HIGH + FOOT - 4, bar.short, "middle", last))
    return Drawing(trend.title, WIDTH, TOP + HIGH + FOOT, shapes)
