"""A file that exists while a stage runs. If it is still there afterwards, the stage was killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRESENT = Path(".dvc/tmp/present")
"""The folder of these files; each has the name of its stage."""


_began: dict[str, int] = {}
"""When the stages of this process began."""


@contextmanager
def of(stage: str) -> Iterator[None]:
    """Keep the file while a stage runs, and remove it when the stage ends by itself, in whatever way."""
    PRESENT.mkdir(parents=True, exist_ok=True)
    file = PRESENT / stage
    file.touch()
    _began[stage] = file.stat().st_ctime_ns
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def began(stage: str) -> int:
    """Return when a stage of this process began, in nanoseconds by the clock of the disk; 0 if it did not."""
    return _began.get(stage, 0)


def forget() -> None:
    """Remove the files that killed stages left behind."""
    for name in killed():
        (PRESENT / name).unlink(missing_ok=True)


def killed() -> list[str]:
    """Name the stages that were killed since the last `forget`."""
    return sorted(path.name for path in PRESENT.glob("*"))
