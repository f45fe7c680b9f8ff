"""The side that a benchmark compares with does the same work as the pipeline."""

import pytest

from benchmarks import measure, pipeline


@pytest.mark.slow
def test_the_floor_makes_what_the_pipeline_makes() -> None:
    """One process with every table in memory writes the same model, package, predictions and metrics."""
    with measure.workspace("2013-04") as ours, measure.workspace("2013-04") as floor:
        pipeline.check_equal(ours, floor)
