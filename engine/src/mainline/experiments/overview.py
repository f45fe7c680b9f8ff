"""`./mainline experiments`: DVC's experiments beside the commit that they began from, on the validation rows.

`dvc exp show` measures no interval, shows metrics of the test rows, and is wider than any screen: it has a column for
each metric, parameter and dependency.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from mainline.data.storage import write_csv
from mainline.declared import gate, params
from mainline.declared.params import Params
from mainline.errors import MainlineError
from mainline.experiments import runner, scratch, side
from mainline.experiments.layout import Layout, interval, number, percent, wrap
from mainline.experiments.runner import Side
from mainline.gate import tables
from mainline.periods import told
from mainline.registry import changes
from mainline.repository import experiments, lock
from mainline.repository.experiments import Experiment
from mainline.repository.git import ask, blob
from mainline.text import count

NONE = (
    "no experiment began from a commit of this branch. `dvc exp run --queue -S model.params.NAME=VALUE` queues one, "
    "`dvc exp run --run-all` runs them; `dvc exp pull origin NAME` brings a colleague's. engine/docs/experiments.md"
)
WIDEST = 26
"""Characters of what changed, and of a note, that a terminal shows: the table fits 120 columns."""
_SPARE = (6, 3, 5)
"""The columns that a narrower terminal does without, one after the other: note, interval, what changed."""
NAN = math.nan


@dataclass(frozen=True)
class Row:
    """An experiment: its primary metric, the relative difference to the base with its interval, and what is other.

    Without its data here, difference, interval and verdict are unknown. `trained` is the hash of its model.
    """

    name: str
    trained: str
    value: float
    difference: float = NAN
    low: float = NAN
    high: float = NAN
    verdict: str = ""
    changed: str = ""
    note: str = ""


def show(write: bool) -> str:
    """Return the table of the experiments that began from this branch; with `write`, keep it for the pull request.

    Raises:
        MainlineError: when there is none, or the data of the commit that they began from is not here.
    """
    base = experiments.base()
    if not base:
        raise MainlineError(NONE)
    start = Experiment(ask("rev-parse", "--short", base), base, "")
    declared, begun = params.load(), experiments.begun_from(base)
    metric, rows = _measure(declared, start, begun)
    if write:
        from usecase import interface

        kept = [{"base": start.name, "primary": metric, **vars(row)} for row in rows]
        write_csv(tables.named(interface.NAME, kept), tables.EXPERIMENTS)
    return "\n".join([describe(declared, metric, rows), *follow(rows, write)])


def _measure(declared: Params, start: Experiment, begun: list[Experiment]) -> tuple[str, list[Row]]:
    """Predict the validation rows with each model; return the metric's name, and the rows, the base first."""
    with scratch.folder() as place:
        folders = {one.commit: folder for one in (start, *begun) if (folder := _lay_out(declared, one, place))}
        if start.commit not in folders:
            raise MainlineError(f"the data of {start.name} is not here: `./mainline pull` in a checkout of it.")
        runner.run([Side(folder, quiet=True, name=folder.name) for folder in folders.values()])
        from mainline.experiments import comparison

        predicted = {commit: comparison.read(folder / side.RESULT) for commit, folder in folders.items()}
    policy, first = gate.load(declared.gate), predicted[start.commit]
    metric = comparison.primaries(declared.evaluation, first, first)[0]
    rows = [Row(start.name, _trained(start), metric.value(first.label, first.predicted, first.weight))]
    for one in begun:
        row = Row(one.name, _trained(one), _recorded(one, metric.name), changed=_changed(start, one), note=one.note)
        own = predicted.get(one.commit)
        if own is not None and comparison.are_paired(first, own):
            found, verdict = comparison.whole(declared, policy, first, own)
            value = comparison.primaries(declared.evaluation, first, own)[0].value(own.label, own.predicted, own.weight)
            row = replace(row, value=value, difference=found.estimate, low=found.low, high=found.high, verdict=verdict)
        rows.append(row)
    return metric.name, rows


def _lay_out(declared: Params, one: Experiment, place: Path) -> Path | None:
    """Make the folder of one model; None where DVC's cache lacks its data, as before `dvc exp pull`."""
    folder = place / one.name.replace("/", "-")
    try:
        link = scratch.check_out(one.commit, _locked(one), one.name, folder, declared.parts.test)
        link(scratch.ROWS, folder)
        link(scratch.MODEL, folder)
    except scratch.MissingError:
        return None
    return folder


def _locked(one: Experiment) -> lock.Entries:
    return lock.entries(_text(one, lock.LOCK))


def _trained(one: Experiment) -> str:
    outs = _locked(one).get(tables.TRAIN, {}).get("outs") or ()
    return next((str(out["md5"])[:12] for out in outs if out["path"] == tables.TRAINED_MODEL), "")


def _recorded(one: Experiment, metric: str) -> float:
    """Return what the experiment's own pipeline measured."""
    measured = json.loads(_text(one, "metrics/validation.json") or "{}")
    return float(measured.get(metric, NAN))


def _changed(start: Experiment, one: Experiment) -> str:
    """Say which parameters, features and code are other than at the base."""
    before, after = (yaml.safe_load(_text(each, "params.yaml")) or {} for each in (start, one))
    added, removed = changes.features(before, after)
    return ", ".join(
        [
            *(
                f"{key.removeprefix('model.params.')} {old} -> {new}"
                for key, old, new in changes.parameters(before, after)
            ),
            *(f"+{name}" for name in added),
            *(f"-{name}" for name in removed),
            *changes.code(_text(start, lock.LOCK), _text(one, lock.LOCK)),
        ]
    )


def _text(one: Experiment, path: Path | str) -> str:
    return (blob(f"{one.commit}:{path}") or b"").decode()


def describe(declared: Params, metric: str, rows: list[Row]) -> str:
    """Return the table, and in a sentence what it is of."""
    here = tables.trained_hash()
    titles = ("experiment", metric, "difference", "interval", "verdict", "what changed", "note")
    cells = [
        (
            row.name + (" (here)" if row.trained == here and row is not rows[0] else ""),
            number(row.value), percent(row.difference), interval(row.low, row.high), row.verdict,
            _short(row.changed), _short(row.note),
        )
        for row in rows
    ]  # fmt: skip
    begun = f"{count(len(rows) - 1, 'experiment')} from {rows[0].name}, on the validation rows of"
    table = Layout(titles, cells, left=(0, 4, 5, 6), spare=_SPARE).render()
    return f"{wrap(f'{begun} {told(declared.parts.validation)}; the test rows were not looked at.')}\n\n{table}"


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1].rstrip()}…"


def follow(rows: list[Row], written: bool) -> list[str]:
    """Say what to do next, and for which the data is not here."""
    lacking = [row.name for row in rows[1:] if math.isnan(row.difference)]
    absent = f"Of {', '.join(lacking)} the data is not here, or of other rows: `dvc exp pull origin NAME`."
    kept = f"{tables.EXPERIMENTS} is written. Commit it, and the pull request's report shows this table."
    take = "Next: `dvc exp apply NAME`, `./mainline experiments --write`, and commit both."
    return ["", *([wrap(absent)] if lacking else []), wrap(kept if written else take)]
