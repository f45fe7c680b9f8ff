"""Files of JSON lines that a kill left behind."""

import os
import time
from pathlib import Path

import pytest

from mainline.serving import json_lines


@pytest.mark.parametrize("content", [b"", b"a", b"\n", b"ab\n", b"ab\ncdefghijk", b"\n" + b"x" * 9, b"abc\ndef\ng"])
def test_half_a_line_is_cut_off_wherever_it_begins(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read from its end, in pieces: what stays ends with the last whole line."""
    monkeypatch.setattr(json_lines, "_PIECE", 4)
    file = tmp_path / "log"
    file.write_bytes(content)
    json_lines.cut_half_line(file)
    assert file.read_bytes() == content[: content.rfind(b"\n") + 1]


@pytest.mark.parametrize(("age", "left"), [(0, b"a\nhalf"), (60, b"a\n")])
def test_half_line_of_a_file_that_is_still_written_stays(tmp_path: Path, age: int, left: bytes) -> None:
    """What looks like half a line may be one that another server is writing."""
    file = tmp_path / "log"
    file.write_bytes(b"a\nhalf")
    now = time.time() - age
    os.utime(file, (now, now))
    json_lines.cut_half_line(file, idle=30)
    assert file.read_bytes() == left
