"""What a run showed of this checkout: `.mainline/_evidence/NAME.json`, which git does not keep; the run makes it again.

Whoever may write the file could write anything into it. So nobody is asked to believe one of somebody else: a fresh
clone has none until the command ran there.
"""

import contextlib
import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from mainline import files
from mainline.documents import Part, Text
from mainline.errors import DataError
from mainline.repository import lock
from mainline.repository.git import ask

FOLDER = Path(".mainline/_evidence")
"""No environment can have this name, so no follower works in it."""
TESTS, VERIFY, EXPLAIN, FORGET, REHEARSE = "tests", "verify", "explain", "forget", "rehearse"
REPRODUCED = "reproduced"
"""The result of a rebuild that came out as dvc.lock says."""
REHEARSED = "rehearsed"
"""The result of a rehearsal in which every part did what it should."""
MONITOR, GATE = "monitor: ", "gate: "
"""What the name of a check of monitoring, or of the gate, begins with in a record of a rehearsal."""
ALARM, LIBRARY, AGE = "alarm", "library", "age"
"""The alarms that a rehearsal tried, as they are named in its record."""
RAISED = "raised: "
"""How the word on an alarm begins that was raised when it should be, and not before."""
CLAIM = "claim: "
"""What the name of a claim of the contract begins with in a record of tests."""
PASSED, SILENT = "passed", "passed, and asserts nothing"
"""The result of a test that could have failed, and of one that could not."""
CODE = ("src", "tests", "engine/src", "params.yaml", "pyproject.toml", "requirements")
"""What a result of tests is a result of."""


class Record(Part):
    """A run: at which commit, on which code, of which package of dvc.lock, and what came out by name."""

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$")]
    code: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    package: Text
    found: Annotated[dict[Text, Text], Field(max_length=100_000)]


def begin(committed: bool = False) -> Record | None:
    """Return a record of the checkout as it is now, with nothing found yet; None if there is no commit.

    Args:
        committed: the run is of the last commit, so its dvc.lock names the package, and not the one that lies here.
    """
    commit = ask("rev-parse", "HEAD")
    if not commit:
        return None
    text = ask("show", f"HEAD:{lock.LOCK}") if committed else _lock()
    return Record(commit=commit, code=code(), package=_package(text), found={})


def keep(name: str, begun: Record | None, found: dict[str, str]) -> None:
    """Write what was found of the checkout as it was when the run began; of one without a commit nothing is kept."""
    if begun is not None:
        whole = begun.model_copy(update={"found": found})
        with contextlib.suppress(OSError):  # a checkout that may not be written has no record; the run itself counts
            files.replace(FOLDER / f"{name}.json", whole.model_dump_json(indent=2) + "\n")


def read(name: str) -> Record | None:
    """Return the newest record of a name; None if there is none.

    Raises:
        DataError: when it is not as `keep` writes it.
    """
    path = FOLDER / f"{name}.json"
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(path, "is damaged", "remove it, and run what wrote it again") from error


def code() -> str:
    """Return the sha256 of the files of `CODE` that git has or would take, as they are in the work tree."""
    found = hashlib.sha256()
    listed = ask("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *CODE)
    for path in sorted(set(filter(None, listed.split("\0")))):
        content = Path(path).read_bytes() if Path(path).is_file() else b""
        found.update(f"{path}:{hashlib.sha256(content).hexdigest()}\n".encode())
    return found.hexdigest()


def _lock() -> str:
    return lock.LOCK.read_text(encoding="utf-8", errors="replace") if lock.LOCK.is_file() else ""


def _package(text: str) -> str:
    try:
        return lock.package(text) if text else ""
    except lock.LockError:
        return ""
