"""Predictions sent to where they are declared to go: the whole file is there, or what was there before."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mainline import files, progress
from mainline.declared.destinations import Destination
from mainline.errors import MainlineError
from mainline.scoring.outgoing import Outgoing, SendError
from mainline.text import count

S3 = "s3://"
LIMITS = {"connect_timeout": 10, "read_timeout": 60}
"""Seconds of a request to a bucket."""


def check(declared: Sequence[Destination], file: Path, sources: Sequence[Path]) -> None:
    """Check, before the first row is predicted, whether all destinations can be addressed.

    Args:
        declared: the destinations.
        file: that declares them.
        sources: whose predictions will be sent.

    Raises:
        MainlineError: when none is declared, a variable is not set, a library is not installed, or two sources would
            become one file.
    """
    if not declared:
        raise MainlineError(
            f"{file} declares no destinations, so --send has nowhere to send to; engine/docs/destinations.md shows how."
        )
    named = {source.stem: source for source in reversed(sources)}
    twin = next((source for source in sources if named[source.stem] != source), None)
    if twin is not None and any(destination.folder for destination in declared):
        raise MainlineError(
            f"{named[twin.stem]} and {twin} would be the same file of a destination; rename one of them."
        )
    for destination in declared:
        if destination.url_from and not os.environ.get(destination.url_from):
            raise MainlineError(
                f"{destination.url_from} is not set, and {file} declares that it holds the address of the database for "
                f"table {destination.table}; set it, such as postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE."
            )
        try:
            if destination.table:
                import sqlalchemy  # noqa: F401
            elif str(destination.folder).startswith(S3):
                import s3fs  # noqa: F401
        except ImportError as error:
            raise MainlineError(
                f"{destination.place} needs {error.name}, which is not installed; write `-r extras/sql.in` into "
                "requirements/own.in, then `engine/run main requirements/lock.sh`."
            ) from error


def send(declared: Sequence[Destination], outgoing: Outgoing) -> Iterator[str]:
    """Bring the predictions of a file to each destination, in order; yield a line for each that has them.

    Raises:
        MainlineError: when one does not take them; those before have them, and take them again without a change.
    """
    for destination in declared:
        columns = outgoing.columns(destination.key, destination.keep)
        with progress.clock(f"sending {outgoing.name} to {destination.place}"):
            if destination.table:
                from mainline.scoring import sql_table

                rows, place = sql_table.send(destination, outgoing, columns), destination.place
            else:
                rows, place = _send_file(destination, outgoing, columns)
        yield f"{count(rows, 'prediction')} sent to {place}"


def _send_file(destination: Destination, outgoing: Outgoing, columns: Sequence[str]) -> tuple[int, str]:
    """Write one file, beside its place or on this machine, and put it into its place at once."""
    folder, name = str(destination.folder).rstrip("/"), f"{outgoing.name}.{destination.format}"
    place = f"{folder}/{name}"
    try:
        if folder.startswith(S3):
            with tempfile.TemporaryDirectory(prefix="mainline-send-") as scratch:
                rows = _write(Path(scratch, name), destination.format, outgoing, columns)
                _upload(Path(scratch, name), place)
        else:
            Path(folder).mkdir(parents=True, exist_ok=True)
            with files.replacing(Path(place)) as partial:
                rows = _write(partial, destination.format, outgoing, columns)
    except OSError as error:
        raise SendError(place, error, "Is the disk full, or the folder not yours to write?") from error
    return rows, place


def _write(path: Path, form: str, outgoing: Outgoing, columns: Sequence[str]) -> int:
    schema, rows = pa.schema([outgoing.schema.field(name) for name in columns]), 0
    open_writer = {"parquet": lambda: pq.ParquetWriter(path, schema, compression="zstd"),
                   "csv": lambda: pyarrow.csv.CSVWriter(path, schema)}  # fmt: skip
    with open_writer[form]() as writer:
        for table in outgoing.tables(columns):
            writer.write_table(table)
            rows += len(table)
    return rows


def _upload(file: Path, place: str) -> None:
    """Put a file into a bucket: an object is there whole or not at all, also one that is sent in pieces."""
    import s3fs
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        s3fs.S3FileSystem(config_kwargs=LIMITS, skip_instance_cache=True).put_file(str(file), place)
    except PermissionError as error:
        raise SendError(place, error, "Its keys need the right s3:PutObject there.") from error
    except FileNotFoundError as error:
        raise SendError(place, error, "Is the bucket there?") from error
    except (OSError, BotoCoreError, ClientError) as error:
        raise SendError(place, error, "Does the store answer, and do AWS_ENDPOINT_URL and the keys fit it?") from error
