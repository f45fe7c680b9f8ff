"""The raw data that a version was made of: its files with their hashes, where they came from, and their columns.

Everything is read out of the cache or the store by the hashes of the version's `dvc.lock`; no code of the version runs.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mainline.registry.tags import Version
from mainline.remote import objects, packages
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_cache
from mainline.repository import lock

STAGE = "ingest"
"""The stage whose output is the raw data."""
_SOURCE = "source.json"
_PARQUET = ".parquet"


@dataclass(frozen=True)
class Table:
    """One table of the raw data: its files by path with their MD5, and the type of each column of its first file."""

    name: str
    files: Mapping[str, str]
    columns: Mapping[str, str]
    rows: int | None = None


@dataclass(frozen=True)
class Data:
    """The raw data of a version.

    `path` is the folder and `oid` DVC's name of its content; `origin` is what the source said of itself, and `others`
    are the files besides those of tables, by path with their MD5.
    """

    path: str
    oid: str
    tables: tuple[Table, ...]
    origin: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """The MD5 of every file by path."""
        return dict(sorted([*self.others.items(), *(item for table in self.tables for item in table.files.items())]))


def read(version: Version, locked: lock.Entries) -> Data:
    """Read what is known of the raw data of a version.

    Raises:
        StorageError: when the listing of its files, or one that says its columns, is neither here nor in the store.
    """
    made = next((out for out in locked.get(STAGE, {}).get("outs") or []), None)
    if made is None:
        raise StorageError(f"dvc.lock of {version.name} names no output of {STAGE}, so its data is not known.")
    stores = [open_cache()]
    try:
        oid, path = str(made["md5"]), str(made["path"])
        listed = objects.listed(packages.read(oid, stores)) if objects.is_listing(oid) else {"": oid}
        said = _said(listed, stores)
        rows = said.get("rows") if isinstance(said.get("rows"), Mapping) else {}
        tables = tuple(_tables(path, listed, rows or {}, stores))
    except (StorageError, objects.ListingError) as error:
        remedy = packages.REMEDY.format(version.name)
        raise StorageError(f"the data of {version.name} cannot be listed: {str(error)[:300]} {remedy}.") from error
    known = {file for table in tables for file in table.files}
    others = {f"{path}/{name}".rstrip("/"): md5 for name, md5 in listed.items()}
    origin = {key: value for key, value in said.items() if isinstance(value, str)}
    return Data(path, oid, tables, origin, {name: md5 for name, md5 in others.items() if name not in known})


def _said(listed: Mapping[str, str], stores: list[Store]) -> Mapping[str, Any]:
    """Return what the source said of itself when it was asked."""
    try:
        said = json.loads(packages.read(listed[_SOURCE], stores)) if _SOURCE in listed else {}
    except ValueError:
        return {}
    return said if isinstance(said, Mapping) else {}


def _tables(path: str, listed: Mapping[str, str], rows: Mapping[str, Any], stores: list[Store]) -> Iterator[Table]:
    """Gather files by table, as `ingest` writes them: a file for each period in a folder, or a single file."""
    names = sorted({name.partition("/")[0].removesuffix(_PARQUET) for name in listed if name.endswith(_PARQUET)})
    for table in names:
        files = {
            f"{path}/{name}": md5 for name, md5 in sorted(listed.items())
            if name == f"{table}{_PARQUET}" or (name.startswith(f"{table}/") and name.endswith(_PARQUET))
        }  # fmt: skip
        columns = _columns(packages.read(next(iter(files.values())), stores))
        counted = rows.get(table)
        yield Table(table, files, columns, counted if isinstance(counted, int) else None)


def _columns(content: bytes) -> dict[str, str]:
    """Return the type of each column of a Parquet file, in Arrow's words; nothing where it is not one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(io.BytesIO(content))
    except (pa.ArrowException, OSError):
        return {}
    return {name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}
