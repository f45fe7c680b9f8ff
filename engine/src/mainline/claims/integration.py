"""A claim about all of it together: few rows of raw data go through every stage, and a server answers what came out.

Everything runs in processes of its own in a folder of its own, as DVC and a server would start it, so nothing that lies
here changes. The pipeline's own stages, the declared model and the shipped server run; only rows and periods are fewer.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from mainline import children, faults, local_server, processes
from mainline.claims import own_server
from mainline.claims.batches import NoDataError
from mainline.claims.declarations import module
from mainline.data.storage import read_frame, write_frame
from mainline.declared import params
from mainline.declared.params import Params
from mainline.errors import UseCaseError
from mainline.labels import classes
from mainline.package import manifest
from mainline.package.responses import Response
from mainline.stages.deliveries import RAW
from mainline.stages.harness import PINNED

STAGES = ("ingest", "validate", "prepare", "train", "evaluate", "package")
MOST = 5000
"""Events of a period; of each class there are at least `EACH`, if the period has so many."""
EACH = 20
_Table = tuple[str, str | None, pd.DataFrame]
"""Its name, its period (None for a static one) and its rows."""
LIMIT = 600.0
"""Seconds that a stage may take; a few are usual."""
SOURCE = '''"""Deliver what lies in `delivered/`: few rows of each table."""

from pathlib import Path

from mainline.data.storage import read_frame

FOLDER = Path("delivered")


def describe():
    """Name the source."""
    return {"source": "few rows, for a test"}


def fetch(periods):
    """Yield (table, period, rows); static tables have no period."""
    for file in sorted(FOLDER.glob("*.parquet")):
        yield file.stem, None, read_frame(file)
    for file in sorted(FOLDER.glob("*/*.parquet")):
        yield file.parent.name, file.stem, read_frame(file)
'''


def raw_data_become_an_answer_over_http() -> None:
    """Few rows of the newest periods are ingested, validated, prepared, trained on, evaluated, packaged and served.

    The server's answers to the package's golden requests are the predictions that the pipeline wrote down.
    """
    with tempfile.TemporaryDirectory(prefix="mainline-pipeline-") as folder:
        place = Path(folder).resolve()
        _lay_out(place, params.load())
        for stage in STAGES:
            _run(place, stage)
        package = place / "models/package"
        golden = json.loads((package / "golden.json").read_text(encoding="utf-8"))
        with own_server.serve(place) as (address, key):
            answered = local_server.ask(address, key, golden["requests"])["predictions"]
        response = Response(json.loads((package / manifest.NAME).read_bytes()))
        expected = [response.members(prediction) for prediction in golden["predictions"]]
        compare(answered, expected, params.load().limits.parity)


def _lay_out(place: Path, settings: Params) -> None:
    """Write code, parameters and few rows into an empty folder."""
    periods, tables = _newest(settings)
    for name in children.SOURCES:
        shutil.copytree(name, place / name, dirs_exist_ok=True)
    shutil.copy("dvc.lock", place)  # of other data: `package` copies hashes out of it, and nothing compares them here
    declared = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))
    declared["stages"]["ingest"]["deps"].append("delivered")  # or else what it reads there is refused
    (place / "dvc.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    written = settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if not settings.data.snapshot:
        written["data"] = written["data"] | {"from": periods[0], "through": periods[-1]}
    written["data"].pop("version", None)
    written["monitor"] = written.get("monitor", {}) | {"fits": 0}  # more fits would show nothing more
    (place / "params.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    for table, period, rows in tables:
        file = place / "delivered" / (f"{table}.parquet" if period is None else f"{table}/{period}.parquet")
        file.parent.mkdir(parents=True, exist_ok=True)
        write_frame(_cut(table, rows), file)
    (place / "src/usecase/source.py").write_text(SOURCE, encoding="utf-8")


def _newest(settings: Params) -> tuple[Sequence[str], list[_Table]]:
    """Return the newest periods, as many as the declared split and a fit on each class need, with their tables.

    A snapshot is one period of its own. A label that is not in the events themselves is not looked for.
    """
    every = settings.data.periods
    if settings.data.snapshot:
        return every, [*_delivered(every)]
    kept = int(settings.split.validation + settings.split.test)
    fitted = 1
    while True:
        periods = every[-kept - fitted :]
        tables = [*_delivered(periods)]
        if periods == every or not _lacks_class(tables, periods[:-kept]):
            return periods, tables
        fitted *= 2


def _lacks_class(tables: list[_Table], periods: Sequence[str]) -> bool:
    """Tell whether the events of some periods show fewer classes than are declared."""
    interface = module("interface")
    events = [rows for table, period, rows in tables if table == module("schema").EVENTS and period in periods]
    if interface.TASK == "regression" or not all(interface.LABEL in rows for rows in events):
        return False
    found = {label for rows in events for label in rows[interface.LABEL].dropna().unique()}
    return len(found) < len(classes(interface) or (0, 1))


def _delivered(periods: Sequence[str]) -> Iterator[_Table]:
    """Yield every table as the pipeline ingested it here, or else as the source delivers it.

    Raises:
        NoDataError: if neither has it.
    """
    schema = module("schema")
    batched = [name for name in schema.TABLES if name not in schema.STATIC]
    here: list[tuple[str, str | None, Path]] = [(name, None, RAW / f"{name}.parquet") for name in schema.STATIC]
    here += [(name, period, RAW / name / f"{period}.parquet") for name in batched for period in periods]
    if all(file.is_file() for _, _, file in here):
        yield from ((name, period, read_frame(file)) for name, period, file in here)
        return
    try:
        yield from module("source").fetch(periods)
    except Exception as error:  # a source that is away may raise anything
        raise NoDataError(
            f"data/raw lacks {periods[0]} to {periods[-1]}, and src/usecase/source.py has nothing to give here "
            f"({faults.explain(error) or repr(error)}); run `make repro`, then `make test`."
        ) from error


def _cut(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return some events in their order, some of each class among them; of any other table all rows."""
    interface = module("interface")
    if table != module("schema").EVENTS or len(rows) <= MOST:
        return rows
    order = np.random.default_rng(7).permutation(len(rows))
    chosen = [order[:MOST]]
    if interface.TASK != "regression" and interface.LABEL in rows:
        labels = rows[interface.LABEL].to_numpy()[order]
        chosen += [order[np.flatnonzero(labels == name)[:EACH]] for name in pd.unique(labels)]
    return rows.iloc[np.unique(np.concatenate(chosen))].reset_index(drop=True)


