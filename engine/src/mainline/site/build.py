"""The folder of the site: written aside, and put in the place of the one before when it is whole.

Which content each page was made from is kept in `site.json`. A page whose content is the same is taken from the site
before, by a hard link, and not made again.
"""

import ctypes
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mainline import exclusion
from mainline.errors import MainlineError
from mainline.site.output import Entry, Page

INDEX = "site.json"
_EXCHANGE = 2
"""`RENAME_EXCHANGE` of Linux: two names change places at once."""
_HERE = -100
"""`AT_FDCWD`: paths are those of this process."""
Last = Callable[[Sequence[Entry]], Page]
"""From what search finds to its page, which is made when all others are known."""


@dataclass(frozen=True)
class Built:
    """What a build came to: how many pages there are, and how many were made now."""

    pages: int
    made: int


def build(pages: Iterable[Page], last: Last, folder: Path, code: str, tell: Callable[[int], None]) -> Built:
    """Bring a folder in line with the pages.

    Args:
        pages: all pages but the last.
        last: makes the page of search.
        folder: where the site is, or is to be.
        code: names the code that makes pages; see `output.code`.
        tell: is told how many pages are done.

    Raises:
        MainlineError: when the folder holds something else, or another build works on it.
    """
    folder = Path(os.path.realpath(folder))  # names that change places are those of folders, not of links to them
    _index(folder)  # of something else nothing is touched, and nothing is left beside it
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusion.alone(folder.with_name(f".{folder.name}.lock"), "./mainline site"):
        aside, gone = folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.before")
        if not folder.exists() and gone.exists():  # of one who was killed where names cannot change places at once
            gone.rename(folder)
        for rest in (aside, gone):
            shutil.rmtree(rest, ignore_errors=True)
        before = _index(folder)
        aside.mkdir()
        built = _write(pages, last, folder, aside, before, code, tell)
        _swap(aside, folder, gone)
    return built


def _write(
    pages: Iterable[Page], last: Last, folder: Path, aside: Path, before: Mapping[str, Any], code: str,
    tell: Callable[[int], None],
) -> Built:  # fmt: skip
    index: dict[str, Any] = {}
    entries: list[Entry] = []
    made = 0

    def add(page: Page) -> None:
        nonlocal made
        key = page.key(code)
        known = before.get(page.path, {})
        target = aside / page.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if known.get("key") != key or not _take(folder / page.path, target):
            content = page.make()
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
            known = {"key": key, "entries": [asdict(entry) for entry in page.entries()]}
            made += 1
        index[page.path] = known
        entries.extend(Entry(**entry) for entry in known["entries"])
        tell(len(index))

    for page in pages:
        add(page)
    add(last(list(entries)))
    (aside / INDEX).write_text(json.dumps(index, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return Built(len(index), made)


def _take(page: Path, target: Path) -> bool:
    """Take a page from the site before; say whether it was there."""
    try:
        os.link(page, target)
    except FileNotFoundError:
        return False
    except OSError:  # a file system without hard links
        shutil.copyfile(page, target)
    return True


def _index(folder: Path) -> Mapping[str, Any]:
    """Return what the site before was made from; nothing if there is none, or nobody can tell.

    Raises:
        MainlineError: when the folder is not a site.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return {}
    file = folder / INDEX
    if not file.is_file():
        raise MainlineError(f"{folder} is not a site of `./mainline site` (it has no {INDEX}). Name another folder.")
    try:
        content = json.loads(file.read_bytes())
        return {path: one for path, one in content.items() if {"key", "entries"} <= one.keys()}
    except (ValueError, AttributeError):
        return {}


def _swap(aside: Path, folder: Path, gone: Path) -> None:
    """Put a whole site in the place of the one before, at once where the system can do that."""
    if not folder.exists():
        aside.rename(folder)
        return
    if _exchange(aside, folder):
        shutil.rmtree(aside)
        return
    folder.rename(gone)
    aside.rename(folder)
    shutil.rmtree(gone)


def _exchange(one: Path, other: Path) -> bool:
    """Let two names change places; False if the system cannot."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)
