"""A file that is there while a stage runs; left behind, it says that the stage was killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRESENT = Path(".dvc/tmp/present")


@contextmanager
def of(stage: str) -> Iterator[None]:
    """Have the file there while a stage runs, and remove it however the stage ends by itself."""
    PRESENT.mkdir(parents=True, exist_ok=True)
    file = PRESENT / stage
    file.touch()
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def forget() -> None:
    """Remove what killed stages left behind."""
    for name in killed():
        (PRESENT / name).unlink(missing_ok=True)


def killed() -> list[str]:
    """Name the stages that were killed since the last `forget`."""
    return sorted(path.name for path in PRESENT.glob("*"))
