"""Chosen requests without what is hidden, in one file: for a repository that has no store to keep rows in.

The file is a zip of a small store of monitoring: records that count rows and say nothing else, and the rows that
`sample` chooses. A hidden field, and one that repeats it, has no value in it; features, keys of clients, and ids of
requests are left out.
"""

import contextlib
import hashlib
import io
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mainline import files
from mainline.contract import Array
from mainline.declared.replay import Replay
from mainline.errors import MainlineError
from mainline.limits.sketches import PREDICTION, Sketch, Texts
from mainline.monitoring import sharing
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Record, Rolled, Store
from mainline.replay import masking, sample

MAX_BYTES = 20_000_000
"""Of the file; with more, fewer requests are taken."""
_UNPACKED = 400_000_000
_INPUT = "input."
_NUMBER = "number"
_EPOCH = (1980, 1, 1, 0, 0, 0)


class ExcerptError(MainlineError):
    """A file is not an excerpt."""


def pack(
    store: Store, before: bytes | None, packages: Mapping[str, Packaged], policy: Replay, hidden: Collection[str]
) -> bytes | None:
    """Return an excerpt of what is here, and of what other machines put into the one `before`; None without a request.

    The same requests give the same bytes.

    Args:
        store: what was rolled up here.
        before: the excerpt that there is; one that cannot be read is left.
        packages: those that answered, by digest; rows of others are left out, since nobody knows what they hide.
        policy: how many requests are taken, and by which rule.
        hidden: fields of which nothing leaves.
    """
    with tempfile.TemporaryDirectory(prefix="mainline-excerpt-") as scratch:
        joined = Store(Path(scratch))
        _join(store, before, joined)
        for halvings in range(policy.requests.bit_length()):
            fewer = policy.model_copy(update={"requests": policy.requests >> halvings})
            packed = _pack(joined, packages, fewer, hidden)
            if packed is None or len(packed) <= MAX_BYTES:
                return packed
    return None


def unpack(content: bytes, store: Store) -> None:
    """Put an excerpt into an empty store.

    Raises:
        ExcerptError: when it is not one; nothing of it is repeated.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED:
                raise ExcerptError(f"the excerpt of requests unpacks to more than {_UNPACKED:,} bytes.")
            names = archive.namelist()
            records = [sharing.read(name, archive.read(name), store) for name in names if name.startswith("files/")]
            if None in records:
                raise ExcerptError("the excerpt of requests has a record that no roll-up writes.")
            for record in filter(None, records):
                for columns in {rolled.columns for rolled in record.days}.intersection(names):
                    files.replace(store.folder / columns, archive.read(columns))
                store.keep(record)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ExcerptError(f"the excerpt of requests cannot be read ({type(error).__name__}).") from error


def _join(store: Store, before: bytes | None, joined: Store) -> None:
    """Put records and rows of both together; rows that are here are linked, so that no raw value is copied."""
    if before:
        with contextlib.suppress(ExcerptError):
            unpack(before, joined)
    for record in store.records().values():
        here = [rolled for rolled in record.days if (store.folder / rolled.columns).is_file()]
        if not here and (joined.folder / "files" / f"{record.identity}.json").is_file():
            continue
        for rolled in here:
            link = joined.folder / rolled.columns
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to((store.folder / rolled.columns).absolute())
        joined.keep(_counts(record, record.days))


def _pack(store: Store, packages: Mapping[str, Packaged], policy: Replay, hidden: Collection[str]) -> bytes | None:
    recent = sample.newest(store, policy.days)
    chosen = sample.choose(store, recent, packages, policy)
    if not len(chosen):
        return None
    tables: dict[str, pa.Table] = {}
    chosen = chosen.assign(**{_NUMBER: np.arange(len(chosen))})
    for digest, own in chosen.groupby("digest", sort=True):
        tables |= _masked(store.folder, own, packages[str(digest)], hidden)
    kept = {rolled.columns for rolled in recent}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for record in store.records().values():
            days = [rolled for rolled in record.days if rolled.columns in kept]
            if days:
                _add(archive, f"files/{record.identity}.json", _counts(record, days).model_dump_json().encode())
        for columns, table in sorted(tables.items()):
            parquet = io.BytesIO()
            pq.write_table(table, parquet, compression="zstd")
            _add(archive, columns, parquet.getvalue())
    return written.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)


def _counts(record: Record, days: list[Rolled]) -> Record:
    """Return what a record says of some days, without a value of any row."""
    return record.model_copy(update={"days": [_bare(rolled) for rolled in days], "unknown": {}})


def _bare(rolled: Rolled) -> Rolled:
    rows = Sketch(
        digest=rolled.digest, rows=rolled.sketch.rows, requests=rolled.sketch.requests, numbers={}, texts={},
        predicted=Texts(counts={}, others=0, missing=0),
    )  # fmt: skip
    return rolled.model_copy(update={"sketch": rows, "hours": []})


def _masked(folder: Path, chosen: pd.DataFrame, package: Packaged, hidden: Collection[str]) -> dict[str, pa.Table]:
    """Return the chosen rows of a package by file, with no value of a hidden field, and with ids that say nothing."""
    tables = {str(name): _rows(folder / str(name), own, package) for name, own in chosen.groupby("file", sort=True)}
    whole = pa.concat_tables(tables.values(), promote_options="default")
    names = [field.name for field in package.request]
    request = {name: _values(whole[f"{_INPUT}{name}"]) for name in names}
    secret = {f"{_INPUT}{name}" for name in set(names) - set(masking.shown(request, names, hidden))}
    return {name: _without(table, secret) for name, table in tables.items()}


def _rows(file: Path, chosen: pd.DataFrame, package: Packaged) -> pa.Table:
    """Read the chosen rows of a file; the id of each is its number in the order of the log, which names no client."""
    said = [f"probability.{name}" for name in package.classes] or [PREDICTION]
    fields = [f"{_INPUT}{field.name}" for field in package.request]
    with sample.whole(file):
        table = pq.read_table(file, columns=[*sample.NAMED, *fields, *said])
    chosen = chosen.drop_duplicates(sample.NAMED)  # a client may send one id twice
    wanted = pd.MultiIndex.from_frame(chosen[sample.NAMED])
    places = wanted.get_indexer(pd.MultiIndex.from_frame(table.select(sample.NAMED).to_pandas()))
    table = table.filter(pa.array(places >= 0))
    writer = hashlib.sha256(file.name.encode()).hexdigest()[:8]
    ids = [f"{number:08d}-{writer}" for number in chosen[_NUMBER].to_numpy()[places[places >= 0]]]
    place = table.schema.get_field_index("request_id")
    return table.set_column(place, "request_id", pa.array(ids, table.schema.field(place).type))


def _values(column: pa.ChunkedArray) -> Array:
    values: Array = column.to_numpy(zero_copy_only=False)
    return np.where(values == None, "", values) if values.dtype == object else values  # noqa: E711 - each of them


def _without(table: pa.Table, secret: Collection[str]) -> pa.Table:
    for place, field in enumerate(table.schema):
        if field.name in secret:
            table = table.set_column(place, pa.field(field.name, field.type), pa.nulls(len(table), field.type))
    return table
