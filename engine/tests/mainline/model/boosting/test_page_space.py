"""Room for the pages of XGBoost: what is said if a disk is full, and if something else is wrong."""

import errno
import os
import re
from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.model.boosting import page_space

SHAPES = [(10, 3)]


def refuse(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system refuse to set room aside."""

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refused)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_the_room_that_is_needed(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a share of it that is used up, and a limit of the process."""
    refuse(number, monkeypatch)
    with pytest.raises(MainlineError, match=rf"pages of 1 MB into .* is no room for them \({os.strerror(number)}\)"):
        page_space.check(tmp_path, SHAPES, 256)


def test_what_is_no_lack_of_room_is_called_what_it_is(tmp_path: Path) -> None:
    """A folder that is gone is not a full disk."""
    said = rf"writes pages into {re.escape(str(tmp_path))}, and cannot \(No such file or directory\)\. Mend that"
    with pytest.raises(MainlineError, match=said):
        page_space.check(tmp_path / "pages", SHAPES, 256)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_that_sets_no_room_aside_is_asked_what_is_free(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has room for these pages, and not for those of a billion rows of a thousand columns."""
    refuse(number, monkeypatch)
    page_space.check(tmp_path, SHAPES, 256)
    with pytest.raises(MainlineError, match=r"there is no room for them \(No space left on device\)"):
        page_space.check(tmp_path, [(10**9, 1000)], 256)
