"""Which requests are answered again: a rule that picks the same ones of the same log, on every machine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mainline.declared.replay import Replay
from mainline.errors import MainlineError
from mainline.monitoring import events
from mainline.monitoring.events import OF_LOG
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Rolled, Store

_ID, _TIME, _ROW = "request_id", "time", "row"
NAMED = [_TIME, _ID, _ROW]
"""What tells a row from all others."""


@dataclass(frozen=True)
class Sample:
    """Requests by the package that answered them, as `monitoring.events` reads them, and how many the log had.

    `reason` says why there is none.
    """

    parts: tuple[tuple[Packaged, pd.DataFrame], ...]
    logged: int
    reason: str = ""

    @property
    def requests(self) -> int:
        """How many there are."""
        return sum(len(rows) for _, rows in self.parts)


def take(store: Store, packages: Mapping[str, Packaged], policy: Replay) -> Sample:
    """Choose requests of the last days of traffic, and read them.

    Args:
        store: what was rolled up.
        packages: those that are here, by digest; rows of others cannot be read.
        policy: how many, and by which rule.
    """
    recent = newest(store, policy.days)
    chosen = choose(store, recent, packages, policy)
    logged = sum(one.sketch.rows for one in recent)
    if not len(chosen):
        return Sample((), logged, _nothing(recent, packages))
    parts = []
    for digest, own in chosen.groupby("digest", sort=True):
        package = packages[str(digest)]
        parts.append((package, _read(store.folder, own, package)))
    return Sample(tuple(parts), logged)


def newest(store: Store, days: int) -> list[Rolled]:
    """Return what was rolled up of the last days of traffic; its rows may be on other machines."""
    rolled = [one for record in store.records().values() for one in record.days]
    last = sorted({one.day for one in rolled})[-days:]
    return [one for one in rolled if one.day in last]


def has_rows(store: Store, days: int) -> bool:
    """Say whether rows of the last days of traffic are here."""
    return any((store.folder / one.columns).is_file() for one in newest(store, days))


def choose(store: Store, recent: Sequence[Rolled], packages: Mapping[str, Packaged], policy: Replay) -> pd.DataFrame:
    """Return time, id, row, digest and file of the chosen requests, in the order of the log; none if no row is here."""
    here = [one for one in recent if one.digest in packages and (store.folder / one.columns).is_file()]
    return _choose(store, here, policy) if here else pd.DataFrame(columns=[*NAMED, "digest", "file"])


def _nothing(recent: list[Rolled], packages: Mapping[str, Packaged]) -> str:
    if not recent:
        return "no request is rolled up here, nor on the branch that servers share: run `./mainline monitor --share`."
    unknown = sorted({one.version for one in recent if one.digest not in packages})
    if unknown:
        return f"the package of {', '.join(unknown)[:200]}, which answered, is not here. Name it (--package)."
    return "the rows of the log are on other machines, and no store that can be read here has them."


def _choose(store: Store, here: list[Rolled], policy: Replay) -> pd.DataFrame:
    tables: list[pd.DataFrame] = []
    kept = 0
    for one in sorted(here, key=lambda one: one.day, reverse=True):
        if policy.choice == "newest" and kept >= policy.requests and one.day < tables[-1]["day"].iloc[0]:
            break
        with whole(store.folder / one.columns):
            table = pq.read_table(store.folder / one.columns, columns=NAMED).to_pandas()
        tables.append(table.assign(digest=one.digest, file=one.columns, day=one.day))
        kept += len(table)
    rows = pd.concat(tables, ignore_index=True).sort_values(NAMED, kind="stable", ignore_index=True)
    if policy.choice == "newest":
        return rows.tail(policy.requests)
    hashes = pd.util.hash_pandas_object(rows[[_ID, _ROW]], index=False).to_numpy()
    return rows.iloc[np.sort(np.argsort(hashes, kind="stable")[: policy.requests])]


def _read(folder: Path, chosen: pd.DataFrame, package: Packaged) -> pd.DataFrame:
    """Return the rows of a package that were chosen; files whose rows were chosen are read from the first one on."""
    files = [folder / name for name in chosen["file"].unique()]
    since = pa.scalar(chosen[_TIME].min().to_pydatetime(), pq.read_schema(files[0]).field(_TIME).type)
    with whole(*files):
        rows = events.predictions(files, package, (), NAMED, [(_TIME, ">=", since)])
    wanted = pd.MultiIndex.from_frame(chosen[NAMED])
    found = pd.MultiIndex.from_arrays([rows[f"{OF_LOG}{name}"] for name in NAMED])
    kept = rows[found.isin(wanted)]
    return kept.sort_values([f"{OF_LOG}{name}" for name in NAMED], kind="stable", ignore_index=True)


@contextmanager
def whole(*files: Path) -> Iterator[None]:
    """Say in a line which file of rows cannot be read, as one that was torn.

    Raises:
        MainlineError: naming it, and what to do.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        torn = next(filter(_is_torn, files), files[0])
        raise MainlineError(f"{torn} cannot be read. Remove it, and its requests are left out.") from error


def _is_torn(file: Path) -> bool:
    try:
        pq.read_table(file)
    except (pa.ArrowException, OSError):
        return True
    return False