def _run(place: Path, stage: str) -> None:
    """Run a stage there.

    Raises:
        UseCaseError: with its own words, if it fails.
    """
    command = children.command("mainline.stages", stage)
    ran = processes.run(command, LIMIT, cwd=place, env=os.environ | PINNED, text=True)
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        first = next((line for line in said if line.startswith(f"{stage} failed: ")), said[-1] if said else stage)
        raise UseCaseError(f"with few rows of the newest periods, {first}")


def compare(answered: list[Any], expected: list[Any], limit: float) -> None:
    """Hold answers to what was written down.

    Raises:
        UseCaseError: naming the first that differs.
    """
    if len(answered) != len(expected):
        raise UseCaseError(
            f"the server gives {len(answered)} answers to {len(expected)} golden requests; respond() in "
            "src/usecase/scoring.py returns one per row."
        )
    for number, (found, wanted) in enumerate(zip(answered, expected, strict=True)):
        if not _is_same(found, wanted, limit):
            raise UseCaseError(
                f"golden request {number} is answered with {found}, and the pipeline wrote {wanted}. Features and "
                "respond() may depend on request and tables alone: not on the clock, a file or the environment."
            )


def _is_same(found: Any, wanted: Any, limit: float) -> bool:
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_is_same(found[name], wanted[name], limit) for name in wanted)
    if isinstance(wanted, float):
        return isinstance(found, float | int) and abs(found - wanted) <= limit
    return bool(found == wanted)


CLAIMS = (raw_data_become_an_answer_over_http,)
