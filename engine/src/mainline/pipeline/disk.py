"""What disk and rights refuse DVC: gathered, and said in one line instead of one for each file."""

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mainline.text import few

LOGGERS = ("dvc", "dvc_data", "dvc_objects")
_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)
_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, *_RIGHTS)
_DATABASE = ("disk", "readonly")
"""Words of SQLite, in which DVC keeps what it knows of files, for the same."""


class Refusals(logging.Filter):
    """The messages of DVC whose reason is a full or broken disk, or a file of somebody else; none of them is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, str] = {}
        """The reason by the file that was refused; its name is '' where DVC does not tell it."""
        self.may_write = True
        """Whether room helps; without the right to write it does not."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a message back if the disk is its reason."""
        error = record.exc_info[1] if record.exc_info else None
        while error is not None and not _is_refusal(error):
            error = error.__cause__ or error.__context__
        if error is None:
            return True
        self.may_write &= getattr(error, "errno", None) not in _RIGHTS and "readonly" not in str(error)
        self.files.setdefault(_file(error), getattr(error, "strerror", None) or str(error))
        return False

    def text(self) -> str:
        """Say in a line what was refused; '' if nothing was."""
        if not self.files:
            return ""
        named = [name for name in self.files if name] or ["what it knows of files"]
        reason = next(iter(self.files.values()))
        remedy = (
            "Make room" if self.may_write else "Make it and its folder yours to read and write (chown, chmod u+rwX)"
        )
        return f"DVC could not write {few(named, 1)}: {reason}. {remedy}, then `make repro` goes on from there."


@contextmanager
def watched() -> Iterator[Refusals]:
    """Gather what the disk refuses while DVC runs in this process."""
    refusals = Refusals()
    handlers = {handler for name in LOGGERS for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        handler.addFilter(refusals)
    try:
        yield refusals
    finally:
        for handler in handlers:
            handler.removeFilter(refusals)


def _is_refusal(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return any(word in str(error) for word in _DATABASE)
    return isinstance(error, OSError) and error.errno in _REFUSED


def _file(error: BaseException) -> str:
    """Name the file: of a copy, what was copied, since DVC's own names tell a person nothing."""
    name = getattr(error, "filename", None)
    if not name:
        return ""
    with suppress(ValueError):
        return os.path.relpath(os.fsdecode(name))
    return str(name)
