"""What was rolled up: a record for each file of the log, Parquet beside it, and sketches by day.

| place | holds |
|---|---|
| `files/IDENTITY.json` | the one record that counts: what a file of the log held, with a sketch of each day |
| `rows/DAY/DIGEST/NAME-CONTENT.parquet` | its rows; one that no record names does not count, and is removed |
| `sketches/DAY/DIGEST-WRITER.json` | the sum of a day, package and writer, made from the records |
| `received/MACHINE/` | files of other machines' logs that came by the store, until all can read their records |
| `dropped.json` | what the branch that machines share keeps no more of their files |

A record is written last and replaces the one before as a whole, so a kill at any moment leaves totals that are right:
those of before, or those of after.
"""

import fcntl
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from mainline import files
from mainline.errors import MainlineError
from mainline.limits import sketches
from mainline.limits.sketches import Count, Part, Sketch
from mainline.monitoring.logfiles import named
from mainline.monitoring.result import Date, Promise

DROPPED = "dropped.json"
RECEIVED = "received"
_PROMISES = TypeAdapter(list[Promise])
SHORT = 12
"""Characters of a digest in the name of a folder."""


class Rolled(Part):
    """The rows of a file that one package answered on one day; `columns` is the path of their Parquet in the store.

    `hours` counts them by the hour (UTC); it is empty in records of before.
    """

    day: Date
    version: str
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    columns: str
    sketch: Sketch
    hours: Annotated[list[Count], Field(max_length=24)] = Field(default_factory=list)


class Record(Part):
    """What a file of the log held: all its lines are in `days`, `unknown` (by digest) or `bad`."""

    format: Literal[1] = 1
    name: str
    identity: str
    content: str
    size: Count
    lines: Count
    bad: Count
    torn: Count
    unknown: dict[str, Count]
    days: list[Rolled]

    @property
    def rows(self) -> int:
        """The predictions in it that were rolled up."""
        return sum(rolled.sketch.rows for rolled in self.days)

    @property
    def told(self) -> tuple[int, int]:
        """How much of the log's file it tells: bytes that were seen, and rows of them whose package was there."""
        return self.size, self.rows

    @property
    def is_current(self) -> bool:
        """Whether its sketches count predictions, which those of before did not."""
        return all(rolled.sketch.predicted is not None for rolled in self.days)


class Past(Part):
    """The files of a server that are kept no more: the last one's number, and the rows of all of them."""

    number: Count
    rows: Count


class Dropped(Part):
    """What is kept no more, by server."""

    format: Literal[1] = 1
    writers: dict[str, Past] = Field(default_factory=dict)

    def of(self, writer: str) -> Past:
        """Return what went of a server."""
        return self.writers.get(writer, Past(number=0, rows=0))


def read_dropped(content: bytes) -> Dropped:
    """Read what is kept no more; where it is not that, since whoever may push can write it, nothing went."""
    try:
        return Dropped.model_validate_json(content)
    except ValidationError:
        return Dropped()


class Store:
    """A folder in which one roll-up works at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def received(self) -> list[Path]:
        """Return the folder of files that came from the logs of others, if there is one."""
        folder = self.folder / RECEIVED
        return [folder] if folder.is_dir() else []

    @property
    def scratch(self) -> Path:
        """Where half-made things are."""
        return self.folder / "scratch"

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Keep other roll-ups out until this one ends, however it ends.

        Raises:
            MainlineError: when another one is at work here, or nothing can be written.
        """
        try:
            self.scratch.mkdir(parents=True, exist_ok=True)
            opened = (self.folder / "lock").open("a")
        except OSError as error:
            raise MainlineError(f"cannot work in {self.folder} ({error.strerror}). Name another (--store).") from error
        with opened as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise MainlineError(f"another roll-up works in {self.folder}. Wait until it has ended.") from error
            yield

    def records(self) -> dict[str, Record]:
        """Return what was rolled up, by the identity of the log's file.

        Raises:
            MainlineError: when a record is not one; the log's file is rolled up again once it is removed.
        """
        found = {}
        for path in sorted((self.folder / "files").glob("*.json")):
            try:
                record = Record.model_validate_json(path.read_bytes())
                named(record.name)
            except (ValidationError, ValueError) as error:
                raise MainlineError(
                    f"{path} is not a record of a roll-up. Remove it: the file of the log is rolled up again."
                ) from error
            found[record.identity] = record
        return found

    def target(self, name: str, content: str, day: str, digest: str) -> str:
        """Return where the rows of a file go, in the store."""
        return f"rows/{day}/{digest[:SHORT]}/{name.removesuffix('.jsonl')}-{content}.parquet"

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Let one job at a time read and write alarms, messages and promises; others wait for a moment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "told.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def alarms(self) -> bytes:
        """Return the lines of all alarms; see `alarms`."""
        path = self.folder / "alarms.jsonl"
        return path.read_bytes() if path.is_file() else b""

    def keep_alarms(self, lines: bytes) -> None:
        """Write the lines of all alarms."""
        files.replace(self.folder / "alarms.jsonl", lines)

    def notified(self) -> bytes:
        """Return the messages that were sent; see `notices`."""
        path = self.folder / "notified.jsonl"
        return path.read_bytes() if path.is_file() else b""

    def keep_notified(self, lines: bytes) -> None:
        """Write the messages that were sent."""
        files.replace(self.folder / "notified.jsonl", lines)

    def dropped(self) -> Dropped:
        """Return what is kept no more of servers' logs."""
        path = self.folder / DROPPED
        return read_dropped(path.read_bytes() if path.is_file() else b"")

    def keep_dropped(self, dropped: Dropped) -> None:
        """Write what is kept no more."""
        files.replace(self.folder / DROPPED, dropped.model_dump_json() + "\n")

    def promises(self) -> list[Promise]:
        """Return what the tests of versions promised, as it was last seen; a file that is damaged has none."""
        try:
            return _PROMISES.validate_json((self.folder / "promises.json").read_bytes(), strict=False)
        except (OSError, ValidationError):
            return []

    def keep_promises(self, promises: list[Promise]) -> None:
        """Write them."""
        files.replace(self.folder / "promises.json", _PROMISES.dump_json(promises, indent=1) + b"\n")

    def keep(self, record: Record) -> None:
        """Let a record count from now on, in the place of the one before."""
        files.replace(self.folder / "files" / f"{record.identity}.json", record.model_dump_json(indent=1) + "\n")

    def sweep(self, records: Iterable[Record]) -> None:
        """Remove rows that no record names, and what a kill left half-made."""
        named_rows = {rolled.columns for record in records for rolled in record.days}
        for path in (self.folder / "rows").rglob("*.par*"):
            if str(path.relative_to(self.folder)) not in named_rows:
                path.unlink()
        for path in self.scratch.iterdir():
            if path.is_file():
                path.unlink()

    def write_sketches(self, records: Iterable[Record]) -> int:
        """Add up the sketches of each day, package and writer; return how many there are."""
        parts = defaultdict(list)
        for record in records:
            for rolled in record.days:
                writer, _ = named(record.name)
                parts[f"{rolled.day}/{rolled.digest[:SHORT]}-{writer}.json"].append(rolled.sketch)
        for name, found in parts.items():
            content = sketches.add(found).model_dump_json() + "\n"
            path = self.folder / "sketches" / name
            if not path.is_file() or path.read_text(encoding="utf-8") != content:
                files.replace(path, content)
        for path in (self.folder / "sketches").rglob("*.json"):
            if str(path.relative_to(self.folder / "sketches")) not in parts:
                path.unlink()
        return len(parts)
