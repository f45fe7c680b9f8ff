"""What a search may try: the section `tune` of `params.yaml`."""

from typing import Annotated, Any

from pydantic import Field

from mainline.declared.reading import Section, check_section
from mainline.errors import ParamsError

MOST = 10_000
"""Trials that can be declared. The draw has this length whatever is declared, so more trials only add to it."""

Values = Annotated[tuple[bool | int | float | str | None, ...], Field(strict=False, min_length=1)]


class Search(Section):
    """What to try: so many trials, the declared hyperparameters included, out of all combinations of the values."""

    trials: int = Field(ge=2, le=MOST)
    space: dict[str, Values] = Field(min_length=1)


def load(raw: dict[str, Any]) -> Search:
    """Check the form of the section; what the model knows of its names and values is checked by `experiments.search`.

    Raises:
        ParamsError: on the first thing wrong, naming the nearest known key.
    """
    search = check_section(Search, raw, "tune")
    threads = next((name for name in search.space if name.rpartition("__")[2] == "n_jobs"), "")
    if threads:
        raise ParamsError(
            f"tune.space.{threads}", "does not belong to the model", "leave it out: models run on one thread"
        )
    return search
