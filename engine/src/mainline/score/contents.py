"""The content of files that evidence stands in, and why it could not be read."""

import csv
import io
from pathlib import Path

from mainline.errors import MainlineError
from mainline.score.rubric import LackError, Step


def content(path: Path, step: Step) -> bytes:
    """Return what a file holds.

    Raises:
        LackError: when there is none, with the step that makes it.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise LackError(f"there is no {path}", step) from error


def rows_of(text: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))


def problem(error: Exception) -> str:
    """Return in a line why evidence could not be read."""
    known = isinstance(error, MainlineError)
    return " ".join((str(error) if known else f"it cannot be read ({type(error).__name__}: {error})").split())
