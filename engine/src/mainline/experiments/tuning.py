"""The declared search, as a table that grows, and what to write into `params.yaml`."""

import io
import time
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
from mainline.declared.tune import Search
from mainline.errors import ParamsError
from mainline.experiments import candidates, deadline, edit, search, tournament, variant
from mainline.experiments.candidates import Planned
from mainline.experiments.layout import wrap
from mainline.experiments.trials import TABLE, Trial
from mainline.model.metric import Metric
from mainline.periods import told
from mainline.stages import computing
from mainline.stages.entries import Entry
from mainline.stages.tasks import Inputs, Task

PARAMS = Path("params.yaml")


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
    wanted, confidence = candidates.load(declared), gate.load(declared.gate).confidence
    trials = candidates.plan(declared, wanted)
    where = compute.load()
    if wanted.minutes and where.dask:
        raise ParamsError("tune.minutes", "cannot end a trial on a cluster", "leave it out, or leave dask out")
    until = time.monotonic() + 60 * wanted.minutes if wanted.minutes else None
    rows = variant.read(declared, declared.parts.train), variant.read(declared, declared.parts.validation)
    if _is_several(where):
        rows = _whole(rows[0]), _whole(rows[1])
    _announce(declared, wanted, trials, rows)
    if again:
        TABLE.unlink(missing_ok=True)  # git has it
    metric = variant.primary(declared)
    table = tournament.table(trials, metric)
    print(table.header(), flush=True)
    finished: list[Trial] = []
    several = partial(side_by_side, where, until)
    key = search.key(declared, wanted)
    for trial in search.run(declared, trials, key, rows, confidence, compute=several, early=wanted.early_stopping):
        finished.append(trial)
        best = search.ranked(finished, metric)[0]
        print(table.line(tournament.cells(trial, trials, "best" if best is trial else "")), flush=True)
    days = len(np.unique(variant.clusters(rows[1])))
    return "\n".join(
        [
            "",
            *_over(finished, trials, wanted),
            *tournament.conclusion(metric, finished, trials, days, confidence),
            "",
            *_edit(metric, finished, trials, write),
        ]
    )


def side_by_side(
    where: Compute, until: float | None, attempt: Callable[[int], Trial], numbers: Sequence[int]
) -> Iterator[Trial]:
    """Attempt trials where `compute.yaml` says, and yield them as they are finished, until the time is over."""
    if until is not None:
        yield from deadline.run(partial(_quietly, attempt), numbers, where.processes, until)
        return
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


def _quietly(attempt: Callable[[int], Trial], number: int) -> Trial:
    with redirect_stdout(io.StringIO()):
        return attempt(number)


def _announce(declared: Params, wanted: Search, trials: Sequence[Planned], rows: tuple[Prepared, Prepared]) -> None:
    train, validation = declared.parts.train, declared.parts.validation
    print(
        wrap(
            f"{len(trials)} trials, fitted on {len(rows[0]):,} rows of {told(train)}, judged by "
            f"{variant.primary(declared).compared} on {len(rows[1]):,} rows of {told(validation)}. Trial 0 is what "
            "params.yaml declares; the difference is against it. Ctrl-C stops, the same command goes on."
        ),
        flush=True,
    )
    if early := wanted.early_stopping:
        said = f"A trial that is worse by more than {early.margin:.0%} after a fit on {early.share:.0%} of the rows "
        print(wrap(f"{said}ends there."), flush=True)
    if wanted.minutes:
        print(wrap(f"This run ends after {_time(wanted)}."), flush=True)
    for line in tournament.legend(trials):
        print(wrap(line), flush=True)
    print(flush=True)


def _over(finished: Sequence[Trial], trials: Sequence[Planned], wanted: Search) -> list[str]:
    """Say what the time was too short for."""
    left = len(trials) - len(finished)
    if not left:
        return []
    said = f"{_time(wanted)} did not suffice for {left} of {len(trials)} trials; the same command goes on."
    return [wrap(said), ""]


def _time(wanted: Search) -> str:
    return "1 minute" if wanted.minutes == 1 else f"{wanted.minutes:g} minutes"


def _edit(metric: Metric, finished: Sequence[Trial], trials: Sequence[Planned], write: bool) -> list[str]:
    best = search.ranked(finished, metric)[0]
    if best.number == 0:
        return ["params.yaml stays as it is."]
    own, chosen = trials[0], trials[best.number]
    before = PARAMS.read_text(encoding="utf-8")
    if chosen.candidate == own.candidate:
        new: dict[str, Any] = {name: value for name, value in chosen.tried.items() if value != own.tried[name]}
        after = edit.set_hyperparameters(before, new)
    else:
        sections = {"model": chosen.params.model, "preprocessing": chosen.params.preprocessing}
        after = edit.set_sections(
            before, {name: one.model_dump(mode="json", exclude_unset=True) for name, one in sections.items()}
        )
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
