"""The files of a package that was verified: what was checked is what is used, also of files too large to keep."""

import hashlib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mainline.errors import PackageError

KEPT = 1 << 20
"""Bytes up to which a file is kept in memory once it is verified."""
COPIED = 1 << 26
"""Bytes from which on a library reads a private copy of a file, and not bytes beside which it builds its own."""
_PIECE = 1 << 20


class Contents(Mapping[str, bytes]):
    """The content of each file by its name.

    Small files are in memory. A larger one is read again when it is asked for, and those bytes are hashed again: they
    are the sealed ones, whatever became of the file.
    """

    def __init__(self, directory: Path, files: Mapping[str, Path], hashes: Mapping[str, str]) -> None:
        """Verify every file of a package.

        Raises:
            PackageError: when one was changed.
        """
        self._directory, self._files, self._hashes = directory, files, hashes
        self._kept: dict[str, bytes] = {}
        for name, path in files.items():
            if path.stat().st_size <= KEPT:
                self._kept[name] = self._read(name)
            else:
                with path.open("rb") as file:
                    self._check(name, hashlib.file_digest(file, "sha256").hexdigest())

    def __getitem__(self, name: str) -> bytes:
        kept = self._kept.get(name)
        return self._read(name) if kept is None else kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    @contextmanager
    def private(self, name: str) -> Iterator[bytes | Path]:
        """Offer a file to a library: its bytes, or of a large one the path of a copy that has no name.

        The copy is hashed while it is made, and nobody else can open it by a name, so nothing can change it in between.

        Raises:
            PackageError: when it was changed.
        """
        if self._files[name].stat().st_size < COPIED or sys.platform != "linux":
            yield self[name]
            return
        with tempfile.TemporaryFile() as copy:
            seal = hashlib.sha256()
            with self._files[name].open("rb") as file:
                while piece := file.read(_PIECE):
                    seal.update(piece)
                    copy.write(piece)
            self._check(name, seal.hexdigest())
            copy.flush()
            yield Path(f"/proc/self/fd/{copy.fileno()}")

    def _read(self, name: str) -> bytes:
        content = self._files[name].read_bytes()
        self._check(name, hashlib.sha256(content).hexdigest())
        return content

    def _check(self, name: str, found: str) -> None:
        if found != self._hashes[name]:
            raise PackageError(self._directory, f"{name} was changed")


@contextmanager
def private(contents: Mapping[str, bytes], name: str) -> Iterator[bytes | Path]:
    """Offer a file as `Contents.private` does; of contents in memory its bytes."""
    if isinstance(contents, Contents):
        with contents.private(name) as source:
            yield source
    else:
        yield contents[name]
