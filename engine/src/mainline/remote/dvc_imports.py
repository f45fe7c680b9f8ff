"""What `.dvc` files import: brought from where it came from, if neither the cache nor the remote has it."""

from collections.abc import Sequence
from pathlib import Path

from mainline import files, progress
from mainline.remote import listings, objects, source_versions
from mainline.remote.objects import Output
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_remote
from mainline.repository import dvc


def bring(outputs: Sequence[Output], here: Store) -> int:
    """Bring what `.dvc` files import and neither place has from where they import it."""
    absent = [output for output in outputs if output.source and here.lacks([output.oid])]
    absent = [output for output in absent if not output.stored or open_remote().lacks([output.oid])]
    for output in absent:
        file = Path(output.stage)
        declared = file.read_bytes()
        try:
            with progress.clock(f"importing {output.path}"):
                said = _dvc("fetch", output.stage)
                if not said and here.lacks([output.oid]):
                    said = _rest(output)
        finally:
            files.replace(file, declared)
        if here.check([output.oid]).all:
            reason = said or "its source has other content by now"
            raise listings.LostError(f"{output.path} is not in the remote, and cannot be imported: {reason}", output)
    return len(absent)


def _rest(output: Output) -> str:
    """Import what a fetch does not bring; return what DVC says where it fails.

    Of a folder's versions a fetch brings the files and no listing, which DVC makes of what lies in the workspace. Of a
    plain address it brings nothing: there is only what is there now.
    """
    if source_versions.is_versioned(Path(output.stage)):
        return _dvc("checkout", output.stage) or _dvc("commit", "--force", output.stage)
    return _dvc("update", output.stage)


def download() -> int:
    """Bring what was imported with `--no-download`, in the versions that git names; count what was not here at all.

    Raises:
        StorageError: when its source does not give it.
    """
    absent = 0
    for file in source_versions.not_downloaded():
        absent += not Path(file.removesuffix(objects.TRACKED)).exists()
        with progress.clock(f"importing {file}"):
            said = _dvc("pull", file)
        if said:
            reason = source_versions.lost(Path(file)) or said
            raise StorageError(f"what {file} names cannot be imported: {reason}")
    return absent


def _dvc(*arguments: str) -> str:
    """Run a command of DVC; return what it says where it fails."""
    finished = dvc.run(*arguments)
    return dvc.said(finished) if finished.returncode != 0 else ""
