"""Predictions for a file, part by part: a killed run goes on where it was, and bad rows are kept with their reasons.

Parts wait in `held` until all of them are there and the file is allowed; then the folder becomes `predictions` at once.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from mainline import files, progress
from mainline.contract import Kind
from mainline.errors import MainlineError
from mainline.limits.sketches import Sketch
from mainline.package.responses import Prediction
from mainline.scoring import cells, formats
from mainline.scoring.formats import Rows
from mainline.scoring.tally import Tally
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem
from mainline.serving.watching import signature
from mainline.text import clean, clip

PART_ROWS = 20_000
STATE = "run.json"
HELD, PREDICTIONS, QUARANTINE = "held", "predictions", "quarantine"
UNUSUAL = "unusual"
"""The column that says what is outside of what the model has seen; '' if nothing is."""
Answered = tuple[Prediction, str]


class NoRowError(MainlineError):
    """Not a single row of a file fits the request."""

    def __init__(self, name: str, quarantine: Path, is_raw: bool) -> None:
        with min(quarantine.glob("*.jsonl")).open(encoding="utf-8") as rows:
            reason = clean(json.loads(next(rows))["reason"])
        other = "" if is_raw else ", or say --raw if it is as the source has it"
        super().__init__(
            f"no row of {name} fits the request; the first: {reason}. All of them are in {quarantine} with reasons. "
            f"Mend the file{other}, and name another --output."
        )


@dataclass(frozen=True)
class Scored:
    """The counts of a run."""

    rows: int
    quarantined: int
    parts: int
    skipped: int
    is_held: bool


def score(
    model: Model,
    source: Path,
    output: Path,
    part_rows: int = PART_ROWS,
    made: Tally | None = None,
    allow: Callable[[], bool] = lambda: True,
) -> Scored:
    """Predict every row of a Parquet or CSV file into `output/predictions`, one file per part, once all are there.

    Rows that do not fit the request model, and predictions outside the response model, go to `output/quarantine`. A
    model that marks unusual rows adds a column of these marks. `made` counts the rows that are predicted, those of a
    run before that was killed included. `allow` is asked when all of them are; if it says no, predictions are in
    `output/held`, and the next run that is allowed finds them there.

    Raises:
        MainlineError: when the file cannot be read, lacks a column, or the output is of another run.
    """
    columns, parts, total = formats.read(source, part_rows)
    _check_columns(model, source, columns)
    for said in remarks(model, columns):
        progress.say(said)
    state = _resume(model, source, output, part_rows)
    place = output / (PREDICTIONS if (output / PREDICTIONS).is_dir() else HELD)
    if not place.is_dir():  # a person removed what was done
        state = {"run": state["run"], "done": {}}
    done: dict[str, list[int]] = state["done"]
    if made and state.get("made"):
        made.sketch = Sketch.model_validate_json(state["made"])
    skipped = len(done)
    parts = chain([next(parts, [])], parts)  # a file without rows has one part without rows
    for number, rows in enumerate(parts):
        if str(number) not in done:
            with progress.clock(f"predicting {source.name}: {number * part_rows:,} of {total} rows done"):
                done[str(number)] = _score_part(model, rows, columns, place, f"part-{number:05d}", source, made)
            if made and made.sketch:
                state["made"] = made.sketch.model_dump_json()
            files.replace(output / STATE, json.dumps(state))
    is_held = not allow()
    os.rename(place, output / (HELD if is_held else PREDICTIONS))
    rows_done, bad = (sum(counts[column] for counts in done.values()) for column in (0, 1))
    return Scored(rows_done, bad, len(done), skipped, is_held)


def predict_rows(model: Model, rows: Rows, made: Tally | None = None) -> list[Answered | str]:
    """Return the prediction of each row with its marks, or the reason why it has none; count the rows of the former."""
    try:
        answer = model.answer(model.reader.read(rows))
    except Problem as problem:
        if len(rows) == 1:
            return [problem.detail.removeprefix("row 0: ")]
        half = len(rows) // 2  # finds few bad rows among many good ones quickly
        return predict_rows(model, rows[:half], made) + predict_rows(model, rows[half:], made)
    if made:
        made.add(answer.features)
    fits = answer.fits or [True] * len(rows)
    outside = f"{model.response.name} is outside the response model"
    marks = model.unusual.by_row(answer.unusual, 0, len(rows)) if model.unusual else [[]] * len(rows)
    return [
        (value, "; ".join(found)) if fit else f"{outside}: {value!r}"
        for value, fit, found in zip(answer.predictions, fits, marks, strict=True)
    ]


def _score_part(
    model: Model, rows: Rows, columns: Sequence[str], place: Path, name: str, source: Path, made: Tally | None
) -> list[int]:
    kind = formats.kind_of(source)
    requests = [cells.request(row, model.predictor.request) for row in rows]
    misfits = [cells.misfit(row) if kind == "csv" else "" for row in rows]
    whole = [request for request, misfit in zip(requests, misfits, strict=True) if not misfit]
    predicted = iter(predict_rows(model, whole, made) if whole else [])
    outcomes = [misfit or next(predicted) for misfit in misfits]
    response = model.predictor.response
    added: dict[str, Kind] = {}
    for column, is_a in response.columns.items():
        added[_free(column, [*columns, *added])] = is_a
    if model.unusual:
        added[_free(UNUSUAL, [*columns, *added])] = "string"
    good, bad = [], []
    for number, (row, request, outcome) in enumerate(zip(rows, requests, outcomes, strict=True)):
        if isinstance(outcome, str):
            bad.append({"row": number, "reason": outcome, "inputs": request})
        else:
            value, marks = outcome
            members = [*response.cells(value), *([marks] if model.unusual else [])]
            good.append({**row, **dict(zip(added, members, strict=True))})
    formats.write(place / f"{name}.{kind}", good, source, columns, added)
    if bad:
        lines = "".join(json.dumps(entry, ensure_ascii=False, default=str) + "\n" for entry in bad)
        files.replace(place.with_name(QUARANTINE) / f"{name}.jsonl", lines)
    return [len(rows), len(bad)]


def _resume(model: Model, source: Path, output: Path, part_rows: int) -> dict[str, Any]:
    """Return what is done already of exactly this run.

    Raises:
        MainlineError: when the output folder holds another run.
    """
    run = {"source": str(source), "signature": list(signature(source) or ()), "digest": model.digest, "rows": part_rows}
    run |= {"slack": model.unusual.slack} if model.unusual else {}
    try:
        state = dict(json.loads((output / STATE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        if output.exists() and any(output.iterdir()):
            raise MainlineError(f"{output} is not empty and holds no run; name another folder.") from None
        return {"run": run, "done": {}}
    except NotADirectoryError:
        raise MainlineError(f"{output} is a file; name a folder.") from None
    except ValueError as error:
        raise MainlineError(
            f"{output / STATE} is damaged ({error}). Remove {output}, or name another folder."
        ) from error
    if state.get("run") != run:
        raise MainlineError(
            f"{output} holds predictions of another file, of the file as it was, or of another model. "
            "Name another folder, or remove this one."
        )
    return state


def _check_columns(model: Model, source: Path, columns: Sequence[str]) -> None:
    """Refuse a file whose header does not say where each field of a request is.

    Raises:
        MainlineError: naming the column.
    """
    if not columns:
        raise MainlineError(f"{source} is empty; its first line names the columns.")
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise MainlineError(f"{source} has the column '{twice}' twice; remove or rename one.")
    wanted = [field.name for field in model.predictor.request if not field.optional]
    missing = sorted(set(wanted) - set(columns))
    if missing:
        has = clip(", ".join(columns), 300)
        remedy = "Add it or rename one."
        if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
            remedy = "Write commas between cells, or say --raw if src/usecase/ reads files such as this."
        raise MainlineError(f"{source} has no column '{missing[0]}'; it has {has}. {remedy}")


def remarks(model: Model, columns: Sequence[str]) -> list[str]:
    """Say which columns are not read, and which fields the file has none for: a name may be misspelt."""
    fields = [field.name for field in model.predictor.request]
    found = {
        "kept, but not read, since a request has no such field": [name for name in columns if name not in fields],
        "absent in every row, since the file has no such column": [name for name in fields if name not in columns],
    }
    listed = {said: ", ".join(name or "''" for name in names) for said, names in found.items() if names}
    return [f"{said}: {clip(names, 300)}" for said, names in listed.items()]


def _free(name: str, columns: Sequence[str]) -> str:
    """Name the prediction's column; a file may hold the label under the same name."""
    return name if name not in columns else _free(f"predicted_{name}", columns)
