"""Which files of the repository a source opens: only declared ones, or a change of them would not be seen.

Python reports what it opens itself, SQLite included, to an audit hook (PEP 578). pyarrow opens Parquet in C++, also for
`pandas.read_parquet`, so the two ways to it report here. Other libraries that open files in C, such as DuckDB, do not.
"""

import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from pyarrow import parquet

from mainline import declaration
from mainline.errors import SourceError

CODE = (".py", ".pyc", ".so")
"""What an import opens; `mainline deps` holds `dvc.yaml` to that."""

_opened: list[tuple[str, bool]] | None = None
"""Path and whether it was opened to write, since the watch began; None while nobody watches."""


@contextmanager
def watch(declared: Iterable[str], root: Path) -> Iterator[None]:
    """Refuse what is done inside if it reads a file of the repository that is not declared.

    Args:
        declared: files and folders, relative to the root.
        root: the folder of the repository.

    Raises:
        SourceError: naming the file, and the line to add.
    """
    global _opened
    before, _opened = _opened, []
    try:
        yield
    finally:
        opened, _opened = _opened, before
    undeclared = _undeclared(opened, [(root / name).resolve() for name in declared], root.resolve())
    if undeclared:
        raise SourceError(
            f"src/usecase/source.py reads {undeclared}, which dvc.yaml does not declare, so that a change of it would "
            f"not be seen. Add `- {undeclared}` to the deps of ingest in dvc.yaml, or read it from elsewhere."
        )


def dependencies(pipeline: Path = Path("dvc.yaml")) -> list[str]:
    """List the files and folders that `dvc.yaml` declares for ingest."""
    declared = declaration.read(pipeline)["stages"]["ingest"]["deps"]
    return [next(iter(entry)) if isinstance(entry, Mapping) else str(entry) for entry in declared]


def _undeclared(opened: Iterable[tuple[str, bool]], declared: list[Path], root: Path) -> str:
    """Name the first file of the repository that was read, is not declared, and was not written before; or ''."""
    libraries = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values())}
    known = [*declared, *(path for path in libraries if path.is_relative_to(root)), root / ".git", root / ".dvc"]
    for name, written in opened:
        path = Path(name).resolve()
        if written:
            known.append(path)
        elif _is_data(path, root) and not any(path.is_relative_to(place) for place in known):
            return path.relative_to(root).as_posix()
    return ""


def _is_data(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and path.suffix not in CODE and path.exists()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is None or event not in ("open", "sqlite3.connect"):
        return
    name = arguments[0]
    if isinstance(name, str | bytes | os.PathLike):
        written = event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
        _opened.append((os.path.abspath(os.fsdecode(name)), written))


def _reporting(read: Callable[..., Any], place: int) -> Callable[..., Any]:
    """Have a function report the path that it is given in a place."""

    @wraps(read)
    def report(*arguments: Any, **named: Any) -> Any:
        for path in (*arguments[place : place + 1], named.get("source")):
            if isinstance(path, str | os.PathLike):
                sys.audit("open", path, "rb", os.O_RDONLY)
        return read(*arguments, **named)

    return report


sys.addaudithook(_hook)
parquet.read_table = _reporting(parquet.read_table, 0)
parquet.ParquetFile.__init__ = _reporting(parquet.ParquetFile.__init__, 1)
