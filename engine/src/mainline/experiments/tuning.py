"""The search of the declared hyperparameters, as a table that grows, and what to write into `params.yaml`."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mainline import files
from mainline.data.dataset import Prepared
from mainline.declared import compute, gate, params
from mainline.declared.compute import Compute
from mainline.declared.params import Params
from mainline.experiments import edit, search, variant
from mainline.experiments.layout import Layout, interval, number, percent, wrap
from mainline.experiments.search import Hyperparameters, Trial
from mainline.model.metric import Metric
from mainline.periods import told
from mainline.stages import computing
from mainline.stages.entries import Entry
from mainline.stages.tasks import Inputs, Task

PARAMS = Path("params.yaml")
BEST = 5


def tune(write: bool = False, again: bool = False) -> str:
    """Run or continue the declared search.

    Args:
        write: put the best into `params.yaml`.
        again: try what is in the table anew; without a declared search there is nothing to do.

    Raises:
        ParamsError: when the search cannot be run as declared.
    """
    declared = params.load(PARAMS)
    if again and not declared.tune:
        return f"{PARAMS} declares no search under `tune`, so there is nothing to try again."
    wanted, confidence = search.load(declared), gate.load(declared.gate).confidence
    trials = search.plan(declared, wanted)
    where = compute.load()
    rows = variant.read(declared, declared.parts.train), variant.read(declared, declared.parts.validation)
    if _is_several(where):
        rows = _whole(rows[0]), _whole(rows[1])
    _announce(declared, trials, rows)
    if again:
        search.TABLE.unlink(missing_ok=True)  # git has it
    metric = variant.primary(declared)
    table = _table(trials, metric)
    print(table.header(), flush=True)
    finished: list[Trial] = []
    several = partial(side_by_side, where)
    for trial in search.run(declared, trials, search.key(declared, wanted), rows, confidence, compute=several):
        finished.append(trial)
        best = search.ranked(finished, metric)[0]
        print(table.line(_cells(trial, trials, "best" if best is trial else "")), flush=True)
    days = len(np.unique(variant.clusters(rows[1])))
    return "\n".join(
        ["", *_conclusion(metric, finished, trials, days, confidence), "", *_edit(metric, finished, trials, write)]
    )


def side_by_side(where: Compute, attempt: Callable[[int], Trial], numbers: Sequence[int]) -> Iterator[Trial]:
    """Attempt trials where `compute.yaml` says, and yield them as they are finished."""
    tasks = [Task(f"trial {number}", "", (), (number,)) for number in numbers]
    work = partial(_attempt, attempt, _is_several(where))
    for _, outcome in computing.run(work, enumerate(tasks), None, lambda _: None, where):
        yield outcome.entry.report


def _is_several(where: Compute) -> bool:
    return bool(where.dask) or where.processes > 1


def _whole(rows: Prepared) -> Prepared:
    """Return rows that travel: with the columns of the request, which are else read when they are asked for."""
    return replace(rows, request=dict(rows.request))


def _attempt(attempt: Callable[[int], Trial], is_quiet: bool, _: Inputs, number: int) -> Entry:
    """Attempt a trial; of several at a time none shows a clock."""
    with redirect_stdout(io.StringIO()) if is_quiet else nullcontext():
        return Entry({}, attempt(number))


def _announce(declared: Params, trials: Sequence[Hyperparameters], rows: tuple[Prepared, Prepared]) -> None:
    train, validation = declared.parts.train, declared.parts.validation
    print(
        wrap(
            f"{len(trials)} trials, fitted on {len(rows[0]):,} rows of {told(train)}, judged by "
            f"{variant.primary(declared).compared} on {len(rows[1]):,} rows of {told(validation)}. Trial 0 is what "
            "params.yaml declares; the difference is against it. Ctrl-C stops, the same command goes on."
        ),
        flush=True,
    )
    print(flush=True)


def _table(trials: Sequence[Hyperparameters], metric: Metric) -> Layout:
    stacked = [name.replace("_", "\n") for name in trials[0]]
    header = ["trial", *stacked, metric.name, "difference", "interval", "seconds", ""]
    widest = ["", "00.0000", "-00.00 %", "-00.00 to +00.00 %", "00.0", "declared"]
    rows = [[widest[0], *map(str, trial.values()), *widest[1:]] for trial in trials]
    return Layout(header, rows, left=(len(header) - 1,), indent="")


def _cells(trial: Trial, trials: Sequence[Hyperparameters], note: str) -> list[str]:
    tried = [str(value) for value in trials[trial.number].values()]
    if trial.refused:
        return [str(trial.number), *tried, "-", "-", "-", number(trial.seconds), "refused"]
    against = ["", ""] if trial.number == 0 else [percent(trial.difference), interval(trial.low, trial.high)]
    return [str(trial.number), *tried, f"{trial.metric:#.6g}", *against, f"{trial.seconds:.1f}", note]


def _conclusion(
    metric: Metric, finished: Sequence[Trial], trials: Sequence[Hyperparameters], days: int, confidence: float
) -> list[str]:
    judged = search.ranked(finished, metric)
    table = _table(trials, metric)
    shown = [table.line(_cells(trial, trials, "declared" if trial.number == 0 else "")) for trial in judged[:BEST]]
    best = judged[0]
    if best.number == 0:
        said = f"Nothing tried is better than what params.yaml declares ({metric.name} {best.metric:.6g})."
    else:
        wide = search.widen(best, len(judged) - 1, days, confidence)
        proven = "significantly better" if wide.high < 0 else "not significantly better"
        bounds = f"the {confidence * 100:g} % interval is {interval(wide.low, wide.high)}"
        said = f"Best is trial {best.number}: {percent(best.difference)} in {metric.compared}, {proven} than declared. "
        said += f"It was picked from {len(judged) - 1}, which flatters it; widened for that, {bounds}."
        if wide.high >= 0:
            said += " Keeping what is declared loses nothing that these rows could show."
    return [
        f"The best {len(shown)} of {len(finished)}, kept in {search.TABLE}:",
        "",
        table.header(),
        *shown,
        "",
        wrap(said),
    ]


def _edit(metric: Metric, finished: Sequence[Trial], trials: Sequence[Hyperparameters], write: bool) -> list[str]:
    best = search.ranked(finished, metric)[0]
    if best.number == 0:
        return ["params.yaml stays as it is."]
    own = trials[0]
    before = PARAMS.read_text(encoding="utf-8")
    new: dict[str, Any] = {name: value for name, value in trials[best.number].items() if value != own[name]}
    after = edit.set_hyperparameters(before, new)
    if write:
        files.replace(PARAMS, after)
        head = "Written to params.yaml:"
    else:
        head = "`./mainline tune --write` would change params.yaml so:"
    return [
        head,
        "",
        edit.diff(before, after),
        "",
        "Then `make repro`; the gate judges it on the test rows, unseen here.",
    ]
