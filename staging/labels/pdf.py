"""Labels as PDF: a page each from a roll, or as many as a sheet holds."""

import io
from collections.abc import Sequence

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from staging.labels.content import Label
from staging.labels.layout import Bars, Frame, Matrix, Rule, Shape, Text, lay_out
from staging.labels.symbols import bars, matrix
from staging.letters import BOLD, INK, PLAIN, load_fonts
from staging.models import LabelSize

DOTS = 600 / 25.4
"""Dots to the millimetre of an office printer."""


def pdf(labels: Sequence[Label], size: LabelSize, *, skip: int = 0) -> bytes:
    """Draw them; `skip` cells of the first sheet are left free, having been used before.

    Refuses `label_too_small`.
    """
    load_fonts()
    frame = Frame(float(size.width), float(size.height), DOTS)
    page = (float(size.page_width or size.width), float(size.page_height or size.height))
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(page[0] * mm, page[1] * mm), invariant=1, pageCompression=1)
    canvas.setTitle("Labels")
    canvas.setCreator("Forestage")
    cell = skip % size.per_page
    for number, label in enumerate(labels):
        canvas.beginForm(f"label-{number}", 0, 0, frame.width * mm, frame.height * mm)
        _draw(canvas, frame, lay_out(label, frame))
        canvas.endForm()
        for _copy in range(label.copies):
            if cell == size.per_page:
                canvas.showPage()
                cell = 0
            _place(canvas, size, page[1], cell, f"label-{number}")
            cell += 1
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def _place(canvas: Canvas, size: LabelSize, page_height: float, cell: int, form: str) -> None:
    row, column = divmod(cell, size.columns) if size.is_sheet else (0, 0)
    x = float(size.left + column * (size.width + size.gap_x)) if size.is_sheet else 0.0
    y = float(size.top + row * (size.height + size.gap_y)) if size.is_sheet else 0.0
    canvas.saveState()
    canvas.translate(x * mm, (page_height - y - float(size.height)) * mm)
    canvas.doForm(form)
    canvas.restoreState()


def _draw(canvas: Canvas, frame: Frame, shapes: Sequence[Shape]) -> None:
    canvas.setFillColor(INK)
    for shape in shapes:
        if isinstance(shape, Text):
            canvas.setFont(BOLD if shape.bold else PLAIN, shape.size * mm)
            canvas.drawString(shape.x * mm, (frame.height - shape.baseline) * mm, shape.text)
        elif isinstance(shape, Rule):
            y = frame.height - shape.y - shape.thickness
            _fill(canvas, shape.x, y, shape.width, shape.thickness)
        elif isinstance(shape, Bars):
            _row(canvas, shape.x, frame.height - shape.y - shape.height, shape.module,
                 shape.height, bars(shape.code))  # fmt: skip
        else:
            _matrix(canvas, frame, shape)


def _matrix(canvas: Canvas, frame: Frame, shape: Matrix) -> None:
    for number, row in enumerate(matrix(shape.code), 1):
        y = frame.height - shape.y - number * shape.module
        _row(canvas, shape.x, y, shape.module, shape.module, row)


def _row(canvas: Canvas, x: float, y: float, module: float, height: float, modules: str) -> None:
    """Dark runs, each as one rectangle: no seams between its modules."""
    path = canvas.beginPath()
    begin = modules.find("1")
    while begin >= 0:
        end = modules.find("0", begin)
        end = len(modules) if end < 0 else end
        path.rect((x + begin * module) * mm, y * mm, (end - begin) * module * mm, height * mm)
        begin = modules.find("1", end)
    canvas.drawPath(path, stroke=0, fill=1)


def _fill(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    canvas.rect(x * mm, y * mm, width * mm, height * mm, stroke=0, fill=1)
