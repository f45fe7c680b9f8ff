"""`python -m mainline.experiments.side`: one side of a comparison, in a folder and a process of its own.

The last commit and what is tried have code of the same names, so one process cannot hold both.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mainline import errand, interrupts, parents

if TYPE_CHECKING:
    from mainline.contract import Array
    from mainline.data.dataset import Prepared
    from mainline.declared.params import Params

    Read = Callable[[Iterable[str]], Prepared]

RESULT, MODEL = "validation.npz", Path("models/model")
SLICE, SECONDS = "slice.", "seconds."
_POLL = 0.2  # seconds


def run(first: str, share: float) -> None:
    """Predict the validation rows and write what a comparison needs of them.

    Args:
        first: what has to run again, as `diff.Change` has it; '' to take the exported model as it is.
        share: of the training rows to fit on.
    """
    from mainline.declared import params

    declared = params.load()
    seconds: dict[str, float] = {}
    read = None
    if first in ("validate", "prepare", "features"):
        with _timed(seconds, "features"):
            read = _prepare(first, without_test(declared))
    with _timed(seconds, "model"):
        rows, predicted = _predict(declared, share, read) if first else _by_export(declared)
    _write(rows, predicted, seconds)


def without_test(params: "Params") -> "Params":
    """Return the parameters of a window that ends before the test; of a snapshot, which has one batch, as they are."""
    if params.data.snapshot:
        return params
    return params.model_copy(update={"data": params.data.model_copy(update={"through": params.parts.validation[-1]})})


def sample(rows: "Prepared", share: float) -> "Prepared":
    """Take a share of the rows, evenly over time."""
    import numpy as np

    return rows.take(np.unique(np.linspace(0, len(rows) - 1, max(1, round(share * len(rows)))).astype(int)))


def _prepare(first: str, params: "Params") -> "Read | None":
    """Make the features again; return what reads them, or None if they are in their files."""
    if first == "features":
        from mainline.experiments import recomputation

        return recomputation.reader(params)
    for stage in ("validate", "prepare")[("validate", "prepare").index(first) :]:
        getattr(import_module(f"mainline.stages.{stage}"), stage)(params)
    return None


def _predict(params: "Params", share: float, read: "Read | None") -> "tuple[Prepared, Array]":
    """Fit on a share of the training rows, and predict the validation rows."""
    from mainline.experiments import (
        variant,  # scikit-learn takes more than a second, which an exported model need not have
    )

    read = read or partial(variant.read, params)
    rows, train = read(params.parts.validation), read(params.parts.train)
    return rows, variant.predict(variant.fit(params, train if share == 1 else sample(train, share)), rows, params)


def _by_export(params: "Params") -> "tuple[Prepared, Array]":
    """Predict with the model as the pipeline exported it."""
    from mainline.data import dataset
    from mainline.data.storage import read_json
    from mainline.model import runtime
    from usecase import interface, scoring

    request = [field.name for field in interface.REQUEST]
    rows = dataset.read(dataset.FOLDER, params.parts.validation, request, params.features)
    described = read_json(MODEL / "model.json")
    model = runtime.load((MODEL / f"model.{described['format']}").read_bytes(), described)
    return rows, scoring.respond(model.predict(rows.features), rows.request)


def _write(rows: "Prepared", predicted: "Array", seconds: dict[str, float]) -> None:
    import numpy as np

    from mainline.data import dataset
    from mainline.model import weights
    from usecase import features, scoring

    columns = {"label": rows.label, "predicted": predicted, "cluster": dataset.clusters(features, rows)}
    weight = weights.of(scoring, rows.label, rows.request)
    columns |= {} if weight is None else {"weight": weight}
    columns |= {SLICE + name: np.asarray(values).astype("U") for name, values in scoring.slices(rows.request).items()}
    columns |= {SECONDS + name: np.array(value) for name, value in seconds.items()}
    np.savez(RESULT, allow_pickle=False, **columns)


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started


def _end_with(parent: int, folder: Path) -> None:
    """End, and remove the folder of both sides, when the process that asked is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(parents.STATUS)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    interrupts.catch()
    _end_with(int(sys.argv[3]), Path.cwd().parent)
    errand.do(partial(run, sys.argv[1], float(sys.argv[2])))
