"""Which files the code of a use case opens: of the repository only declared ones, or a change would not be seen.

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
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from pyarrow import parquet

from mainline.declared import reading
from mainline.errors import SourceError

CODE = (".py", ".pyc", ".so")
"""Files that an import opens; `./mainline deps` checks that `dvc.yaml` declares them."""


class Opening(NamedTuple):
    """A file that was opened, by its absolute path."""

    path: str
    read: bool
    made: bool
    """Whether it was created or emptied, so that nothing of before can be read from it."""


_opened: list[Opening] | None = [] if "DVC_STAGE" in os.environ else None
"""Files opened since the watch began; None if there is no watch. A stage that DVC runs is watched from here on, since
modules of the use case may read files when they are imported."""


@contextmanager
def watch(declared: Iterable[str], root: Path, made: set[Path] | None = None) -> Iterator[None]:
    """Refuse what is done inside if it reads a file of the repository that is not declared.

    Args:
        declared: files and folders, relative to the root.
        root: the folder of the repository.
        made: files that the source made under earlier watches, which it may read; those that it makes now are added.

    Raises:
        SourceError: naming the file, and the line to add; or a file that is written in another encoding.
    """
    with recorded() as opened:
        try:
            yield
        except UnicodeDecodeError as error:
            said = _undecodable(error, opened)
            if not said:
                raise
            raise SourceError(said) from error
    undeclared = _undeclared(
        opened, [root / name for name in declared], root.resolve(), set() if made is None else made
    )
    if undeclared:
        raise SourceError(
            f"src/usecase/source.py reads {undeclared}, which dvc.yaml does not declare, so that a change of it would "
            f"not be seen. Add `- {undeclared}` to the deps of ingest in dvc.yaml, or read it from elsewhere."
        )


@contextmanager
def recorded() -> Iterator[list[Opening]]:
    """Gather what is opened inside."""
    global _opened
    before, _opened = _opened, []
    try:
        yield _opened
    finally:
        _opened = before


def so_far() -> list[Opening]:
    """Return what was opened since a stage that DVC runs began, and end that watch."""
    global _opened
    opened, _opened = _opened or [], None
    return opened


def foreign(opened: Iterable[Opening], allowed: Iterable[Path]) -> str:
    """Name the first file that was read though it is neither code, nor a library's, nor allowed, nor made here; or ''.

    Args:
        opened: in order of time.
        allowed: files and folders.
    """
    installed = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    known = [*map(Path, installed), Path(os.devnull), *allowed]
    known += [path.resolve() for path in known]
    made: set[Path] = set()
    for opening in opened:
        path = _place(Path(opening.path))
        if opening.made:
            made.add(path)
            continue
        is_data = opening.read and path not in made and path.suffix not in CODE and path.exists()
        if is_data and not (_is_within(path, known) or _is_within(path.resolve(), known)):
            return opening.path
    return ""


def dependencies(pipeline: Path = Path("dvc.yaml"), stage: str = "ingest") -> list[str]:
    """List the files and folders that `dvc.yaml` declares for a stage."""
    declared = reading.read(pipeline)["stages"][stage]["deps"]
    return [next(iter(entry)) if isinstance(entry, Mapping) else str(entry) for entry in declared]


def _undeclared(opened: Iterable[Opening], declared: list[Path], root: Path, made: set[Path]) -> str:
    """Name the first file of the repository that was read, is not declared, and was not made by the source; or ''."""
    libraries = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values())}
    known = [*(path for path in libraries if path.is_relative_to(root)), root / ".git", root / ".dvc"]
    known += [_place(path) for path in declared]
    targets = [path.resolve() for path in declared]
    for opening in opened:
        path = _place(Path(opening.path))
        if opening.made:
            made.add(path)
        elif opening.read and path not in made and _is_data(path, root):
            is_known = _is_within(path, known) or _is_within(path.resolve(), targets)
            if not is_known:
                return path.relative_to(root).as_posix()
    return ""


def _undecodable(error: UnicodeDecodeError, opened: Iterable[Opening]) -> str:
    """Name the file read last that is not in an encoding, and the place of the wrong bytes; '' if no file has them."""
    for name in dict.fromkeys(opening.path for opening in reversed([*opened]) if opening.read):
        path = Path(name)
        content = path.read_bytes() if path.is_file() else b""
        if error.object[error.start : error.end + 1] not in content:
            continue
        try:
            content.decode(error.encoding)
        except UnicodeDecodeError as whole:
            place = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            line = content.count(b"\n", 0, whole.start) + 1
            return (
                f"{place}, line {line}, byte {whole.start + 1} is 0x{content[whole.start]:02x}, which is not "
                f"{whole.encoding}. Name its encoding where src/usecase/source.py reads it, such as "
                "`encoding='cp1252'`, or save it as UTF-8."
            )
    return ""


def _place(path: Path) -> Path:
    """Return where a file is, and not where it points to: DVC may keep a file as a link into its cache."""
    return path.parent.resolve() / path.name


def _is_data(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and path.suffix not in CODE and path.exists()


def _is_within(path: Path, places: Iterable[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is None or event not in _EVENTS:
        return
    name = arguments[0]
    if name and isinstance(name, str | bytes | os.PathLike):
        _opened.extend(_EVENTS[event](os.fsdecode(name), *arguments[1:]))


def _open(name: str, _: object, flags: int) -> list[Opening]:
    path = os.path.abspath(name)
    is_new = bool(flags & os.O_CREAT) and not os.path.exists(path)
    return [Opening(path, read=not flags & os.O_WRONLY, made=is_new or bool(flags & os.O_TRUNC))]


def _connect(name: str) -> list[Opening]:
    """Open a database of SQLite, which may be named by a URI."""
    return _open(unquote(urlsplit(name).path) if name.startswith("file:") else name, None, os.O_RDWR | os.O_CREAT)


def _rename(name: str, target: str | bytes, *_: object) -> list[Opening]:
    """Take a rename for reading under one name and writing under another."""
    old, new = os.path.abspath(name), os.path.abspath(os.fsdecode(target))
    return [Opening(old, read=True, made=False), Opening(new, read=False, made=True)]


_EVENTS: Mapping[str, Callable[..., list[Opening]]] = {"open": _open, "os.rename": _rename, "sqlite3.connect": _connect}


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
