"""Each claim about training is kept by every family of models, and broken once."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.claims import batches, catalogue, rows, training
from mainline.claims.batches import NoDataError
from mainline.data.dataset import Prepared
from mainline.declared import params
from mainline.model import frames
from tests import own_models
from tests.own_models import BOUNDED
from tests.project import FLIGHTS
from usecase import source

BOOSTING, FOREST = "sklearn.ensemble.HistGradientBoostingRegressor", "sklearn.ensemble.RandomForestRegressor"
RIDGE, CONSTANT = "sklearn.linear_model.Ridge", "sklearn.dummy.DummyRegressor"
CHANCE = "sklearn.tree.ExtraTreeRegressor"
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "boosting of a quantile": (BOOSTING, {"loss": "quantile", "quantile": 0.9, "max_iter": 20}),
    "boosting that stops early": (BOOSTING, {"max_iter": 50, "early_stopping": True}),
    "linear": (RIDGE, {}),
    "linear, of a quantile": ("sklearn.linear_model.QuantileRegressor", {"alpha": 0.0, "quantile": 0.9}),
    "forest": (FOREST, {"n_estimators": 10}),
    "tree of large leaves": ("sklearn.tree.DecisionTreeRegressor", {"min_samples_leaf": 300}),
    "linear, chosen by its own folds": ("sklearn.linear_model.LassoCV", {"cv": 2}),
    "made of others": (
        "sklearn.ensemble.StackingRegressor",
        {
            "estimators": [["line", {"type": RIDGE}], ["tree", {"type": CHANCE, "params": {"min_samples_leaf": 60}}]],
            "final_estimator": {"type": RIDGE},
            "cv": 2,
            "tree__min_samples_leaf": 150,
        },
    ),
    "neighbours": ("sklearn.neighbors.KNeighborsRegressor", {"n_neighbors": 80}),
}
BROKEN: dict[str, tuple[catalogue.Claim, str, dict[str, Any], str]] = {
    "a model that hardly learns": (
        training.a_tiny_set_is_memorised, BOOSTING, {"max_iter": 1, "learning_rate": 0.01},
        r"params\.yaml: model: HistGradientBoostingRegressor leaves 98% of a constant's squared error on .*; let .*"),
    "iterations that go too far": (
        training.the_loss_falls_in_training, BOOSTING, {"max_iter": 20, "learning_rate": 2.5},
        r"params\.yaml: model: Hist.* ends with a squared error of .* it was .* after its first iteration; let .*"),
    "a model that learns nothing": (
        training.the_loss_falls_in_training, CONSTANT, {"strategy": "constant", "constant": 1e6},
        r"params\.yaml: model: DummyRegressor ends with .* it was .* of a constant; let .*"),
    "a model without numbers": (
        training.a_fit_on_random_data_is_finite, BOOSTING, {"max_iter": 1, "learning_rate": 1e308},
        r"params\.yaml: model: Hist.* gives no finite number for .* of 1,000 rows with shuffled .*"),
    "a model of chance": (
        training.a_fit_that_is_done_again_gives_the_same_bytes, CHANCE, {"max_depth": 3, "random_state": None},
        r"params\.yaml: model\.params: .*TreeRegressor is another model each time it is fitted on 1,000 rows; .*"),
    "a class that changes when it is made": (
        training.an_own_model_keeps_the_interface_of_scikit_learn, BOUNDED, {},
        r"params\.yaml: model\.type: Bounded fails \d+ of \d+ checks .*, first check_.+; correct .*models\.py\."),
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _few() -> Iterator[None]:
    """Take the rows of three days, where nothing was run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(FLIGHTS)
        days = [
            (table, month, found[found["day"] <= 3].reset_index(drop=True) if month else found)
            for table, month, found in source.fetch(("2013-01",))
        ]
        patch.setattr(source, "fetch", lambda _: iter(days))
        forget()
        yield
        forget()


def forget() -> None:
    """Forget the rows that were read."""
    batches.load.cache_clear()
    rows.few.cache_clear()


