"""What a regression is fitted by: what is offered for counts and amounts, and what a person can say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mainline.commands import new
from mainline.scaffold import objectives, settings
from mainline.scaffold.dialect import TableError
from mainline.scaffold.plan import Plan
from tests.mainline.scaffold.samples import flats, found, plan, write

MANY = 1500
"""Rows of which boosting is declared."""


def _random() -> np.random.Generator:
    """Return a generator of the same numbers for each test, alone or beside others."""
    return np.random.default_rng(11)


def _visits(rows: int) -> Any:
    return _random().negative_binomial(1, 0.2, rows)


def _plan(folder: Path, label: Any, **wishes: Any) -> Plan:
    return plan(write(folder, flats(len(label)).assign(label=label)), "label", **wishes)


@pytest.mark.parametrize(
    ("label", "offered"),
    [
        (_visits(400), "poisson"),
        (_random().poisson(200, 400) ** 2 // 500 + np.arange(400) % 2, ""),
        (np.round(_random().lognormal(5, 1.5, 400)) + 3, "poisson"),
        (np.where(_random().random(400) < 0.2, 0, _random().lognormal(5, 1.5, 400)), "poisson"),
        (_random().lognormal(0, 0.3, 400), ""),
        (_random().integers(20_000, 90_000, 400), ""),
        (_random().integers(0, 100, 400), ""),
        (-_random().lognormal(5, 1.5, 400), ""),
        (_random().normal(0, 10, 400).round(), ""),
    ],
    ids=["visits", "far from 0", "skewed", "money with zeros", "ratios", "prices", "scores", "debts", "differences"],
)
def test_poisson_is_offered_for_counts_and_skewed_amounts(tmp_path: Path, label: Any, offered: str) -> None:
    """Squared errors stay declared, and the plan, the model's line and the search name Poisson where it may suit."""
    made = _plan(tmp_path, label)
    assert (made.target.loss, made.target.other_loss) == ("squared_error", offered)
    assert [option.option for option in made.findings if option.about == "loss"] == (
        [f"--loss {offered}"] * bool(offered)
    )
    written = settings.params(made)
    assert ("`--loss poisson` may suit" in written) == bool(offered)
    assert yaml.safe_load(written)["model"]["type"] == "sklearn.linear_model.Ridge"


def test_search_tries_both_losses(tmp_path: Path) -> None:
    """Of enough counts for boosting, `./mainline tune` measures on validation rows which of the two is better."""
    search = yaml.safe_load(settings.params(_plan(tmp_path, _visits(MANY))))["tune"]
    assert search["space"]["loss"] == ["squared_error", "poisson"]
    other = yaml.safe_load(settings.params(_plan(tmp_path, _random().normal(0, 1, MANY))))["tune"]
    assert "loss" not in other["space"]


@pytest.mark.parametrize(
    ("rows", "loss", "model", "metric"),
    [
        (400, "poisson", ("sklearn.linear_model.PoissonRegressor", None), "poisson_deviance"),
        (400, "gamma", ("sklearn.linear_model.GammaRegressor", None), "gamma_deviance"),
        (400, "squared_error", ("sklearn.linear_model.Ridge", None), None),
        (MANY, "poisson", ("sklearn.ensemble.HistGradientBoostingRegressor", "poisson"), "poisson_deviance"),
        (MANY, "gamma", ("sklearn.ensemble.HistGradientBoostingRegressor", "gamma"), "gamma_deviance"),
        (MANY, "squared_error", ("sklearn.ensemble.HistGradientBoostingRegressor", None), None),
    ],
)
def test_named_loss_is_declared_with_its_metric(
    tmp_path: Path, rows: int, loss: str, model: tuple[str, str | None], metric: str | None
) -> None:
    """What a person names is fitted and judged by, and nothing else is offered beside it."""
    made = _plan(tmp_path, _visits(rows) + 1, loss=loss)
    declared = yaml.safe_load(settings.params(made))
    assert (declared["model"]["type"], declared["model"]["params"].get("loss")) == model
    assert declared["evaluation"].get("metric") == metric
    assert "loss" not in declared["tune"]["space"]
    assert [finding.sure for finding in made.findings if finding.about == "loss"] == ["told"]


def test_few_counts_are_classes_until_a_loss_is_named(tmp_path: Path) -> None:
    """A label of a few whole numbers is taken for classes; a loss says that it is counted."""
    few = _random().integers(0, 3, 400)
    assert _plan(tmp_path, few).target.task == "multiclass"
    assert _plan(tmp_path, few, loss="poisson").target.task == "regression"


@pytest.mark.parametrize(
    ("label", "wishes", "said"),
    [
        (
            _visits(400),
            {"loss": "gamma"},
            "--loss gamma is for labels above 0, and the least of 'label' is 0; say --loss",
        ),
        (
            _visits(400) - 5,
            {"loss": "poisson"},
            "for labels of 0 or more, and the least of 'label' is -5; say --loss sq",
        ),
        (
            _visits(400) % 3,
            {"loss": "poisson", "task": "multiclass"},
            "--loss is for a regression; 'label' is taken for",
        ),
        (
            ["a", "b"] * 200,
            {"loss": "poisson"},
            "the label 'label' is text, such as 'a'; it is not a number to regress on",
        ),
    ],
    ids=["gamma of 0", "poisson below 0", "classes", "text"],
)
def test_loss_that_does_not_fit_the_label(tmp_path: Path, label: Any, wishes: dict[str, str], said: str) -> None:
    """A loss that has no value at a label is refused in one line, with those that have."""
    with pytest.raises(TableError, match=said):
        _plan(tmp_path, label, **wishes)


def test_option_names_the_losses() -> None:
    """The command, which loads no pandas for its help, offers what is known."""
    assert new.LOSSES == objectives.LOSSES


def test_plan_says_what_kind_a_label_is(tmp_path: Path) -> None:
    """The line names a count or a skewed amount."""
    assert "of a count, poisson" in found(_plan(tmp_path, _visits(400)), "loss")[0]
    money = np.where(_random().random(400) < 0.2, 0, _random().lognormal(5, 1.5, 400))
    assert "of a skewed amount, poisson" in found(_plan(tmp_path, money), "loss")[0]
