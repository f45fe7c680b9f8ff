"""From declared parameters to a scikit-learn pipeline that can be fitted."""

from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from mainline.contract import Array, Task
from mainline.declared import estimators, own_model
from mainline.declared.estimator_parts import Part, is_named, is_of_part, is_part, no_parameters
from mainline.declared.params import Model, Preprocessing
from mainline.errors import ParamsError
from mainline.model import learners, own_graph
from mainline.model.boosting import ensemble, libraries, trial
from mainline.model.frames import of_task


def build(
    model: Model,
    preprocessing: Preprocessing,
    numeric: Sequence[str],
    categorical: Sequence[str],
    task: Task,
    seed: int,
) -> Pipeline:
    """Put preprocessing and the declared estimator into one pipeline over `table`'s columns, by position.

    Raises:
        ParamsError: when the estimator does not exist, is of another task, or has no such hyperparameter.
    """
    estimator = _estimator(model, task, seed)
    width = len(numeric)
    blocks = [
        ("numeric", _numeric(preprocessing.numeric, estimator), list(range(width))),
        ("categorical", _categorical(preprocessing.categorical), list(range(width, width + len(categorical)))),
    ]
    # A block of nothing would put an input of width 0 into the exported graph.
    used = [block for block in blocks if block[2]]
    return Pipeline([("preprocessing", ColumnTransformer(used, sparse_threshold=0)), ("estimator", estimator)])


def check(model: Model, task: Task, seed: int) -> None:
    """Refuse an estimator, or a hyperparameter's name or value, before there are rows to fit it on.

    Raises:
        ParamsError: as `build`, and for a value that scikit-learn does not take.
    """
    declared = _estimator(model, task, seed)
    if libraries.of(declared):
        return  # it has fitted a few rows
    for place, part in _placed(declared, "model"):
        if own_graph.is_own(part) and not hasattr(part, "_parameter_constraints"):
            continue  # of its hyperparameters' values only its `fit` knows
        try:
            part._validate_params()
        except InvalidParameterError as error:
            reason = " ".join(str(error).split())[:300].rstrip(".")
            name = next((name for name in part.get_params(deep=False) if f"'{name}'" in reason), "")
            raise ParamsError(f"{place}.params{name and f'.{name}'}", reason, "correct params.yaml") from error


