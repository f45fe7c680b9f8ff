"""The side that a benchmark compares with does the same work as the pipeline."""

import pytest

from benchmarks import fleet, measure, pipeline


@pytest.mark.slow
def test_the_floor_makes_what_the_pipeline_makes() -> None:
    """One process with every table in memory writes the same model, package, predictions and metrics."""
    with measure.workspace("2013-04") as ours, measure.workspace("2013-04") as floor:
        pipeline.check_equal(ours, floor)


@pytest.mark.slow
def test_servers_with_one_rollout_ask_git_less() -> None:
    """Together they take one verdict and ask git less than alone, and each fetches the package once."""
    alone, together = (fleet.measure(4, alone) for alone in (True, False))
    assert together["rest"] < alone["rest"]
    assert (alone["verdicts"], together["verdicts"]) == (4, 1)
    assert (alone["fetches"], together["fetches"]) == (4, 4)
