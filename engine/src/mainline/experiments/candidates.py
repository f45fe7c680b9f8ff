"""What a search tries: the declared model, and by turns the combinations of each candidate's values.

Random search (Bergstra and Bengio 2012) without repetition: scikit-learn draws.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from mainline.declared import estimators, fit, tune
from mainline.declared.params import Params
from mainline.declared.tune import DECLARED, MOST, Candidate, Search
from mainline.errors import ParamsError, nearest
from mainline.model import estimator
from usecase import features, interface

Hyperparameters = dict[str, Any]


class Planned(NamedTuple):
    """A trial before it is fitted."""

    candidate: str
    tried: Hyperparameters
    """The values of the candidate's space; of the declared model those that it has."""
    params: Params
    """As `params.yaml` would be."""


def load(params: Params) -> Search:
    """Return the section `tune`, held to the models: every hyperparameter exists and takes every value, by itself.

    Raises:
        ParamsError: naming the place and the nearest known name.
    """
    declared = tune.load(params.tune)
    _check_space(
        params, declared.space, "tune", "declare what `./mainline tune` may try of this model, or leave out `tune`"
    )
    for name, candidate in declared.candidates.items():
        place = f"tune.candidates.{name}"
        try:
            estimators.check(candidate.model.type, candidate.model.params)
            fit.check(candidate.model.fit, candidate.model.params, params.data, params.split)
            estimator.check(candidate.model, interface.TASK, params.seed)
        except ParamsError as error:
            raise _within(place, error) from error
        _check_space(of(params, candidate), candidate.space, place, "correct its name")
    return declared


def of(params: Params, candidate: Candidate) -> Params:
    """Return the parameters with a candidate in the place of the declared model."""
    preprocessing = candidate.preprocessing or params.preprocessing
    return params.model_copy(update={"model": candidate.model, "preprocessing": preprocessing})


def changed(params: Params, hyperparameters: Mapping[str, Any]) -> Params:
    """Return the parameters with some hyperparameters of the model replaced."""
    merged = {**params.model.params, **hyperparameters}
    return params.model_copy(update={"model": params.model.model_copy(update={"params": merged})})


def plan(params: Params, declared: Search) -> list[Planned]:
    """List the trials: what is declared first, then by turns the combinations of each candidate, none of them twice."""
    turns = [
        _planned(DECLARED, params, declared.space),
        *(_planned(name, of(params, one), one.space) for name, one in declared.candidates.items()),
    ]
    first = next(turns[0])
    by_turns = (one for turn in zip_longest(*turns) for one in turn if one is not None)
    return [first, *islice(by_turns, declared.trials - 1)]


def _planned(candidate: str, params: Params, space: Mapping[str, Sequence[Any]]) -> Iterator[Planned]:
    """Yield all combinations of a candidate: what is declared first, then others in seeded order."""
    known = dict(_estimator(params).get_params())
    own = {name: known.get(name) for name in space}
    yield Planned(candidate, own, params)
    for values in _drawn(space, params.seed):
        if values != own:
            yield Planned(candidate, values, changed(params, values))


def _drawn(space: Mapping[str, Sequence[Any]], seed: int) -> Iterator[Hyperparameters]:
    """Yield combinations in seeded order, none twice."""
    distinct = {name: list(dict.fromkeys(values)) for name, values in space.items()}
    if not distinct:
        return
    count = min(len(ParameterGrid(distinct)), MOST)
    drawn = list(ParameterSampler(distinct, n_iter=count, random_state=seed))
    # The sampler draws a set at random; where that is most of the grid, it leaves it in the grid's order.
    for index in np.random.default_rng(seed).permutation(count):
        yield {name: drawn[index][name] for name in distinct}


def _check_space(params: Params, space: Mapping[str, Sequence[Any]], place: str, remedy: str) -> None:
    known = estimator.names(_estimator(params), interface.TASK)
    for name, values in space.items():
        if name not in known:
            found = f"is not a parameter of {params.model.type}"
            raise ParamsError(f"{place}.space.{name}", found, f"{remedy}; {nearest(name, known)}")
        for value in values:
            try:
                estimator.check(changed(params, {name: value}).model, interface.TASK, params.seed)
            except ParamsError as error:
                said = f"its library says: {error.found}"
                raise ParamsError(f"{place}.space.{name}", f"holds {value!r}", said) from error


def _within(place: str, error: ParamsError) -> ParamsError:
    """Return the error with its place inside of a candidate."""
    where, _, said = str(error).removeprefix("params.yaml: ").partition(": ")
    return ParamsError(f"{place}.{where}", error.found, said.removeprefix(f"{' '.join(error.found.split())}; "))


def _estimator(params: Params) -> Any:
    numeric = [name for name in params.features if name in features.NUMERIC]
    categorical = [name for name in params.features if name in features.CATEGORICAL]
    return estimator.build(params.model, params.preprocessing, numeric, categorical, interface.TASK, params.seed)[-1]
