"""What a tag's message holds: a few lines that a person reads in git, then the same and more as JSON.

A message comes from whoever may push tags, so it is checked like any other input.
"""

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from mainline.documents import Hex, Part, Text
from mainline.errors import MainlineError

Bump = Literal["first", "major", "minor", "patch"]
Kind = Literal["release", "return", "rollback", "approval"]

MARK = "-----RECORD-----"
MAX_BYTES = 200_000

METRICS = ("train", "validation", "test", "baseline")
"""The sets of rows whose committed metrics a record holds."""

_Name = Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+$")]


_OPTIONAL = ("accepted", "registry", "artifact")
"""What was added to records, and is in those alone that need it: an older version of the program reads the others."""


class RecordError(MainlineError):
    """A tag's message is not what `./mainline promote` writes."""


class Record(Part):
    """A part of a message."""


Kept = TypeVar("Kept", bound=Record)


class Accepted(Record):
    """A check of the gate that a person accepted for this version, with the verdict that it had."""

    check: Text
    verdict: Text
    by: Text
    reason: Text

    def tell(self, version: str) -> str:
        """Say in a line what was accepted of a version, by whom and why."""
        return f"{version} was accepted by {self.by} although {self.check} said {self.verdict}: {self.reason}"


class Release(Record):
    """A version's content, quality and origin.

    `metrics` is by set of rows (train, validation, test, baseline) and name; `window` is by split; `runs` are the rows
    of `metrics/runs.csv`; `signature` is the bundle that OpenSSF model-signing made, None where nobody signed.
    """

    format: Literal[1] = 1
    version: _Name
    digest: Hex
    replaces: _Name | None
    bump: Bump
    reason: Text
    verdict: Literal["pass", "warn"]
    headline: Text
    metrics: dict[str, dict[str, float | int | None]]
    window: dict[str, list[str]]
    runs: list[dict[str, str | float | int]]
    signature: dict[str, Any] | None
    accepted: list[Accepted] = Field(default=[])
    registry: Text | None = None


class Assignment(Record):
    """Why an environment has a version.

    `main` is the commit that asked for it and `main_digest` that commit's package; after a `rollback` they differ from
    the assigned version's until the revert is merged. `artifact` is the digest by which the environment's container
    registry has the package; None if none was declared.
    """

    format: Literal[1] = 1
    version: _Name
    environment: str
    kind: Kind
    replaces: _Name | None
    main: Hex
    main_digest: Hex
    by: Text
    registry: Text | None = None
    artifact: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None


def write(lines: list[str], record: Record) -> str:
    """Compose a tag's message: the lines for people first. What nobody needs to read is left out of the record."""
    empty = {name for name in _OPTIONAL if not getattr(record, name, None)}
    return "\n".join([*lines, "", MARK, record.model_dump_json(exclude=empty), ""])


def read_release(message: str) -> Release:
    """Read a version's record.

    Raises:
        RecordError: when the message holds none, or one that does not fit.
    """
    return read(message, Release)


def read_assignment(message: str) -> Assignment:
    """Read an assignment's record.

    Raises:
        RecordError: as `read_release`.
    """
    return read(message, Assignment)


def read(message: str, model: type[Kept]) -> Kept:
    """Read the record of a message, as a record of that kind.

    Raises:
        RecordError: when the message holds none, or one that does not fit.
    """
    _, found, text = message.partition(f"\n{MARK}\n")
    if not found or len(text) > MAX_BYTES:
        raise RecordError("a tag's message holds no record; tags of the registry are made by `./mainline promote`.")
    try:
        return model.model_validate(json.loads(text))
    except (ValidationError, ValueError, RecursionError) as error:
        raise RecordError(f"a tag's message holds a record that does not fit: {type(error).__name__}.") from error
