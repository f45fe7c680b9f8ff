"""Estimators and hyperparameters are known from scikit-learn's files, without loading it."""

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from sklearn.utils import all_estimators

from mainline.declared import estimators
from mainline.errors import ParamsError
from tests.project import FLIGHTS, LIMIT, Project

FOREST = "sklearn.ensemble.RandomForestRegressor"
PUBLIC = [
    (f"{'.'.join(found.__module__.split('.')[:2])}.{name}", found)
    for name, found in all_estimators(type_filter=["regressor", "classifier"])
    if hasattr(import_module(".".join(found.__module__.split(".")[:2])), name)
]


@pytest.mark.parametrize(("path", "found"), PUBLIC, ids=[path for path, _ in PUBLIC])
def test_every_estimator_is_taken_with_what_it_takes(path: str, found: type) -> None:
    """Each regressor and classifier of scikit-learn passes, with every parameter of its constructor."""
    known = [name for name in inspect.signature(found).parameters if name not in ("args", "kwargs")]
    estimators.check(path, dict.fromkeys(known))


def test_most_constructors_are_read() -> None:
    """A hyperparameter that does not exist is found in all but a few estimators, whose constructor is inherited."""
    open_ = 0
    for path, _ in PUBLIC:
        try:
            estimators.check(path, {"no_such_parameter": 1})
            open_ += 1
        except ParamsError:
            pass
    assert len(PUBLIC) > 70
    assert open_ < 5


@pytest.mark.parametrize(
    ("path", "hyperparameters", "said"),
    [
        ("sklearn.ensemble.RandomForestRegresor", {}, r"no estimator 'RandomForestRegresor'; did you mean 'RandomFor"),
        (
            "sklearn.ensembel.RandomForestRegressor",
            {},
            r"no module sklearn\.ensembel; did you mean 'sklearn\.ensemble'",
        ),
        (FOREST, {"n_estimator": 3}, r"n_estimator: is not a parameter of .*; did you mean 'n_estimators'\?"),
        (FOREST, {"trees": 3}, r"trees: is not a parameter of .*; known: bootstrap, ccp_alpha"),
    ],
)
def test_typo_names_what_was_meant(path: str, hyperparameters: dict[str, int], said: str) -> None:
    """A module, an estimator or a hyperparameter that is not there names the nearest."""
    with pytest.raises(ParamsError, match=said):
        estimators.check(path, hyperparameters)


def test_parameters_of_another_estimator_are_named_together() -> None:
    """A new type beside old parameters says in one line which of them go, and what to write instead."""
    boosting = {"max_iter": 150, "learning_rate": 0.1, "max_leaf_nodes": 31}
    said = (
        r"^params\.yaml: model\.params: learning_rate and max_leaf_nodes are not parameters of "
        r"sklearn\.linear_model\.Ridge; write model\.params: \{\} for its defaults, or name its own: alpha, .*tol\.$"
    )
    with pytest.raises(ParamsError, match=said):
        estimators.check("sklearn.linear_model.Ridge", boosting)


def test_two_typos_name_the_first() -> None:
    """Names that are all near to those of the estimator are its own, written wrongly."""
    with pytest.raises(ParamsError, match=r"max_dept: is not a parameter of .*; did you mean 'max_depth'\?"):
        estimators.check(FOREST, {"max_dept": 3, "n_estimator": 3})


def _lock(folder: Path, *pins: str) -> None:
    (folder / "requirements").mkdir()
    (folder / estimators.LOCK).write_text("".join(f"{pin} \\\n    --hash=sha256:0\n" for pin in ("numpy==1", *pins)))


@pytest.mark.parametrize("library", ["catboost", "lightgbm", "xgboost"])
def test_an_extra_that_is_not_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """Although the tests' libraries have it, what the pipeline locks decides; the line says what to write and run."""
    _lock(tmp_path)
    monkeypatch.chdir(tmp_path)
    said = (
        f"model.type: {library} is an extra, which requirements/pipeline.txt does not lock; write "
        f"`-r extras/{library}.in` into requirements/own.in, then `engine/run main requirements/lock.sh`."
    )
    with pytest.raises(ParamsError, match=re.escape(said)):
        estimators.check(f"{library}.{estimators.EXTRAS[library][0]}", {})


