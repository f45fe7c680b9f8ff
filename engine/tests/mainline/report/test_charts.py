"""What a plot shows, in Mermaid and as SVG."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.gate.findings import Plot
from mainline.report import charts, drawing
from tests.mainline.report import examples

_NUMBER = st.floats(allow_nan=False, allow_infinity=False)
_POINTS = st.lists(st.tuples(_NUMBER, _NUMBER) | st.tuples(st.integers(-50, 50), st.integers(-50, 50)), max_size=60)
_NAMES = st.sampled_from(["learning", "residuals", "calibration", "staleness"])


def plot(*lines: list[tuple[float, float]], name: str = "learning", **names: Any) -> Plot:
    """Return a plot of lines."""
    series = [
        {"name": f"line {index}", "points": [{"x": float(x), "y": float(y)} for x, y in line]}
        for index, line in enumerate(lines)
    ]
    return Plot.model_validate({"name": name, "x": "age", "y": "rmse", "series": series, **names})


def lines(drawn: list[str]) -> list[list[float]]:
    """Return the values of each line of a Mermaid chart."""
    return [[float(y) for y in re.findall(r"-?[\d.]+", line)] for line in drawn if line.startswith(("line", "bar"))]


def test_long_lines_are_read_off_at_25_places() -> None:
    """A line of 150 points keeps its ends and is straight where it was straight."""
    (values,) = lines(charts.mermaid(plot([(x, 2 * x) for x in range(1, 151)])))
    assert len(values) == charts.POINTS
    assert (values[0], values[-1]) == (2.0, 300.0)
    assert values[12] == pytest.approx(151, abs=0.1)


def test_uneven_points_are_put_where_they_belong() -> None:
    """Mermaid spaces values evenly, so a point at 1 of 0 to 10 is not drawn in the middle."""
    (values,) = lines(charts.mermaid(plot([(10, 0), (0, 10), (1, 0)])))
    assert values == [10.0, 0.0, 0.0]


def test_lines_share_the_axis_they_have_in_common() -> None:
    """Two lines of other lengths are drawn between the ends that both have, not stretched to one length."""
    drawn = charts.mermaid(plot([(0, 0), (10, 10)], [(5, 0), (20, 15)]))
    assert 'x-axis "age" 5.000 --> 10.000' in drawn
    assert lines(drawn) == [[5.0, 10.0], [0.0, 5.0]]


def test_calibration_has_the_ideal_line_first() -> None:
    """The first line is where prediction equals truth."""
    assert lines(charts.mermaid(plot([(0, 1), (4, 3)], name="calibration")))[0] == [0.0, 4.0]


def test_histogram_starts_at_zero() -> None:
    """Bars of counts are not cut off at the bottom."""
    drawn = charts.mermaid(plot([(0, 50), (1, 60), (2, 55)], name="residuals"))
    assert [line for line in drawn if line.startswith("y-axis")] == ['y-axis "rmse" 0.00 --> 60.60']
    assert drawn[-1].startswith("bar ")


@pytest.mark.parametrize(
    "line", [[], [(1.0, 2.0)], [(1.0, 2.0), (1.0, 3.0)], [(0.0, 0.0), (1.0, 1e300)], [(0.0, 1.0), (1e-30, 2.0)]]
)
def test_what_cannot_be_drawn_is_not(line: list[tuple[float, float]]) -> None:
    """A single point or numbers beyond any axis give no chart rather than a broken one."""
    assert charts.mermaid(plot(line)) == []


@given(st.lists(_POINTS, max_size=6), _NAMES)
def test_any_plot_is_well_formed(points: list[list[tuple[float, float]]], name: str) -> None:
    """Whatever the numbers, lines have equal lengths, ends of axes differ, and SVG has finite numbers only."""
    made = plot(*points, name=name)
    drawn = charts.mermaid(made)
    assert len({len(line) for line in lines(drawn)}) <= 1
    for low, high in re.findall(r"-axis .* (\S+) --> (\S+)$", "\n".join(drawn), flags=re.MULTILINE):
        assert float(low) < float(high)
    assert not re.search("nan|inf", drawing.draw(made))


def test_narrow_axis_is_widened() -> None:
    """Points that are all but at one place are drawn on an axis with readable labels."""
    assert ">0.8</text>" in drawing.draw(plot([(0, 1), (1e-10, 2)]))


def test_every_line_is_named_by_its_colour() -> None:
    """There are as many colours in a chart as lines."""
    drawn = charts.mermaid(examples.passing().plots[0])
    assert drawn[0].count("#") == len(lines(drawn)) == 2


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (14.5, 16, [14.5, 15, 15.5, 16]), (-1, 1, [-1, -0.5, 0, 0.5, 1])],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    """Axes are labelled at steps of 1, 2 or 5."""
    assert drawing.ticks(low, high) == expected


DAYS = [(float(day), 1.0 + day % 3) for day in range(-34, 1)]
_LABELS = st.sampled_from(["v1.0.0", "v1.12.345", "v2.0.0-of-a-very-long-name-that-nobody-reads"])


def labels(svg: str) -> list[tuple[float, float, str]]:
    """Return the labels of marks: x of the end, y, and the text."""
    found = re.findall(r'<text class="label" x="([-\d.]+)" y="([-\d.]+)" text-anchor="end">([^<]*)</text>', svg)
    return [(float(x), float(y), text) for x, y, text in found]


def test_marks_are_lines_with_labels_above_the_plot() -> None:
    """Two days apart from each other have a line and a label each, in one row, for which the picture is taller."""
    svg = drawing.draw(plot(DAYS, name="history"), [(-30, "v1.0.0"), (-3, "v<2>")])
    assert [text for _, _, text in labels(svg)] == ["v1.0.0", "v&lt;2&gt;"]
    assert {y for _, y, _ in labels(svg)} == {0.0}
    assert svg.count('<path class="mark"') == 2
    assert f'viewBox="0 {-drawing.LABEL_HEIGHT} {drawing.WIDTH} {drawing.HEIGHT + drawing.LABEL_HEIGHT}"' in svg
    places = [float(x) for x in re.findall(r'class="mark" d="M([\d.]+)', svg)]
    wide = drawing.WIDTH - drawing.LEFT - drawing.RIGHT
    assert places == pytest.approx([drawing.LEFT + wide * 4 / 34, drawing.LEFT + wide * 31 / 34], abs=0.1)


def test_plot_without_marks_is_as_it_was() -> None:
    """No label, and no room for one."""
    assert 'viewBox="0 0 640 300"' in drawing.draw(plot(DAYS, name="history"))


@given(st.lists(st.tuples(st.integers(-34, 0), _LABELS), max_size=30))
def test_labels_of_marks_never_overlap(marks: list[tuple[int, str]]) -> None:
    """Whatever versions came and went: no two labels of a row touch, none leaves the picture, each day has its line."""
    svg = drawing.draw(plot(DAYS, name="history"), marks)
    rows: dict[float, list[tuple[float, float]]] = {}
    for x, y, text in labels(svg):
        width = len(text) * drawing.LABEL_WIDTH
        rows.setdefault(y, []).append((x - width, x))
    for spans in rows.values():
        spans.sort()
        assert all(left[1] < right[0] for left, right in pairwise(spans))
        assert spans[0][0] >= -0.1
        assert spans[-1][1] <= drawing.WIDTH + 0.1
    assert len(rows) <= drawing.LABEL_ROWS
    assert bool(rows) == bool(marks)
    assert svg.count('<path class="mark"') == len({day for day, _ in marks})
    top = float(re.findall(r'viewBox="0 (-?\d+)', svg)[0])
    assert all(y - drawing.LABEL_HEIGHT >= top - 0.1 for y in rows)
