"""The parts that charts are made of."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from staging.charts import layers, plot, sankey
from staging.charts.drawing import Drawing, Label, Link, to_svg
from staging.charts.words import count, duration, share

DAYS = [plot.Step("a", points={"one": Decimal(4)}), plot.Step("b", points={"one": None}),
        plot.Step("c", points={"one": Decimal(2)}),
        plot.Step("d", points={"one": Decimal(5)})]  # fmt: skip


def test_a_line_is_broken_where_it_has_no_point() -> None:
    chart = plot.chart(DAYS)
    [line] = chart.lines
    assert chart.top == 5
    assert line.pieces == ["3,20 7,20", "25,60 35,0"]


def test_a_limit_is_within_the_scale() -> None:
    chart = plot.chart([plot.Step("a", {"fine": 1})], limit=8)
    assert (chart.top, chart.limit, chart.scale) == (10, 20, ["10", "5", "0"])


@pytest.mark.parametrize(
    ("most", "top"), [("0.03", "0.05"), ("0.5", "0.5"), ("0.6", "1"), ("1.5", "2")]
)
def test_the_scale_of_fractions(most: str, top: str) -> None:
    assert plot.scale(Decimal(most)) == Decimal(top)


def test_numbers_in_words() -> None:
    assert [count(Decimal("12500.50")), count(3), share(Decimal("0.9755"))] == [
        "12,500.5", "3", "97.6 %",
    ]  # fmt: skip
    spans = (timedelta(minutes=40), timedelta(hours=7.5), timedelta(days=3))
    assert [duration(span) for span in spans] == ["40 min", "7.5 h", "3 d"]


FLOWS = [sankey.Flow("a", "b", Decimal(60), "a → b"), sankey.Flow("a", "c", Decimal(40), "a → c"),
         sankey.Flow("b", "d", Decimal(60), "b → d")]  # fmt: skip
PLACES = [sankey.Place(key, key.upper(), column) for key, column in
          (("a", 0), ("b", 1), ("c", 1), ("d", 2), ("unused", 2))]  # fmt: skip


def drawn() -> str:
    words = {place.key: "1" for place in PLACES}
    return to_svg(sankey.sankey("Flow", PLACES, FLOWS, unit="KGM", words=words))


def test_bands_are_as_broad_as_what_flows() -> None:
    bands = re.findall(r'd-band[^"]*" points="([^"]+)"', drawn())
    broad = []
    for band in bands:
        points = [tuple(map(float, point.split(","))) for point in band.split()]
        broad.append(round(points[-1][1] - points[0][1], 1))
    assert len(broad) == 3
    assert sorted(broad)[0] / sorted(broad)[2] == pytest.approx(40 / 60, rel=0.01)
    assert "UNUSED" not in drawn()


def test_a_drawing_with_links_is_no_image() -> None:
    plain = Drawing("Title", 10, 10, [Label(0, 0, "<b>")], "Summary")
    linked = Drawing("Title", 10, 10, [Link("/lots/1/", "RM/1", [Label(0, 0, "RM/1")])])
    assert 'role="img" aria-label="Title"><desc>Summary</desc>' in to_svg(plain)
    assert "&lt;b&gt;" in to_svg(plain)
    assert 'role="group"' in to_svg(linked)
    assert '<a href="/lots/1/" aria-label="RM/1">' in to_svg(linked)
    assert [shape.text for shape in linked.plain if isinstance(shape, Label)] == ["RM/1"]


def test_columns_of_a_graph_keep_their_distance() -> None:
    columns = [layers.Column([layers.Node(n, "M", str(n))]) for n in range(9)]
    wide = layers.graph("Wide", columns, [layers.Tie(0, 1), layers.Tie(0, "left out")])
    assert wide.width > layers.WIDTH
    assert to_svg(wide).count("<polyline") == 1
