"""A place that keeps objects by content. What it holds is checked by reading it."""

import contextlib
import errno
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mainline import progress
from mainline.errors import MainlineError
from mainline.remote import file_systems, objects, s3

TRIES = 4
"""How often a place is asked before it counts as away: connections break, and bits flip on the way."""

_WAIT = 0.1  # seconds before the second try, doubled before each further one
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PARTIAL = ".*.tmp"
"""What DVC calls a file that it copies, until it is whole."""

Answer = TypeVar("Answer")


class StorageError(MainlineError):
    """Storage does not have, or does not give, what is asked of it."""


@dataclass(frozen=True)
class Damage:
    """Objects that a place lacks, and objects whose content is not what their name says."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every object that cannot be relied on."""
        return self.missing + self.changed


class Store:
    """Objects in one of DVC's databases."""

    def __init__(self, name: str, database: Any) -> None:
        self.name = name
        self._database = database

    @property
    def files(self) -> Any:
        """The file system that the objects are in (fsspec)."""
        return self._database.fs

    @property
    def root(self) -> str:
        """The folder that the objects' own folder is in."""
        return str(self.files.parent(self.files.parent(self._database.path)))

    def path(self, oid: str) -> str:
        """Where an object is, or would be."""
        return str(self._database.oid_to_path(oid))

    def read(self, oid: str) -> bytes | None:
        """Return the content of a small object; None when it is not there or not what its name says."""

        def ask() -> bytes | None:
            try:
                content: bytes = self.files.cat_file(self.path(oid))
            except FileNotFoundError:
                return None
            return content if objects.fits(oid, iter([content])) else None

        return self.insist(ask, lambda answer: answer is not None)

    def check(self, oids: Iterable[str]) -> Damage:
        """Read objects and compare each with its name.

        Raises:
            StorageError: when the place does not answer.
        """
        chosen = sorted(set(oids))
        with (
            ThreadPoolExecutor(file_systems.jobs(self.files)) as pool,
            progress.clock(f"checking {len(chosen)} objects in {self.name}"),
        ):
            states = list(pool.map(self._state, chosen))
        return Damage(
            tuple(oid for oid, state in zip(chosen, states, strict=True) if state is None),
            tuple(oid for oid, state in zip(chosen, states, strict=True) if state is False),
        )

    def vouches(self, oids: Iterable[str]) -> set[str]:
        """Return the objects whose content, by the store's own checksum, is what their name says; none of a folder.

        Raises:
            StorageError: when the place does not answer.
        """
        chosen = sorted(set(oids)) if s3.is_s3(self.files) else []
        with ThreadPoolExecutor(file_systems.jobs(self.files)) as pool:
            said = pool.map(lambda oid: self.insist(lambda: s3.is_vouched(self.files, self.path(oid), oid)), chosen)
            return {oid for oid, sound in zip(chosen, said, strict=True) if sound}

    def lacks(self, oids: Iterable[str]) -> list[str]:
        """Return the objects that are not there, without reading those that are."""
        chosen = sorted(set(oids))
        with ThreadPoolExecutor(file_systems.jobs(self.files)) as pool:
            there = pool.map(lambda oid: self.insist(lambda: self.files.exists(self.path(oid))), chosen)
            return [oid for oid, found in zip(chosen, there, strict=True) if not found]

    def put(self, oids: Sequence[str], other: "Store") -> None:
        """Copy objects from another place, folders' listings last: a listing that is there vouches for its files."""
        for chosen in ([oid for oid in oids if not objects.is_listing(oid)], list(filter(objects.is_listing, oids))):
            if chosen:
                with progress.clock(f"copying {len(chosen)} objects to {self.name}"):
                    self.insist(lambda chosen=chosen: self._copy(chosen, other))  # type: ignore[misc]

    def remove(self, oids: Iterable[str]) -> None:
        """Remove objects; one that is not there is no error.

        Raises:
            StorageError: when the place does not answer.
        """
        for oid in oids:
            self.insist(lambda oid=oid: self._remove(oid))  # type: ignore[misc]

    def erase(self, oids: Iterable[str]) -> bool:
        """Remove objects with all older versions of them that a bucket keeps; False if those may not be removed.

        Raises:
            StorageError: when the place does not answer.
        """
        chosen = list(oids)
        if not s3.is_s3(self.files):
            self.remove(chosen)
            return True
        try:
            for oid in chosen:
                self.insist(lambda oid=oid: s3.erase(self.files, self.path(oid)))  # type: ignore[misc]
        except StorageError:
            self.remove(chosen)  # which says so if the place does not answer at all
            return False
        return True

    def everything(self) -> dict[str, tuple[int, float]]:
        """Return the size in bytes and the time of last change, in seconds since 1970, of each object."""
        found = {}
        for oid in self.insist(lambda: list(self._database.all())):
            about = self.insist(lambda oid=oid: self.files.info(self.path(oid)))  # type: ignore[misc]
            found[oid] = (int(about["size"]), file_systems.changed(about))
        return found

    def write(self, file: str, content: bytes) -> None:
        """Write a file, and the folders that it is in; `file` is a path of the place's own file system."""

        def attempt() -> None:
            self.files.makedirs(self.files.parent(file), exist_ok=True)
            self.files.pipe_file(file, content)

        self.insist(attempt)

    def changed(self, file: str) -> float:
        """Return when a file was written, in seconds since 1970 by the place's own clock."""
        return self.insist(lambda: file_systems.changed(self.files.info(file)))

    def _remove(self, oid: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.files.remove(self.path(oid))

    def _copy(self, oids: Sequence[str], other: "Store") -> None:
        paths = [other.path(oid) for oid in oids]
        if s3.is_s3(self.files) and other.files.protocol == "local":
            with ThreadPoolExecutor(file_systems.jobs(self.files)) as pool:
                send = partial(s3.send, self.files)
                for _ in pool.map(send, paths, map(self.path, oids), oids):
                    pass
            return
        if self.files.protocol == "local":  # a file that may only be read cannot be written over; elsewhere it is
            self.remove(oid for oid in oids if self.files.exists(self.path(oid)))
        with self._tidied(oids):
            self._add(paths, other, oids)

    def _add(self, paths: Sequence[str], other: "Store", oids: Sequence[str]) -> None:
        # Without a check of its own: what a damaged object is replaced by is checked by the caller, by reading it.
        # One file alone would be fetched in several large parts at a time.
        jobs = min(file_systems.jobs(self.files), file_systems.jobs(other.files)) if len(oids) > 1 else 1
        self._database.add(list(paths), other.files, list(oids), check_exists=False, verify=False, jobs=jobs)

    @contextlib.contextmanager
    def _tidied(self, oids: Sequence[str]) -> Iterator[None]:
        """Remove what a copy that fails leaves half-written in the folders of objects; on a full disk it stays full."""
        folders = {Path(self.path(oid)).parent for oid in oids} if self.files.protocol == "local" else set()
        before = {file for folder in folders for file in folder.glob(_PARTIAL)}
        try:
            yield
        except BaseException:
            for file in {file for folder in folders for file in folder.glob(_PARTIAL)} - before:
                file.unlink(missing_ok=True)  # another process whose file this is tries again
            raise

    def _state(self, oid: str) -> bool | None:
        """Whether an object is what its name says; None when it is not there. A wrong answer is asked for again."""

        def ask() -> bool | None:
            try:
                if s3.is_s3(self.files):
                    return objects.fits(oid, s3.chunks(self.files, self.path(oid)))
                with self.files.open(self.path(oid), "rb") as file:
                    return objects.fits(oid, objects.chunks(file))
            except FileNotFoundError:
                return None

        return self.insist(ask, lambda answer: answer is not False)

    def insist(self, ask: Callable[[], Answer], enough: Callable[[Answer], bool] = lambda _: True) -> Answer:
        """Ask until there is an answer that is enough, or the tries are used up."""
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                answer = ask()
                if last or enough(answer):
                    return answer
            except Exception as error:  # each kind of storage fails in its own way, and all of them mean the same
                if isinstance(error, OSError) and error.errno in _FULL:
                    raise StorageError(
                        f"{self.name} cannot be written: {error.strerror}. Make room, then run this again."
                    ) from error
                if last:
                    reason = " ".join(str(error).split())[:300] or type(error).__name__
                    clock = s3.tell_clock(error)
                    raise StorageError(
                        f"{self.name} does not answer: {reason}. {clock}`./mainline remote` tries it and says more."
                    ) from error
            time.sleep(_WAIT * 2**attempt)
        raise AssertionError("unreachable")
