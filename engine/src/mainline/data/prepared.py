"""The prepared months: request columns, features and labels of many rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mainline.contract import Array
from mainline.data.storage import read_columns

FOLDER = Path("data/features")
"""Where the pipeline keeps them, a file for each month."""
LABEL = "label"
_REQUEST, _FEATURE = "request.", "feature."


@dataclass(frozen=True)
class Prepared:
    """n labelled rows: the request's columns, the features and the label, each column of shape (n,)."""

    request: Mapping[str, Array]
    features: Mapping[str, Array]
    label: Array

    def __len__(self) -> int:
        return len(self.label)

    def as_columns(self) -> dict[str, Array]:
        """Name all columns apart, as a month's file holds them; inverse of `read`."""
        return (
            {_REQUEST + name: values for name, values in self.request.items()}
            | {_FEATURE + name: values for name, values in self.features.items()}
            | {LABEL: self.label}
        )


def read(directory: Path, months: Iterable[str], request: Sequence[str], features: Sequence[str]) -> Prepared:
    """Read the named columns of some months, one after another."""
    wanted = [_REQUEST + name for name in request] + [_FEATURE + name for name in features] + [LABEL]
    return join(_apart(read_columns(directory / f"{month}.parquet", wanted)) for month in months)


def join(parts: Iterable[Prepared]) -> Prepared:
    """Put rows of several months below each other."""
    parts = list(parts)
    return Prepared(
        {name: np.concatenate([part.request[name] for part in parts]) for name in parts[0].request},
        {name: np.concatenate([part.features[name] for part in parts]) for name in parts[0].features},
        np.concatenate([part.label for part in parts]),
    )


def _apart(columns: Mapping[str, Array]) -> Prepared:
    def named(prefix: str) -> dict[str, Array]:
        return {name[len(prefix) :]: values for name, values in columns.items() if name.startswith(prefix)}

    return Prepared(named(_REQUEST), named(_FEATURE), columns[LABEL])
