"""Whether a package on the disk is whole: every file is read once, and again only if it may be another one."""

import time
from pathlib import Path

from mainline.errors import MainlineError
from mainline.package import manifest

Identity = tuple[tuple[object, ...], ...]
_SETTLED = 2_000_000_000
"""Nanoseconds after which a later change of a file surely has another time than this one."""
_verified: dict[str, Identity] = {}


def is_sound(package: Path, digest: str) -> bool:
    """Whether a package is here with every file as it was sealed.

    Files are told apart by device, inode, size and the times of their last change, of which nobody but the system sets
    the second; so a damaged disk is found by whoever loads the package, not here.
    """
    try:
        before = _identity(package)
        if before and _verified.get(digest) == before:
            return True
        _verified.pop(digest, None)
        if manifest.verify(package)["digest"] != digest:
            return False
        newest = max(max(int(str(part)) for part in entry[-2:]) for entry in before)
        if _identity(package) == before and newest + _SETTLED < time.time_ns():
            _verified[digest] = before
    except (MainlineError, OSError, ValueError):
        return False
    return True


def _identity(package: Path) -> Identity:
    found = []
    for path in sorted(package.rglob("*")):
        seen = path.lstat()
        found.append((path.relative_to(package).as_posix(), seen.st_mode, seen.st_dev, seen.st_ino, seen.st_size,
                      seen.st_mtime_ns, seen.st_ctime_ns))  # fmt: skip
    return tuple(found)
