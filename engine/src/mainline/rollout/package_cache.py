"""Packages that the servers of one machine share: one of them fetches, the others copy.

The lock of a package is held by the system for a process, so one that is killed holds nobody up. What is here is not
trusted: each server verifies its copy.
"""

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mainline.errors import MainlineError
from mainline.package import manifest
from mainline.serving.logs import warn

KEPT = 5
"""Packages that stay, those that were used last."""
WAIT_SECONDS, POLL_SECONDS = 600.0, 0.2
"""How long another server may fetch, and how often it is looked whether it still does."""
_INCOMING = ".incoming-"
_PACKAGE = re.compile("[0-9a-f]{64}")
"""The digests that packages have as names; whatever else lies in the folder is somebody's own."""


class PackageCache:
    """A folder that several servers have."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def bring(self, digest: str, target: Path, download: Callable[[], Path]) -> bool:
        """Put a package at `target`, and say whether it was here: then its signature was not looked at.

        If the folder cannot be used, that is said, and the package is fetched as without one.

        Args:
            digest: of the package.
            target: does not exist yet.
            download: fetches the package to `target`, and verifies it.

        Raises:
            MainlineError: what `download` raises.
        """
        try:
            with self._alone(digest) as is_alone:
                if self._copy(digest, target):
                    return True
                download()
                if is_alone:
                    self._keep(digest, target)
        except OSError as error:
            warn("the cache of packages cannot be used", folder=self.folder, error=str(error))
            if not (target / manifest.NAME).exists():
                shutil.rmtree(target, ignore_errors=True)
                download()
        return False

    @contextlib.contextmanager
    def _alone(self, digest: str) -> Iterator[bool]:
        """Wait until no other server fetches this package; after too long go on beside it, and say that."""
        self.folder.mkdir(parents=True, exist_ok=True)
        held = os.open(self.folder / f"{digest}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            is_alone, late = False, time.monotonic() + WAIT_SECONDS
            while not (is_alone := _lock(held)) and time.monotonic() < late:
                time.sleep(POLL_SECONDS)
            if not is_alone:
                warn("another server fetches this package for long; this one does not wait", digest=digest[:12])
            yield is_alone
        finally:
            os.close(held)

    def _copy(self, digest: str, target: Path) -> bool:
        """Copy a package that is here whole; say whether there was one."""
        package = self.folder / digest
        try:
            if manifest.verify(package)["digest"] != digest:
                return False
            shutil.copytree(package, target, symlinks=True)
            os.utime(package)
        except (MainlineError, OSError):
            shutil.rmtree(target, ignore_errors=True)
            return False
        return True

    def _keep(self, digest: str, package: Path) -> None:
        """Keep a copy, whole or not at all, and drop those that were not used for longest.

        Raises:
            OSError: when the folder cannot hold it, even without the others.
        """
        incoming = self.folder / f"{_INCOMING}{digest}"
        shutil.rmtree(self.folder / digest, ignore_errors=True)
        self._drop_halves(digest)
        while True:
            try:
                shutil.rmtree(incoming, ignore_errors=True)
                shutil.copytree(package, incoming)
                break
            except OSError:  # shutil tells a full disk as one of several failures
                shutil.rmtree(incoming, ignore_errors=True)
                if not self._drop_oldest(0):
                    raise
        os.utime(incoming)
        incoming.rename(self.folder / digest)
        while self._drop_oldest(KEPT):
            pass

    def _drop_oldest(self, kept: int) -> bool:
        """Drop the package that was not used for longest, if there are more than so many; return whether there were."""
        packages = [path for path in self.folder.iterdir() if _PACKAGE.fullmatch(path.name)]
        if len(packages) <= kept:
            return False
        oldest = min(packages, key=lambda path: path.stat().st_mtime)
        shutil.rmtree(oldest)
        (self.folder / f"{oldest.name}.lock").unlink(missing_ok=True)
        return True

    def _drop_halves(self, digest: str) -> None:
        """Drop what servers left that were killed while they copied: nobody holds the lock of that package."""
        for half in self.folder.glob(f"{_INCOMING}*"):
            name = half.name.removeprefix(_INCOMING)
            if name == digest or not _PACKAGE.fullmatch(name):
                continue
            held = os.open(self.folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o666)
            try:
                if _lock(held):
                    shutil.rmtree(half, ignore_errors=True)
            finally:
                os.close(held)


def _lock(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
