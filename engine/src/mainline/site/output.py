"""A file of the site: where it is, what it is made from, how, and what search finds in it."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainline.repository import git


@dataclass(frozen=True)
class Entry:
    """What search finds: a title, where it leads, and words that it is found by."""

    title: str
    path: str
    kind: str
    words: str = ""


@dataclass(frozen=True)
class Page:
    """A file of the site. `inputs` is all that `make` and `entries` depend on: equal inputs give the same bytes."""

    path: str
    inputs: Any
    make: Callable[[], str | bytes]
    entries: Callable[[], Sequence[Entry]] = tuple

    def key(self, code: str) -> str:
        """Name what the page is made from: its inputs, and the code that makes it."""
        text = json.dumps([code, self.path, self.inputs], sort_keys=True, default=_plain)
        return hashlib.sha256(text.encode()).hexdigest()


def stored(path: str, blob: str) -> Page:
    """Return a file of the site that is, byte by byte, a blob of git."""
    return Page(path, blob, lambda: git.blob(blob) or b"")


def code() -> str:
    """Name the code of this program by its content: other code may make other pages."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(f"{file.relative_to(package)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return vars(value) if hasattr(value, "__dict__") else str(value)
