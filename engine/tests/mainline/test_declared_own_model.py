"""A model type of the user's own is known from its file, which is not run."""

from pathlib import Path
from typing import Any

import pytest

from mainline.declared import estimators, own_model
from mainline.errors import ParamsError
from tests import own_models
from tests.own_models import BOUNDED

RIDGE = {"type": "sklearn.linear_model.Ridge"}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A use case with the example of the documentation, whose file fails if it is run."""
    (tmp_path / own_model.FOLDER).mkdir(parents=True)
    text = own_models.documented() + "\n\nclass Plain(Bounded):\n    pass\n\n\nraise SystemExit\n"
    (tmp_path / own_model.FOLDER / "models.py").write_text(text)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("path", "hyperparameters"),
    [(BOUNDED, {}), (BOUNDED, {"alpha": 2.0}), ("usecase.models.Plain", {"anything": 1})],
)
def test_a_class_of_the_use_case_is_taken(path: str, hyperparameters: dict[str, Any]) -> None:
    """Also with a constructor that it inherits, whose parameters only the class itself knows."""
    estimators.check(path, hyperparameters)


@pytest.mark.parametrize(
    ("path", "hyperparameters", "said"),
    [
        ("usecase.model.Bounded", {}, r"model\.type: there is no src/usecase/model\.py; did you mean 'models'\?"),
        ("usecase.models.Bound", {}, r"model\.type: src/usecase/models\.py defines no class Bound; did you mean 'Boun"),
        ("usecase.models.Ridge", {}, r"src/usecase/models\.py defines no class Ridge"),
        ("usecase.Bounded", {}, r"model\.type: is usecase\.Bounded; write usecase\.FILE\.CLASS, of a file in src/use"),
        ("usecase.models.more.Bounded", {}, r"write usecase\.FILE\.CLASS"),
        (BOUNDED, {"alpa": 1}, r"model\.params\.alpa: is not a parameter of usecase\.models\.Bounded; did you mean 'a"),
        (BOUNDED, {"n_jobs": 2}, r"model\.params\.n_jobs: is 2, and threads"),
        ("sklearn.ensemble.BaggingRegressor", {"estimator": {"type": BOUNDED}},
         r"model\.params\.estimator\.type: usecase\.models\.Bounded is a whole model, .*; declare it as model\.type"),
        ("torch.nn.Linear", {}, r"or usecase\.FILE\.CLASS of a file in src/usecase"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_one_line(path: str, hyperparameters: dict[str, Any], said: str) -> None:
    """It names the file, the class or the hyperparameter that was meant."""
    with pytest.raises(ParamsError, match=said):
        estimators.check(path, hyperparameters)


def test_an_image_without_a_use_case_does_not_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only serves has no file to look at."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    estimators.check(BOUNDED, {"anything": 1})


def test_only_a_model_of_the_use_case_has_a_file() -> None:
    """Of a library's nothing is looked for in the use case."""
    assert own_model.file(BOUNDED) == Path("src/usecase/models.py")
    assert own_model.file("sklearn.linear_model.Ridge") is None