@pytest.mark.parametrize(
    ("pin", "path"),
    [
        ("catboost==1.2.10", "catboost.CatBoostRegressor"),
        ("lightgbm==4.7.0", "lightgbm.LGBMClassifier"),
        ("xgboost-cpu==3.2.0 ; sys_platform != 'darwin'", "xgboost.XGBRegressor"),
        ("xgboost==3.2.0", "xgboost.XGBRegressor"),
    ],
)
def test_an_extra_that_is_locked_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pin: str, path: str) -> None:
    """Also where its package has another name than its module."""
    _lock(tmp_path, pin)
    monkeypatch.chdir(tmp_path)
    estimators.check(path, {"max_depth": 3})


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("xgboost.XGBRanker", r"xgboost has no estimator 'XGBRanker'; known: XGBClassifier, XGBRegressor"),
        ("xgboost.sklearn.XGBRegressor", r"xgboost has no estimator 'sklearn\.XGBRegressor'; did you mean 'XGBRegress"),
        ("catboost.CatBoost", r"catboost has no estimator 'CatBoost'; did you mean 'CatBoost"),
        ("lightgbm.Booster", r"lightgbm has no estimator 'Booster'; known: LGBMClassifier, LGBMRegressor"),
    ],
)
def test_what_cannot_be_declared_of_an_extra_is_refused(path: str, said: str) -> None:
    """Of an extra, the estimators that can be exported are known by name."""
    with pytest.raises(ParamsError, match=said):
        estimators.check(path, {})


def test_a_library_that_lacks_another_is_named() -> None:
    """LightGBM without OpenMP's library is one line with its remedy."""
    said = str(estimators.no_library("lightgbm", "libgomp.so.1: cannot open shared object file: No such file"))
    assert "model.type: lightgbm cannot be loaded (libgomp.so.1: cannot open shared object file" in said
    assert said.endswith("install what it names, such as libgomp1 on Debian, or libomp on macOS.")


def test_typo_is_said_before_scikit_learn_loads(tmp_path: Path) -> None:
    """Reading params.yaml is enough to know an estimator that does not exist."""
    text = (FLIGHTS / "params.yaml").read_text()
    assert "BoostingRegressor" in text
    (tmp_path / "params.yaml").write_text(text.replace("BoostingRegressor", "BoostingRegresor"))
    code = (
        "import sys\nfrom mainline.declared import params\n"
        "try: params.load()\nexcept Exception as error: print(error)\n"
        "print(sorted({'sklearn', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=True
    )
    said, loaded = ran.stdout.splitlines()
    assert "did you mean 'HistGradientBoostingRegressor'?" in said
    assert loaded == "[]"


def test_without_the_extra_nothing_runs(fresh_project: Project) -> None:
    """`make repro` ends at once, in one line with what to write and what to run."""
    fresh_project.declare(model={"type": "xgboost.XGBRegressor", "params": {"n_estimators": 5}})
    done = fresh_project.run("python", "-m", "mainline", "repro", succeed=False)
    assert "params.yaml: model.type: xgboost is an extra, which requirements/pipeline.txt does not lock" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_stage_alone_says_it_before_scikit_learn_loads(fresh_project: Project) -> None:
    """Also `dvc repro`, which asks nobody before, waits for no library to say it."""
    fresh_project.declare(model={"type": "sklearn.linear_model.Rigde", "params": {}})
    done = fresh_project.run("engine/stage", "train", succeed=False, PYTHONPROFILEIMPORTTIME="1")
    assert "train failed: params.yaml: model.type: sklearn.linear_model has no estimator 'Rigde'" in done.stderr
    assert not re.search(r"\|\s+sklearn", done.stderr)
    assert "mainline.declared.params" in done.stderr
