"""Objects of DVC in an archive that a release on GitHub carries, for repositories without a bucket.

A run on GitHub begins on an empty machine, so a store in a folder begins empty too. Each release therefore carries what
its version's lock names, and the next run puts back what it needs.
"""

import io
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path

from mainline import files
from mainline.errors import MainlineError
from mainline.remote import listings, objects
from mainline.remote.objects import Output
from mainline.remote.store import Store
from mainline.remote.stores import open_cache
from mainline.repository import lock

MODEL, DATA = "objects-model.tar", "objects-data.tar"
"""What the gate needs of a version, and what else its lock names."""

MAX_BYTES = 2_000_000_000
"""GitHub's limit for a file of a release."""

_NAME = re.compile(r"[0-9a-f]{32}(?:\.dir)?")


class ArchiveError(MainlineError):
    """An archive holds something else than objects."""


def split(outputs: Sequence[Output]) -> dict[str, list[Output]]:
    """Say which outputs belong into which archive."""
    return {
        MODEL: [output for output in outputs if output.path == lock.PACKAGE],
        DATA: [output for output in outputs if output.path != lock.PACKAGE],
    }


def pack(outputs: Sequence[Output], file: Path) -> None:
    """Write the objects of outputs into an archive; the same objects give the same bytes.

    Raises:
        StorageError: when the cache does not have one of them, or not as its name says.
    """
    here = open_cache()
    oids = listings.expand(outputs, [here])
    damage = here.check(oids)
    if damage.all:
        raise ArchiveError(f"object {damage.all[0]} is damaged or missing in the cache. `./mainline pull` fetches it.")
    with tarfile.open(file, "w") as archive:
        for oid in oids:
            content = Path(here.path(oid)).read_bytes()
            entry = tarfile.TarInfo(oid)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def unpack(content: bytes) -> int:
    """Put an archive's objects into the cache; return how many were new.

    Raises:
        ArchiveError: when it holds anything but objects whose content is what their name says; then nothing of the
            rest is taken.
        ListingError: when the listing of a folder names something outside of it; likewise.
    """
    here, new = open_cache(), 0
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for entry in archive:
                if entry.size > len(content):  # a sparse entry: a few bytes that become as many as it likes
                    raise ArchiveError(f"an archive of a release says {entry.size:,} bytes, more than the archive has.")
                opened = archive.extractfile(entry) if entry.isreg() else None
                if opened is None or not _NAME.fullmatch(entry.name):
                    raise ArchiveError(f"an archive of a release holds {entry.name[:60]!r}, which is not an object.")
                new += _put(entry.name, opened.read(), here)
    except tarfile.TarError as error:
        raise ArchiveError(f"an archive of a release cannot be read: {error}. Run its workflow again.") from error
    return new


def _put(oid: str, content: bytes, here: Store) -> bool:
    if not objects.fits(oid, iter([content])):
        raise ArchiveError(f"object {oid} of a release is not what its name says. Run its workflow again.")
    if objects.is_listing(oid):
        objects.listed(content)
    target = Path(here.path(oid))
    if target.exists() and not here.check([oid]).all:
        return False
    files.replace(target, content, mode=0o444)
    return True
