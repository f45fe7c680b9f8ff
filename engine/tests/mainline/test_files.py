"""Files replaced whole."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mainline import files


@pytest.mark.parametrize(("content", "found"), [("ä\n", b"\xc3\xa4\n"), (b"\xff\0", b"\xff\0")])
@pytest.mark.parametrize("durable", [False, True])
def test_content_is_what_was_given(tmp_path: Path, content: str | bytes, found: bytes, durable: bool) -> None:
    """Text and bytes arrive as they are, in a folder that is made, and nothing stays beside the file."""
    file = tmp_path / "folder" / "file"
    files.replace(file, "before")
    files.replace(file, content, durable=durable)
    assert file.read_bytes() == found
    assert list(file.parent.iterdir()) == [file]


def test_the_file_before_stays_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended right before the rename, the old content is there; the next call is not disturbed by what was left."""
    file = tmp_path / "file"
    files.replace(file, "before")

    def end(*_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", end)
        with pytest.raises(KeyboardInterrupt):
            files.replace(file, "after")
    assert file.read_text() == "before"
    files.replace(file, "after")
    assert file.read_text() == "after"


@pytest.mark.parametrize("mode", [0o600, 0o444])
def test_permissions_are_right_from_the_first_moment(
    tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file never has wider permissions than it is to have, not even under its other name."""
    seen = []
    original = os.fdopen

    def look(descriptor: int, *arguments: Any) -> object:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return original(descriptor, *arguments)

    monkeypatch.setattr(os, "fdopen", look)
    files.replace(tmp_path / "file", "secret", mode=mode)
    assert seen == [mode]
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
