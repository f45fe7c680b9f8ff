"""Mend what a killed DVC leaves half-written: it writes two small files in place.

Nothing is lost with either: what finished is in DVC's run cache, from which the next run takes it.
"""

import json
import time
from pathlib import Path

from mainline.repository import lock
from mainline.repository.git import ask, blob, git

READERS = Path(".dvc/tmp/rwlock")
"""Which processes read and write which output; entries of dead processes are ignored by DVC."""

PIPELINE, METRICS = Path("dvc.yaml"), Path("metrics")
"""The declaration of outputs, and the folder of those that git holds."""

_PATIENCE = 1.0  # seconds until a half-written file counts as left behind, and not as being written


def mend() -> list[str]:
    """Mend both files; say in a line each what was done.

    Raises:
        LockError: when `dvc.lock` holds a merge conflict, which is for a person to decide.
    """
    return [said for said in (mend_lock(), mend_readers()) if said]


def put_back() -> None:
    """Put back the committed outputs that DVC removed for a stage that did not come to run."""
    declared = PIPELINE.read_text(encoding="utf-8")
    removed = ask("ls-files", "-z", "--deleted", "--", str(METRICS)).split("\0")
    if names := [name for name in removed if name and name in declared]:
        git("checkout-index", "--", *names)


def mend_lock() -> str:
    """Put the last commit's `dvc.lock` in the place of one that was cut off; '' when there was nothing to do.

    Raises:
        LockError: when it holds a merge conflict.
    """
    if not lock.LOCK.exists():
        return ""
    try:
        lock.entries(lock.LOCK.read_text(encoding="utf-8", errors="replace"))
        return ""
    except lock.ConflictError:
        raise
    except lock.LockError:
        committed = blob(f"HEAD:{lock.LOCK}")
    if committed is not None:
        lock.LOCK.write_bytes(committed)
        return "dvc.lock was cut off, as a kill can leave it; the last commit's is back, and finished work is reused."
    lock.LOCK.unlink()
    return "dvc.lock was cut off, as a kill can leave it, and no commit has one; finished work is reused."


def mend_readers() -> str:
    """Remove DVC's record of readers where it was cut off; '' when there was nothing to do."""
    end = time.monotonic() + _PATIENCE
    while READERS.exists():
        try:
            json.loads(READERS.read_bytes())
            return ""
        except ValueError:
            if time.monotonic() > end:
                READERS.unlink(missing_ok=True)
                return "DVC's record of running stages was cut off, as a kill can leave it; it is made anew."
            time.sleep(0.1)
    return ""
