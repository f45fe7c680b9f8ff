"""Take the declared window from the source into immutable snapshots, one file per table and month."""

from pathlib import Path

from mainline import progress
from mainline.data.storage import fresh_directory, write_frame, write_json
from mainline.errors import SourceError
from mainline.params import Params
from usecase import source

RAW = Path("data/raw")


def ingest(params: Params) -> None:
    """Write `data/raw/<table>/<month>.parquet`, `data/raw/<table>.parquet` and where they came from."""
    fresh_directory(RAW)
    rows: dict[str, int] = {}
    seen: set[tuple[str, str | None]] = set()
    for table, month, frame in source.fetch(params.data.months):
        if (table, month) in seen or (month is not None and month not in params.data.months):
            wrong = "twice" if (table, month) in seen else "which is outside the window"
            raise SourceError(
                f"src/usecase/source.py: fetch delivered {table} {month or ''} {wrong}.".replace("  ", " ")
            )
        seen.add((table, month))
        write_frame(frame, RAW / f"{table}.parquet" if month is None else RAW / table / f"{month}.parquet")
        rows[table] = rows.get(table, 0) + len(frame)
    write_json(source.describe() | {"rows": rows}, RAW / "source.json")
    progress.say(", ".join(f"{count:,} {table}" for table, count in rows.items()))
