"""What a search may try: the section `tune` of `params.yaml`."""

from typing import Annotated, Any

from pydantic import Field

from mainline.declared.params import Model, Preprocessing
from mainline.declared.reading import Section, check_section
from mainline.errors import ParamsError

MOST = 10_000
"""Trials that can be declared. The draw has this length whatever is declared, so more trials only add to it."""
DECLARED = "declared"
"""How the model is called that `params.yaml` declares, among the candidates."""

Values = Annotated[tuple[bool | int | float | str | None, ...], Field(strict=False, min_length=1)]


class Candidate(Section):
    """Another family, or other preprocessing: what `model` and `preprocessing` would be, and values to try of it.

    Without preprocessing it is that of `params.yaml`; without a space there is one trial of it.
    """

    model: Model
    preprocessing: Preprocessing | None = None
    space: dict[str, Values] = Field(default_factory=dict)


class EarlyStopping(Section):
    """A trial is fitted on a share of the training rows first, and ends there if it is hopeless.

    It is if it is worse than the declared model, fitted on the same rows, by more than the margin with its whole
    interval.
    """

    share: float = Field(default=0.25, gt=0, lt=1)
    margin: float = Field(default=0.02, ge=0)


class Search(Section):
    """What to try: so many trials, the declared model included, out of all combinations of the values.

    Candidates take turns, the declared model with its space among them. A run of the command ends after `minutes`.
    """

    trials: int = Field(ge=2, le=MOST)
    space: dict[str, Values] = Field(default_factory=dict, min_length=1)
    candidates: dict[str, Candidate] = Field(default_factory=dict)
    minutes: float | None = Field(default=None, gt=0)
    early_stopping: EarlyStopping | None = None


def load(raw: dict[str, Any]) -> Search:
    """Check the form of the section; what the model knows of its names and values is checked by `experiments.search`.

    Raises:
        ParamsError: on the first thing wrong, naming the nearest known key.
    """
    search = check_section(Search, raw, "tune")
    if not search.space and not search.candidates:
        raise ParamsError("tune.space", "is missing", "declare values to try, or candidates")
    _check_threads(search.space, "tune")
    for name, candidate in search.candidates.items():
        if name == DECLARED:
            raise ParamsError(f"tune.candidates.{name}", "is the name of the declared model", "choose another name")
        _check_threads(candidate.space, f"tune.candidates.{name}")
    if search.trials <= len(search.candidates):
        found = f"is {search.trials}, with {len(search.candidates)} candidates beside the declared model"
        raise ParamsError("tune.trials", found, f"declare {len(search.candidates) + 1} or more, one for each")
    return search


def _check_threads(space: dict[str, Any], place: str) -> None:
    threads = next((name for name in space if name.rpartition("__")[2] == "n_jobs"), "")
    if threads:
        remedy = "leave it out: models run on one thread"
        raise ParamsError(f"{place}.space.{threads}", "does not belong to the model", remedy)
