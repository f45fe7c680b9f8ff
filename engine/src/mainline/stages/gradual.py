"""Fit the declared model as `model.fit` says: a period at a time, in rounds that a later process can go on from."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from mainline import progress
from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.data.parts import Parts, Rows
from mainline.declared.fit import Fit
from mainline.declared.params import Params
from mainline.model import frames, learners, rounds, streaming
from mainline.model.rounds import Batch, Batches
from mainline.stages import checkpoints, shares

PAGES = "pages-"
SCRATCH = Path(".dvc/tmp")
Answers = Callable[[Prepared], tuple[Array, Array | None]]
"""Returns target and weight of n rows, shape (n,) each; no weights if rows count the same."""


def fit(
    params: Params, pipeline: Pipeline, rows: Rows, names: tuple[list[str], list[str]], answers: Answers, classes: int
) -> None:
    """Fit a pipeline in place.

    Args:
        params: the declared parameters.
        pipeline: of `estimator.build`, not fitted.
        rows: to fit on; the newest periods of them stop the fit, if that is declared.
        names: of features that are numbers, and of those that are text.
        answers: what is fitted, and how much it counts.
        classes: K, or 0 of a regression.
    """
    plan, memory = params.model.fit, checkpoints.of(params, rows)
    rows, stopping = apart(plan, rows)
    by_period = plan.by == "period"

    def tables(some: Rows) -> Iterable[tuple[Prepared, pd.DataFrame]]:
        parts = some.batches() if by_period or isinstance(some, Parts) else [some]
        return ((part, frames.table(part.features, *names)) for part in parts if len(part))

    streaming.fit(pipeline[:-1], lambda: (table for _, table in tables(rows)), len(names[0]))

    def batches(some: Rows) -> Iterator[Batch]:
        return (Batch(pipeline[:-1].transform(table), *answers(part)) for part, table in tables(some))

    with _pages() if by_period else _nowhere() as pages:
        given: Batches | None = None
        learner: rounds.Learner
        if plan.workers > 1 and pages:
            learner = shares.Learner(pipeline[-1], params.model, classes, _written(pages, batches(rows)))
        else:
            keep = _in_files(pages) if pages else _in_memory
            given = keep(batches(stopping)) if stopping is not None and len(stopping) else None
            learner = learners.of(pipeline[-1], params.model, classes, keep(batches(rows)), given, pages)
        estimator, kept = rounds.learn(learner, plan, params.seed, memory)
    pipeline.steps[-1] = (pipeline.steps[-1][0], estimator)
    if given:
        told = f"the loss on {len(stopping or ()):,} newer rows was least after round {kept} of {learner.rounds}"
        progress.say(told)


def apart(plan: Fit, rows: Rows) -> tuple[Rows, Rows | None]:
    """Part rows to fit on from the newest ones, which stop the fit; None if no rows are declared to stop it."""
    return rows.apart(plan.early_stopping.periods) if plan.early_stopping else (rows, None)


def _in_memory(batches: Iterable[Batch]) -> Batches:
    """Let batches be asked for again and again."""
    held = list(batches)
    return lambda: held


def _in_files(folder: Path) -> Callable[[Iterable[Batch]], Batches]:
    """Return what keeps batches in files of a folder, from which memory takes one at a time."""

    def keep(batches: Iterable[Batch]) -> Batches:
        files = _written(folder, batches)
        return lambda: map(shares.load, files)

    return keep


def _written(folder: Path, batches: Iterable[Batch]) -> list[Path]:
    """Write batches to files of a folder."""
    files = []
    for batch in batches:
        files.append(Path(tempfile.mkdtemp(dir=folder)) / "batch.npz")
        np.savez(files[-1], **{name: values for name, values in batch._asdict().items() if values is not None})
    return files


@contextmanager
def _pages() -> Iterator[Path]:
    """Offer an empty folder, and remove it; those that killed processes left are removed, too."""
    place = SCRATCH if SCRATCH.is_dir() else Path(tempfile.gettempdir())
    for left in place.glob(f"{PAGES}*"):
        owner = left.name.removeprefix(PAGES).partition("-")[0]
        if owner.isdecimal() and not _is_alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{PAGES}{os.getpid()}-", dir=place) as folder:
        yield Path(folder)


@contextmanager
def _nowhere() -> Iterator[None]:
    yield None


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
