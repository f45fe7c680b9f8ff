"""Room on the disk for the pages of XGBoost, asked for before they are written: without it XGBoost ends the process."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mainline.errors import MainlineError

_HEAD = 256
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk, a share of it or a limit of the process says that has no room."""
_UNABLE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a file system says that cannot set room aside."""
_OTHER = 1 << 20
"""Bytes of a file beside its pages, and some to spare."""


def check(folder: Path, shapes: Iterable[tuple[int, ...]], max_bin: int) -> None:
    """Refuse to begin if the pages of some batches would not fit into a folder.

    Raises:
        MainlineError: saying how much room they need.
    """
    size = needed(list(shapes), max_bin)
    try:
        _reserve(folder, size)
    except OSError as error:
        if error.errno not in _FULL:
            raise MainlineError(
                f"fitting by period writes pages into {folder.parent}, and cannot ({error.strerror}). Mend that; or "
                "leave out model.fit.by, if memory holds all rows."
            ) from error
        raise MainlineError(
            f"fitting by period writes pages of {size / 1e6:,.0f} MB into {folder.parent}, and there is no room for "
            f"them ({error.strerror}). Make room; or leave out model.fit.by, if memory holds all rows."
        ) from error


def needed(shapes: list[tuple[int, ...]], max_bin: int) -> int:
    """Return the bytes of XGBoost's file for batches of so many rows and columns, at most.

    As XGBoost 3.2 writes them: by entry, a bin of 4 bytes in the order of rows, one of 1, 2 or 4 in that of columns,
    and a bit that says whether it is missing; by row, 8 bytes; by batch, 8 for each bin of each column, and a head.
    """
    bins = min(max_bin, sum(rows for rows, _ in shapes)) + 1
    width = 1 if max_bin <= 1 << 8 else 2 if max_bin <= 1 << 16 else 4
    pages = sum(
        rows * columns * (4 + width + 1 / 8) + rows * 8 + columns * bins * 8 + _HEAD for rows, columns in shapes
    )
    return int(pages) + _OTHER


def _reserve(folder: Path, size: int) -> None:
    """Take so much room, and give it back.

    Raises:
        OSError: when there is less.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                if error.errno not in _UNABLE:
                    raise
            else:
                return
        if shutil.disk_usage(folder).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
