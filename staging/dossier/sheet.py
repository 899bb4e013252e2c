"""Pages of a PDF, written from the top down: words are broken, tables go on over pages.

Straight onto reportlab's canvas: text is text and never markup, a row is forgotten once it is
drawn, and ten thousand rows take seconds. The same input makes the same bytes.
"""

import io
from collections.abc import Sequence

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from staging.charts.drawing import SIZE, Box, Drawing, Label, Line
from staging.letters import BOLD, INK, PLAIN, QUIET, load_fonts, printable, wrapped

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN, FOOT = 42.0, 46.0
BREADTH = PAGE_WIDTH - 2 * MARGIN
TOP = PAGE_HEIGHT - 56.0
PADDING = 3.0

BAD, RULE, SHADE = "#a1161a", "#b9bfbd", "#eef1f0"


class Sheet:
    """A document under way. `head` and `foot` stand on each page, with its number of how many."""

    def __init__(self, title: str, head: tuple[str, str], foot: str, page_of: str) -> None:
        load_fonts()
        self._file = io.BytesIO()
        self.canvas = Canvas(self._file, pagesize=A4, invariant=1, pageCompression=1)
        self.canvas.setTitle(title)
        self.canvas.setCreator("Forestage")
        self._head, self._foot, self._page_of = head, foot, page_of
        self._begin()

    # --- pages ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.y = TOP
        left, right = self._head
        top, bottom = PAGE_HEIGHT - 36, 30
        self._word(MARGIN, top, _fitting(left, BREADTH * 0.6), BOLD, 8)
        self._word(PAGE_WIDTH - MARGIN, top, right, PLAIN, 7, QUIET, "end")
        self._rule(top - 6)
        self._rule(bottom + 10)
        self._word(MARGIN, bottom, self._foot, PLAIN, 6.5, QUIET)
        # How many there are is known at the end: a form that all pages share is drawn then.
        number = self._page_of % self.canvas.getPageNumber()
        self._word(PAGE_WIDTH - MARGIN - 16, bottom, f"{number} ", PLAIN, 7, INK, "end")
        self.canvas.saveState()
        self.canvas.translate(PAGE_WIDTH - MARGIN - 16, bottom)
        self.canvas.doForm("pages")
        self.canvas.restoreState()

    def turn(self) -> None:
        """A new page."""
        self.canvas.showPage()
        self._begin()

    def need(self, height: float) -> bool:
        """Turn the page if there is less room than that; whether it was turned."""
        if self.y - height >= FOOT:
            return False
        self.turn()
        return True

    def finish(self) -> bytes:
        """The PDF."""
        pages = self.canvas.getPageNumber()
        self.canvas.showPage()
        self.canvas.beginForm("pages", 0, -3, 40, 12)
        self._word(0, 0, str(pages), PLAIN, 7)
        self.canvas.endForm()
        self.canvas.save()
        return self._file.getvalue()

    # --- what stands on them --------------------------------------------------------------------

    def heading(self, text: str, anchor: str) -> None:
        """A section's heading, with room for some of it, and its entry among the bookmarks."""
        self.need(150)
        self.y -= 14
        self.canvas.bookmarkPage(anchor, fit="XYZ", top=self.y + 16)
        self.canvas.addOutlineEntry(printable(text), anchor)
        self.text(text, font=BOLD, size=12)
        self._rule(self.y + 4)
        self.y -= 4

    def text(self, text: str, *, font: str = PLAIN, size: float = 8, ink: str = INK) -> None:
        for line in wrapped(text, BREADTH, font, size):
            self.need(size * 1.4)
            self.y -= size * 1.4
            self._word(MARGIN, self.y + size * 0.3, line, font, size, ink)
        self.y -= 3

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names at the left, what they are at the right."""
        self.table([], (30, 70), [(name, said) for name, said in pairs], frozenset(), strong=0)

    def table(
        self,
        headings: Sequence[str],
        shares: Sequence[int],
        rows: Sequence[Sequence[str]],
        numeric: frozenset[int],
        *,
        strong: int | None = None,
    ) -> None:
        """Rows under headings that stand again on each page. A row that is higher than a page goes
        on over it."""
        widths = [BREADTH * share / sum(shares) for share in shares]
        for index, row in enumerate(rows):
            cells = [
                wrapped(text, width - 3 * PADDING, BOLD if column == strong else PLAIN, SIZE)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            ]
            if not index:  # headings never stand alone
                self.need((min(max(map(len, cells)), WHOLE) + 4) * LEADING)
                self._headings(headings, widths, numeric)
            self._row(cells, headings, widths, numeric, strong)
        self.y -= 8

    def _headings(
        self, headings: Sequence[str], widths: Sequence[float], numeric: frozenset[int]
    ) -> None:
        if not headings:
            return
        cells = [
            wrapped(text, width - 3 * PADDING, BOLD, SIZE)
            for text, width in zip(headings, widths, strict=True)
        ]
        height = max(map(len, cells)) * LEADING + 2 * PADDING
        self.canvas.setFillColor(SHADE)
        self.canvas.rect(MARGIN, self.y - height, BREADTH, height, stroke=0, fill=1)
        self._cells(cells, widths, numeric, set(range(len(cells))))

    def _row(
        self,
        cells: list[tuple[str, ...]],
        headings: Sequence[str],
        widths: Sequence[float],
        numeric: frozenset[int],
        strong: int | None,
    ) -> None:
        bold = set() if strong is None else {strong}
        while any(cells):
            lines = max(map(len, cells))
            room = int((self.y - FOOT - 2 * PADDING) / LEADING)
            if lines > room and (lines <= WHOLE or room < 3):
                self.turn()
                self._headings(headings, widths, numeric)
                room = int((self.y - FOOT - 2 * PADDING) / LEADING)
            self._cells([cell[:room] for cell in cells], widths, numeric, bold)
            cells = [cell[room:] for cell in cells]

    def _cells(
        self,
        cells: Sequence[Sequence[str]],
        widths: Sequence[float],
        numeric: frozenset[int],
        bold: set[int],
    ) -> None:
        x = MARGIN
        for index, (lines, width) in enumerate(zip(cells, widths, strict=True)):
            anchor = "end" if index in numeric else "start"
            at = x + width - 2 * PADDING if index in numeric else x + PADDING
            for number, line in enumerate(lines, 1):
                y = self.y - PADDING - number * LEADING + 2
                self._word(at, y, line, BOLD if index in bold else PLAIN, SIZE, INK, anchor)
            x += width
        self.y -= max(map(len, cells)) * LEADING + 2 * PADDING
        self._rule(self.y)

    def drawing(self, drawing: Drawing) -> None:
        """A picture, as broad as the page, on one page."""
        self.need(drawing.height + 8)
        self.y -= 4
        for shape in drawing.plain:
            self._shape(shape)
        self.y -= drawing.height + 6

    def _shape(self, shape: Line | Box | Label) -> None:
        canvas, top = self.canvas, self.y
        if isinstance(shape, Label):
            font = BOLD if shape.strong else PLAIN
            self._word(MARGIN + shape.x, top - shape.y, printable(shape.text), font, SIZE, INK,
                       shape.anchor)  # fmt: skip
            return
        if isinstance(shape, Box):
            canvas.setStrokeColor(INK if shape.strong else QUIET)
            canvas.setLineWidth(1.4 if shape.strong else 0.6)
            canvas.setFillColor(SHADE if shape.strong else "#ffffff")
            y = top - shape.y - shape.height
            canvas.roundRect(MARGIN + shape.x, y, shape.width, shape.height, 2, fill=1)
            return
        ink, width = STROKES[shape.kind]
        canvas.setStrokeColor(ink)
        canvas.setLineWidth(width)
        path = canvas.beginPath()
        for index, (x, y) in enumerate(shape.points):
            (path.lineTo if index else path.moveTo)(MARGIN + x, top - y)
        canvas.drawPath(path)

    def _rule(self, y: float) -> None:
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.4)
        self.canvas.line(MARGIN, y, PAGE_WIDTH - MARGIN, y)

    def _word(
        self, x: float, y: float, text: str, font: str, size: float, ink: str = INK,
        anchor: str = "start",
    ) -> None:  # fmt: skip
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(ink)
        draw = {"start": self.canvas.drawString, "end": self.canvas.drawRightString}
        draw.get(anchor, self.canvas.drawCentredString)(x, y, text)


LEADING = SIZE * 1.3
"""From line to line in a table."""

WHOLE = 40
"""Rows of up to so many lines are kept on one page."""

STROKES = {"axis": (INK, 0.8), "grid": (RULE, 0.4), "step": ("#0b6b52", 1.2), "link": (QUIET, 0.6)}


def _fitting(text: str, width: float) -> str:
    first, *more = wrapped(text, width, BOLD, 8)
    return f"{first}…" if more else first
