"""What a plot shows, in Mermaid and as SVG."""

import re
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
