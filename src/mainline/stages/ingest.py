"""Take the declared window from the source into immutable snapshots, one file per table and month."""

from pathlib import Path

from mainline import progress
from mainline.data.storage import fresh_directory, write_frame, write_json
from mainline.params import Params
from mainline.stages.harness import run
from usecase import source

RAW = Path("data/raw")


def ingest(params: Params) -> None:
    """Write `data/raw/<table>/<month>.parquet`, `data/raw/<table>.parquet` and where they came from."""
    fresh_directory(RAW)
    rows: dict[str, int] = {}
    for table, month, frame in source.fetch(params.data.months):
        write_frame(frame, RAW / f"{table}.parquet" if month is None else RAW / table / f"{month}.parquet")
        rows[table] = rows.get(table, 0) + len(frame)
    write_json(source.describe() | {"rows": rows}, RAW / "source.json")
    progress.say(", ".join(f"{count:,} {table}" for table, count in rows.items()))


if __name__ == "__main__":
    run("ingest", ingest)
