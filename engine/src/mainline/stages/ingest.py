"""Take the declared periods, or the snapshot, from the source into files that stay as they are, one for each table."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mainline import progress
from mainline.data import local_files
from mainline.data.storage import fresh_directory, write_frame, write_json
from mainline.declared.params import Params
from mainline.errors import ParamsError, SourceError, UseCaseError
from mainline.periods import told

if TYPE_CHECKING:
    import pandas as pd

RAW = Path("data/raw")
_END = object()

Delivered = tuple[str, str | None, "pd.DataFrame"]
Watch = Callable[[], AbstractContextManager[None]]


def ingest(params: Params) -> None:
    """Write `data/raw/<table>/<period>.parquet`, `data/raw/<table>.parquet` and where they came from."""
    watch = partial(local_files.watch, local_files.dependencies(), Path.cwd(), set())
    with watch():
        from usecase import source  # here, since a module may read files when it is imported

        origin = _origin(source, params)
    fresh_directory(RAW)
    rows: dict[str, int] = {}
    seen: set[tuple[str, str | None]] = set()
    for table, period, frame in _delivered(source, params.data.periods, watch):
        named = table if period is None else f"{table} {period}"
        if (table, period) in seen:
            raise SourceError(f"src/usecase/source.py: fetch delivered {named} twice; yield each table once a period.")
        if period is not None and period not in params.data.periods:
            asked = told(params.data.periods)
            raise SourceError(f"src/usecase/source.py: fetch delivered {named}, and was asked for {asked} alone.")
        seen.add((table, period))
        write_frame(frame, RAW / f"{table}.parquet" if period is None else RAW / table / f"{period}.parquet")
        rows[table] = rows.get(table, 0) + len(frame)
    write_json(origin | {"rows": rows}, RAW / "source.json")
    progress.say(", ".join(f"{count:,} {table}" for table, count in rows.items()))


def check_version(source: ModuleType, params: Params) -> str:
    """Compare the source's version with the declared one; return it, '' if the source offers none.

    Raises:
        ParamsError: naming what to write into `params.yaml`.
        UseCaseError: when the version is not a text.
    """
    if not _offers_version(source):
        if params.data.version:
            raise UseCaseError(
                "params.yaml declares data.version, but src/usecase/source.py offers no version(periods)."
            )
        return ""
    found = source.version(params.data.periods)
    if not isinstance(found, str) or not found:
        raise UseCaseError(
            f"src/usecase/source.py: version returns {found!r}; return a text that changes with the data."
        )
    if found != params.data.version:
        declared = f"is '{params.data.version}'" if params.data.version else "is missing"
        raise ParamsError("data.version", f"{declared} and the source is at '{found}'", f"write version: '{found}'")
    return found


def _offers_version(source: ModuleType) -> bool:
    """Whether a source defines `version`; what it imports under that name, as from `importlib.metadata`, is none."""
    offered = getattr(source, "version", None)
    home = getattr(source, "__name__", None)
    return offered is not None and (home is None or getattr(offered, "__module__", home) == home)


def _origin(source: ModuleType, params: Params) -> dict[str, str]:
    """Say where the data comes from: what the source says of itself, and the version it is at."""
    described = source.describe()
    if not isinstance(described, Mapping) or not all(isinstance(text, str) for text in described.values()):
        raise UseCaseError(f"src/usecase/source.py: describe returns {described!r:.100}; return texts by name.")
    version = check_version(source, params)
    return dict(described) | ({"version": version} if version else {})


def _delivered(source: ModuleType, periods: tuple[str, ...], watch: Watch) -> Iterator[Delivered]:
    """Yield what the source delivers under a watch, each a table's name, a period or None, and rows."""
    import pandas as pd

    delivery = source.fetch(periods)
    if not hasattr(delivery, "__iter__"):
        raise SourceError(f"src/usecase/source.py: fetch returns {delivery!r:.100}; yield (table, period, rows).")
    batches = iter(delivery)
    while True:
        with watch():
            batch: Any = next(batches, _END)
        if batch is _END:
            return
        match batch:
            case (str(table), None | str(), pd.DataFrame()) if table.isidentifier():
                yield batch
            case _:
                shown = " ".join(repr(batch).split())[:100]
                raise SourceError(
                    f"src/usecase/source.py: fetch delivered {shown}; yield (table, period, rows): a name of letters, "
                    f"digits and _, a period such as '{periods[0]}' or None, and a pandas DataFrame."
                )