@pytest.fixture(autouse=True)
def _own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model type of the user's own that is wrong: its constructor changes what it is given."""
    own_models.offer(monkeypatch, tmp_path, own_models.changed("= alpha\n", "= alpha * 2\n"))


def declare(monkeypatch: pytest.MonkeyPatch, type_: str, hyperparameters: Mapping[str, Any]) -> None:
    """Declare another model for the flights."""
    model = params.Model(type=type_, params=dict(hyperparameters))
    declared = params.load().model_copy(update={"model": model})
    monkeypatch.setattr(params, "load", lambda: declared)


@pytest.mark.parametrize("claim", training.CLAIMS, ids=lambda claim: claim.__name__)
def test_the_flights_keep_every_claim(claim: catalogue.Claim) -> None:
    """The model that ships can be trained, so each line below has its reason in what was declared."""
    assert catalogue.problem(claim) == ""


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_keeps_the_claims(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of a model that its family cannot do."""
    declare(monkeypatch, *FAMILIES[family])
    assert [catalogue.problem(claim) for claim in training.CLAIMS[:3]] == ["", "", ""]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_claim_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the model, what it did, and what to do."""
    claim, type_, hyperparameters, said = BROKEN[name]
    declare(monkeypatch, type_, hyperparameters)
    assert re.fullmatch(said, catalogue.problem(claim))


def test_the_example_of_the_documentation_keeps_every_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that follows the interface passes all of scikit-learn's checks, and is fitted as every model is."""
    own_models.offer(monkeypatch, tmp_path / "right", own_models.documented())
    declare(monkeypatch, BOUNDED, {"alpha": 0.1})
    claims = [claim for claim in training.CLAIMS if claim != training.a_fit_that_is_done_again_gives_the_same_bytes]
    assert [catalogue.problem(claim) for claim in claims] == [""] * (len(training.CLAIMS) - 1)


def test_an_own_model_has_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn's checks make one without arguments."""
    own_models.offer(monkeypatch, tmp_path / "bare", own_models.changed("alpha: float = 1.0", "alpha: float"))
    declare(monkeypatch, BOUNDED, {"alpha": 0.1})
    said = catalogue.problem(training.an_own_model_keeps_the_interface_of_scikit_learn)
    assert re.fullmatch(r"params\.yaml: model\.type: Bounded has no defaults \(.*alpha.*\); give each .*", said)


def test_every_claim_is_broken_once() -> None:
    """No claim is held by nothing."""
    assert {claim for claim, *_ in BROKEN.values()} == set(training.CLAIMS)


def test_features_that_do_not_arrive_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is fitted on other rows than it answers memorises nothing."""
    table = frames.table

    def emptied(features: Mapping[str, Any], *names: Any) -> Any:
        return table({name: values[:1].repeat(len(values)) for name, values in features.items()}, *names)

    monkeypatch.setattr(frames, "table", emptied)
    assert "leaves 100% of a constant's squared error" in catalogue.problem(training.a_tiny_set_is_memorised)


def test_rows_that_are_alike_are_not_a_fault_of_the_model() -> None:
    """Where no feature, or no label, tells rows apart, there is nothing to memorise, and the claim is skipped."""
    found = rows.few()
    alike = {name: values[:1].repeat(len(found)) for name, values in found.features.items()}
    with pytest.raises(NoDataError, match=r"No row of 2013-01 differs from those with another label in any feature\."):
        rows.tiny(params.load(), Prepared(found.request, alike, found.label))
    with pytest.raises(NoDataError, match=r"The rows of 2013-01 have one target: nothing in them can be learned\."):
        rows.tiny(params.load(), Prepared(found.request, found.features, np.asarray(found.request["dep_delay"])))


def test_claims_without_data_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was run and the source is away, a test says so and is skipped."""

    def away(_: object) -> None:
        raise OSError("no route to the host")

    monkeypatch.setattr(source, "fetch", away)
    forget()
    with pytest.raises(NoDataError, match="run `make repro`, then `make test`"):
        catalogue.problem(training.a_tiny_set_is_memorised)
