"""A use case from a table: read, inferred, shown, asked about, written."""

import argparse
from dataclasses import replace
from pathlib import Path

from mainline import progress
from mainline.repository import dvc
from mainline.scaffold import (
    backup,
    inference,
    outline,
    own_data,
    own_tests,
    placing,
    questions,
    settings,
    surroundings,
    usecase,
)
from mainline.scaffold import table as tables
from mainline.scaffold.code import slug
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import Wishes, render
from mainline.scaffold.placing import REPLACED, RETRAIN
from mainline.scaffold.plan import Plan
from mainline.scaffold.table import Options

_FEW = 5
"""Data files that are named one by one."""


def new(given: argparse.Namespace, scratch: Path, asks: bool) -> str:
    """Make a use case of a table, and say what to type next.

    Raises:
        TableError: when the table or the place does not allow it, or another run is at work; then nothing was changed.
    """
    if given.plan:
        return _new(given, scratch, asks)
    with placing.alone():
        return _new(given, scratch, asks)


def _new(given: argparse.Namespace, scratch: Path, asks: bool) -> str:
    data = (
        [tables.query(given.sql[0], given.sql[1], scratch / f"{slug(given.label, 'rows')}.csv")]
        if given.sql
        else tables.listed(given.table)
    )
    own_data.check_names(data)
    if not given.plan:
        placing.check_place(given.force)
    replaced = own_data.check_place(data, placing.written())
    options = Options.given(given)
    table = tables.read(data, options)
    wishes = Wishes(
        given.task, given.positive, given.key, given.group, given.time, given.zone, given.period,
        tuple(given.keep), tuple(given.drop), options.missing, given.loss,
    )  # fmt: skip
    plan = inference.infer(table, given.label, wishes)
    print("\n".join(render(plan.findings)), flush=True)
    if given.plan:
        return ""
    if asks:
        wishes = questions.ask(plan, wishes)
        if wishes.missing != options.missing:
            table = tables.read(data, replace(options, missing=wishes.missing))
        plan = inference.infer(table, given.label, wishes)
    kept = backup.keep(REPLACED, replaced)
    with progress.clock("writing it aside, and holding it to the contract"):
        placing.write(files(plan), data)
    large = own_data.of_dvc(outline.own_files(plan))
    back = backup.way_back(kept, REPLACED, replaced) if kept else ""
    for name in large:
        _add(name)
    return _next(plan, large, back)


def files(plan: Plan) -> dict[str, str]:
    """Return the text of every file by its path, but for those that stay as they are."""
    retrain = {name: surroundings.retraining for name in (RETRAIN,) if Path(name).is_file()}
    changed = {"dvc.yaml": surroundings.pipeline, "README.md": surroundings.readme} | retrain
    texts = {name: change(Path(name).read_text(encoding="utf-8"), plan) for name, change in changed.items()}
    return usecase.files(plan) | own_tests.files(plan) | texts | {"params.yaml": settings.params(plan)}


def _add(name: str) -> None:
    """Give a large file to DVC, so that git keeps a line about it."""
    ran = dvc.run("add", name)
    if ran.returncode:
        raise TableError(f"the use case is written, but `dvc add {name}` failed: {dvc.said(ran)}.")


def _inside(command: str) -> str:
    return ", after `source .venv/bin/activate`" if "dvc checkout" in command else ""


def _next(plan: Plan, large: list[str], back: str) -> str:
    schedule = [f"the schedule in {RETRAIN}"] if Path(RETRAIN).is_file() else []
    own = outline.own_files(plan)
    unused = own_data.unused(own)
    data = own if len(own) <= _FEW else (f"{len(own)} files in {outline.OWN}/",)
    written = ["src/usecase/", "tests/", "params.yaml", "dvc.yaml", "README.md", *schedule, *data]
    lines = [
        "", f"Written: {', '.join(written)}.",
        *([f"DVC keeps {', '.join(large)}; git keeps the .dvc file beside it."] if large else []),
        *([f"`{back}` brings back what was here{_inside(back)}."] if back else []),
        *([f"No longer read: {', '.join(unused)}; remove what you do not need."] if unused else []),
        "What next:",
        "  grep -rn inferred src params.yaml    what is worth a look",
        "  make repro                           train, test and package the model",
        "  make test                            your tests, and the contract",
        f"  {surroundings.predict_command(plan)}",
        "  make serve                           then the request in README.md",
    ]  # fmt: skip
    return "\n".join(lines)
