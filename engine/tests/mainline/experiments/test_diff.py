"""What `./mainline try` calls the parameters that differ from the last commit."""

import pytest

from mainline.experiments import diff


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (["a", "b"], ["a", "c"], ["features +c -b"]),
        (["a", "b"], ["b", "a"], ["features"]),
        (["a"], ["a"], []),
        ([[0, 1], [2]], [[0, 1], [3]], ["features +[3] -[2]"]),
        ([{"a": 1}], [{"a": 2}], ["features +{'a': 2} -{'a': 1}"]),
    ],
)
def test_lists_are_told_by_what_they_gained_and_lost(before: object, after: object, told: list[str]) -> None:
    """Items that came and went are named, of whatever kind they are; another order is a difference as well."""
    assert list(diff._apart("features", before, after)) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"params": {"alpha": 1.0}}, {"params": {"alpha": 0.5}}, ["model.params.alpha 1.0 -> 0.5"]),
        ({"params": {}}, {"params": {"alpha": 0.5}}, ["model.params.alpha not set -> 0.5"]),
        (
            {"type": "sklearn.linear_model.Ridge", "params": {"alpha": 1.0}},
            {"type": "sklearn.ensemble.RandomForestRegressor", "params": {"n_estimators": 9, "max_depth": 3}},
            ["model Ridge -> RandomForestRegressor"],
        ),
    ],
)
def test_a_value_is_told_with_what_it_was(before: object, after: object, told: list[str]) -> None:
    """A parameter has both of its values; another estimator is one change, whatever parameters it has."""
    assert list(diff._apart("model", before, after)) == told