def _placed(value: Any, place: str) -> Iterator[tuple[str, BaseEstimator]]:
    """Yield an estimator and those that it is made of, each with its place as `estimator_parts.parts` names it."""
    if isinstance(value, BaseEstimator):
        yield place, value
        for name, inner in value.get_params(deep=False).items():
            yield from _placed(inner, f"{place}.params.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            named = isinstance(item, tuple) and len(item) == 2
            yield from _placed(item[1] if named else item, f"{place}.{item[0]}" if named else f"{place}[{number}]")


def names(estimator: BaseEstimator, task: Task) -> Collection[str]:
    """Return every hyperparameter that an estimator has, also of its library's that its constructor does not list."""
    library = libraries.of(estimator)
    return library.names(trial.fit(library, estimator, task)) if library else estimator.get_params()


def learning_curve(pipeline: Pipeline, rows: pd.DataFrame, task: Task) -> list[Array]:
    """Predict n rows after each boosting iteration; empty for estimators that don't learn in stages."""
    estimator = pipeline[-1]
    library = libraries.of(estimator)
    if library:
        found = ensemble.staged(library.ensemble(estimator), pipeline[:-1].transform(rows))
        return [raw if task == "regression" else of_task(raw, task) for raw in found]
    staged = getattr(estimator, "staged_predict" if task == "regression" else "staged_predict_proba", None)
    if staged is None:
        return []
    found = staged(pipeline[:-1].transform(rows))
    return [raw if task == "regression" else of_task(np.asarray(raw), task) for raw in found]


def made(model: Model, seed: int) -> BaseEstimator:
    """Make the declared estimator alone, whatever task it is for.

    Raises:
        ParamsError: when it does not exist, or has no such hyperparameter.
    """
    return _made(Part("model", model.type, model.params), seed)


def _estimator(model: Model, task: Task, seed: int) -> BaseEstimator:
    estimator = made(model, seed)
    kind = "regression" if task == "regression" else "classification"
    if not (is_regressor(estimator) if task == "regression" else is_classifier(estimator)):
        raise ParamsError("model.type", f"{model.type} is not a {kind} estimator", f"the use case's TASK is {task}")
    if task != "regression" and not hasattr(estimator, "predict_proba"):
        raise ParamsError(
            "model.type",
            f"{model.type} gives no probabilities",
            "declare a classifier with predict_proba, or a hyperparameter that gives it, such as voting: soft",
        )
    learners.check(estimator, model)
    own_graph.check(estimator)
    library = libraries.of(estimator)
    if library:
        trial.check(library, estimator, model, task)
    return estimator


def _made(part: Part, seed: int) -> Any:
    """Make an estimator and those that it is made of; each draws its random numbers from the seed."""
    found = _resolve(part)
    library = libraries.of(found)
    known = libraries.listed(found) if library else _names(found, part)
    refused = library.REFUSED if library else {}
    given: dict[str, Any] = {}
    deep: dict[str, Any] = {}
    foreign = [name for name in part.params if known is not None and name not in known and name not in refused]
    unknown = [name for name in foreign if library or not is_of_part(name, known or (), part.params)]
    if unknown:
        raise no_parameters(part, unknown, {*(known or ())} - {*refused})
    for name, value in part.params.items():
        place = f"{part.place}.params.{name}"
        if name in refused:
            raise ParamsError(place, "may not be declared", refused[name])
        (deep if name in foreign else given)[name] = _with_parts(value, place, seed)
    seeded = {"random_state": seed} if library or "random_state" in (known or ()) else {}
    try:
        made = found(**(seeded | given | dict(library.PINNED if library else {})))
    except TypeError as error:
        remedy = (
            "declare what it lacks in its params, an estimator as {type: ..., params: ...}; engine/docs/estimators.md"
        )
        raise ParamsError(f"{part.place}.type", f"{part.type} cannot be built ({error})", remedy) from error
    try:
        return made.set_params(**deep)
    except (ValueError, AttributeError) as error:
        name, reason = next(iter(deep)), " ".join(str(error).split())[:200]
        raise ParamsError(f"{part.place}.params.{name}", f"is of no part ({reason})", "correct its name") from error


def _names(found: Any, part: Part) -> list[str]:
    try:
        return found._get_param_names()
    except RuntimeError as error:  # an own class, whose constructor takes *arguments
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise ParamsError(f"{part.place}.type", reason, "name each hyperparameter in its __init__") from error


def _with_parts(value: Any, place: str, seed: int) -> Any:
    """Return a hyperparameter's value with the estimators in it made."""
    if is_part(value):
        return _made(Part(place, value["type"], value.get("params") or {}), seed)
    if is_named(value):
        name, part = value
        return name, _with_parts(part, f"{place}.{name}", seed)
    if isinstance(value, list):
        return [
            _with_parts(item, place if is_named(item) else f"{place}[{number}]", seed)
            for number, item in enumerate(value)
        ]
    return value


def _resolve(part: Part) -> Any:
    module_name, _, name = part.type.rpartition(".")
    place = f"{part.place}.type"
    try:
        module = import_module(module_name)
    except ImportError as error:
        if own_model.is_own(part.type):
            raise  # by a line of the user's file, which `faults` names
        raise estimators.no_module(module_name, place) from error
    except OSError as error:  # a library of C that the machine lacks
        raise estimators.no_library(module_name, str(error)) from error
    found = getattr(module, name, None)
    if own_model.is_own(part.type) and isinstance(found, type) and not issubclass(found, BaseEstimator):
        remedy = "derive it from RegressorMixin or ClassifierMixin and, after that, BaseEstimator, of sklearn.base"
        raise ParamsError(place, f"{part.type} is not an estimator of scikit-learn", remedy)
    if not (isinstance(found, type) and (issubclass(found, BaseEstimator) or libraries.of(found))):
        offered = [other for other in getattr(module, "__all__", []) if other[0].isupper()]
        raise estimators.no_estimator(module_name, name, offered, place)
    return found


def _numeric(choice: str, estimator: BaseEstimator) -> Any:
    if choice == "auto":
        choice = "passthrough" if estimator.__sklearn_tags__().input_tags.allow_nan else "impute-scale"
    if choice == "passthrough":
        return "passthrough"
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())


def _categorical(choice: str) -> Any:
    if choice == "one-hot":
        return OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.float32)
