"""Predictions for many files, on the processes or the cluster that `compute.yaml` declares: a file is a partition.

What is done is known by content: a file whose bytes, package and options are those of its folder of predictions is not
predicted again, whatever its name was or when it was written.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mainline import files as written
from mainline import progress
from mainline.declared.compute import Compute
from mainline.errors import MainlineError
from mainline.limits.sketches import Sketch
from mainline.package import manifest as manifests
from mainline.scoring import files, formats
from mainline.scoring.files import HELD, PREDICTIONS, QUARANTINE, STATE
from mainline.scoring.tally import Tally
from mainline.serving.answering.model import Model
from mainline.stages import computing
from mainline.stages.entries import Entry
from mainline.stages.tasks import Inputs, Task
from mainline.text import count, few


class Predicted(NamedTuple):
    """A file that is predicted.

    Args:
        name: of the file.
        output: its folder.
        rows: that it has.
        bad: rows of these that are in quarantine.
        is_new: whether it was predicted now, and not by an earlier run.
        is_held: whether its predictions wait, since it is not allowed.
    """

    name: str
    output: Path
    rows: int
    bad: int
    is_new: bool
    is_held: bool


def score(
    package: Path,
    sources: Mapping[Path, Path],
    slack: float | None,
    allow: Callable[[str, Sketch | None], bool],
    declared: Compute,
) -> Iterator[Predicted]:
    """Predict every row of each file into its folder, and yield the files as they are done.

    Args:
        package: predicts.
        sources: the files by the folders that their predictions go to.
        slack: see `Model.load`.
        allow: asked with the name and the features of each file; if it says no, its predictions are held.
        declared: where files are predicted.

    Raises:
        MainlineError: when a file cannot be predicted, or a folder holds another run; what was done before is kept.
    """
    manifest, contents = manifests.read(package)
    for source in sources.values():
        formats.kind_of(source)
    runs = {
        output: {"content": _hash(source), "digest": manifest["digest"], "slack": slack}
        for output, source in sources.items()
    }
    done = {output: _read(output, run) for output, run in runs.items()}
    for output, state in done.items():
        if state and state["finished"]:
            yield _settle(sources[output].name, output, state, allow, False)
    waiting = [output for output, state in done.items() if not (state and state["finished"])]
    tasks = [Task(sources[output].name, "", (sources[output],), (sources[output].name,)) for output in waiting]
    packed = {"manifest.json": (package / "manifest.json").read_bytes(), **contents}
    work = partial(_score, packed, slack)
    with progress.counted(len(tasks), "predict") as begun:
        for place, outcome in computing.run(work, enumerate(tasks), None, begun, declared):
            output = waiting[place]
            state = {"run": runs[output], "finished": False, **outcome.entry.report}
            _write(output, outcome.entry.files, state)
            yield _settle(tasks[place].name, output, state, allow, True)


def folders(sources: Sequence[Path], output: Path | None) -> dict[Path, Path]:
    """Name the folder of each file's predictions: beside it, or in one for all.

    Raises:
        MainlineError: when a file is not there, or two would share a folder.
    """
    found: dict[Path, Path] = {}
    for source in sources:
        if not source.is_file():
            raise MainlineError(f"there is no {source}; name .parquet or .csv files.")
        folder = (output or source.parent) / f"{source.stem}.predictions"
        if folder in found:
            raise MainlineError(f"{found[folder]} and {source} would both be predicted into {folder}; rename one.")
        found[folder] = source
    return found


def conclude(found: Sequence[Predicted], output: Path | None, is_raw: bool = False) -> str:
    """Sum up what became of all files.

    Args:
        found: what `score` yielded.
        output: the folder of all; None if each is beside its file.
        is_raw: whether the files are as the source has them.

    Raises:
        MainlineError: when some are held.
        NoRowError: when no row of a file fits the request.
    """
    held = [str(predicted.output / HELD) for predicted in found if predicted.is_held]
    if held:
        raise MainlineError(
            f"{len(held)} of {count(len(found), 'file')} are refused, as monitoring.batch declares: predictions wait "
            f"in {few(held, 3)}. Mend the files; or the same command with `--unlike report` gives them out as they are."
        )
    for predicted in found:
        if 0 < predicted.rows == predicted.bad:
            raise files.NoRowError(predicted.name, predicted.output / QUARANTINE, is_raw)
    rows = count(sum(predicted.rows - predicted.bad for predicted in found), "prediction")
    before = sum(not predicted.is_new for predicted in found)
    resumed = f"; {count(before, 'file')} done before" if before else ""
    return f"{rows} of {count(len(found), 'file')} {f'in {output}' if output else 'beside them'}{resumed}"


def _score(packed: Mapping[str, bytes], slack: float | None, inputs: Inputs, name: str) -> Entry:
    """Predict a file, which is in memory.

    Returns:
        The files of its folder, how many `rows` it has and how many are `bad`, what its rows are `made` of, and what is
        `said` of its columns.
    """
    (content,) = inputs.values()
    with tempfile.TemporaryDirectory(prefix="mainline-predict-") as place:
        source, output = Path(place, "in", name), Path(place, "out")
        source.parent.mkdir()
        source.write_bytes(content)
        model, tally = _loaded(packed, slack)
        with contextlib.redirect_stdout(io.StringIO()):  # several files at a time: the driver says how far it is
            scored = files.score(model, source, output, made=tally)
        paths = [path for path in output.rglob("*") if path.is_file() and path.name != STATE]
        made = {path.relative_to(output).as_posix(): path.read_bytes() for path in paths}
        remarks = files.remarks(model, formats.read(source, 1)[0])
    sketch = tally.sketch.model_dump_json() if tally.sketch else ""
    return Entry(made, {"rows": scored.rows, "bad": scored.quarantined, "made": sketch, "said": remarks})


_models: dict[tuple[str, float | None], tuple[Model, Tally]] = {}
"""The package that this process has loaded last."""


def _loaded(packed: Mapping[str, bytes], slack: float | None) -> tuple[Model, Tally]:
    """Return the model of a package, and what counts the features of one more file."""
    key = (hashlib.sha256(packed["manifest.json"]).hexdigest(), slack)
    if key not in _models:
        _models.clear()
        with tempfile.TemporaryDirectory(prefix="mainline-package-") as place:
            for name, content in packed.items():
                path = Path(place, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            _models[key] = Model.load(Path(place), slack=slack), Tally.load(Path(place))
    model, tally = _models[key]
    return model, tally.another()


def _settle(
    name: str, output: Path, state: dict[str, Any], allow: Callable[[str, Sketch | None], bool], is_new: bool
) -> Predicted:
    """Give out the predictions of a file if it is allowed; this is the last step, and can be done again."""
    sketch = Sketch.model_validate_json(state["made"]) if state["made"] else None
    held, given = output / HELD, output / PREDICTIONS
    is_held = held.is_dir() and not allow(name, sketch)
    if held.is_dir() and not is_held:
        os.rename(held, given)
    if not state["finished"]:
        written.replace(output / STATE, json.dumps(state | {"finished": True}))
    if is_new:
        bad = f", {count(state['bad'], 'bad row')} in {output / 'quarantine'}" if state["bad"] else ""
        for said in (*state["said"], f"{count(state['rows'] - state['bad'], 'prediction')}{bad}"):
            progress.say(f"{name}: {said}")
    return Predicted(name, output, state["rows"], state["bad"], is_new, is_held)


def _write(output: Path, made: Mapping[str, bytes], state: dict[str, Any]) -> None:
    """Write a folder of predictions, held; one that a killed run left is written again."""
    output.mkdir(parents=True, exist_ok=True)
    written.replace(output / STATE, json.dumps(state))
    for name in (HELD, PREDICTIONS, QUARANTINE):
        shutil.rmtree(output / name, ignore_errors=True)
    (output / HELD).mkdir()
    for name, content in made.items():
        head, _, rest = name.partition("/")
        path = output / (HELD if head == PREDICTIONS else head) / rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _read(output: Path, run: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the state of a folder; None if it is not there yet.

    Raises:
        MainlineError: when it holds anything else than this run.
    """
    try:
        state = json.loads((output / STATE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if output.exists() and not (output.is_dir() and not any(output.iterdir())):
            raise MainlineError(f"{output} is not empty and holds no run; name another folder.") from None
        return None
    except ValueError as error:
        raise MainlineError(f"{output / STATE} is damaged ({error}). Remove {output}.") from error
    if not isinstance(state, dict) or state.get("run") != run:
        raise MainlineError(
            f"{output} holds predictions of another file, of the file as it was, or of another model. Name another "
            "folder, or remove this one."
        )
    is_there = (output / PREDICTIONS).is_dir() or (output / HELD).is_dir()
    return state | {"finished": state["finished"] and is_there}


def _hash(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
