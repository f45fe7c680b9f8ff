"""Take the declared periods, or the snapshot, from the source into files that stay as they are, one for each table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mainline import credentials, progress
from mainline.data import local_files, suppressions
from mainline.data.storage import fresh_directory, write_frame, write_json
from mainline.declared.params import Params
from mainline.errors import ParamsError, SourceError, UseCaseError
from mainline.periods import told
from mainline.stages.deliveries import RAW, Deliveries, Fetched, Period, file_of

if TYPE_CHECKING:
    import pandas as pd

_END = object()

Delivered = tuple[str, str | None, "pd.DataFrame"]
Watch = Callable[[], AbstractContextManager[None]]


def ingest(params: Params) -> None:
    """Write `data/raw/<table>/<period>.parquet`, `data/raw/<table>.parquet` and where they came from."""
    watch = partial(local_files.watch, local_files.dependencies(), Path.cwd(), set())
    with watch():
        from usecase import source  # here, since a module may read files when it is imported

        origin = _origin(source, params)
    suppressions.check()
    fresh_directory(RAW)
    kept = Deliveries(_version_of(source, watch))
    missing = kept.take(params.data.periods)
    fetched = _fetch(source, missing, params.data.periods, watch) if missing else {}
    kept.keep(fetched)
    rows = kept.rows(fetched)
    write_json(origin | {"rows": rows}, RAW / "source.json")
    progress.say(", ".join(f"{count:,} {table}" for table, count in rows.items()))


def _fetch(source: ModuleType, missing: Sequence[Period], window: tuple[str, ...], watch: Watch) -> Fetched:
    """Write what the source delivers for the periods that are missing, and return the rows of each batch."""
    fetched: Fetched = {}
    left_out = suppressions.read()
    for table, period, frame in _delivered(source, tuple(period for period in missing if period), window, watch):
        named = table if period is None else f"{table} {period}"
        if (table, period) in fetched:
            raise SourceError(f"src/usecase/source.py: fetch delivered {named} twice; yield each table once a period.")
        if period is not None and period not in missing:
            periods = [period for period in missing if period]
            asked = told(periods) if periods else "static tables"
            raise SourceError(f"src/usecase/source.py: fetch delivered {named}, and was asked for {asked} alone.")
        frame = left_out.without(frame)
        fetched[table, period] = len(frame)
        if period in missing:
            write_frame(frame, file_of(table, period))
    return fetched


def _version_of(source: ModuleType, watch: Watch) -> Callable[[Period], Any] | None:
    """Return what tells the version of a period, under a watch; None if the source offers nothing."""
    if not hasattr(source, "version_of"):
        return None

    def version_of(period: Period) -> Any:
        with watch():
            return source.version_of(period)

    return version_of


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
    texts = [*((f"describe's '{name}'", text) for name, text in described.items()), ("version", version)]
    telling = [name for name, text in texts if credentials.hide(text) != text]
    if telling:
        raise UseCaseError(
            f"src/usecase/source.py: {telling[0]} holds a credential of the environment, and git would keep it; leave "
            "it out."
        )
    return dict(described) | ({"version": version} if version else {})


def _delivered(
    source: ModuleType, periods: tuple[str, ...], window: tuple[str, ...], watch: Watch
) -> Iterator[Delivered]:
    """Yield what the source delivers under a watch, each a table's name, a period or None, and rows.

    Args:
        source: the use case's module.
        periods: what it is asked for.
        window: all periods; the first is the example in an error.
        watch: over what the source reads.
    """
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
                    f"digits and _, a period such as '{window[0]}' or None, and a pandas DataFrame."
                )
