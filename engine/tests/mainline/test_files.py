"""Files replaced whole."""

import os
import stat
import subprocess
import sys
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


def fill_half(file: Path) -> None:
    """Write half of a file beside its place and break."""
    with files.replacing(file) as target:
        target.write_text("half")
        raise OSError("disk full")


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """When the writer breaks half way, what was there stays, with nothing beside it."""
    file = tmp_path / "file"
    files.replace(file, "before")
    with pytest.raises(OSError, match="disk full"):
        fill_half(file)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_what_another_process_begins_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renamed into place, a file has no other name by then: what has it is of another process."""
    file = tmp_path / "file"
    original = Path.replace

    def and_begin(self: Path, target: Path) -> Path:
        moved = original(self, target)
        self.write_text("of another")
        return moved

    monkeypatch.setattr(Path, "replace", and_begin)
    files.replace(file, "own")
    assert (tmp_path / ".file.partial").read_text() == "of another"


def test_failed_first_write_leaves_nothing(tmp_path: Path) -> None:
    """When the writer breaks and nothing was there, nothing is there."""
    with pytest.raises(OSError, match="disk full"):
        fill_half(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """While the writer works, its target is not there yet."""
    file = tmp_path / "file"
    with files.replacing(file) as target:
        target.write_text("whole")
        assert not file.exists()
    assert file.read_text() == "whole"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """A named pipe hands its reader the content and stays a pipe: nothing is renamed over it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        files.replace(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("sent", ["file", "pipe"])
def test_standard_output_stays_a_link(tmp_path: Path, sent: str) -> None:
    """A link to standard output, as `/dev/stdout` is one, is written through, also if it is sent to a file."""
    link = tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/1")
    code = "import sys, pathlib; from mainline import files; files.replace(pathlib.Path(sys.argv[1]), 'through')"
    with (tmp_path / "file").open("wb") as file:
        target = file if sent == "file" else subprocess.PIPE
        ran = subprocess.run([sys.executable, "-P", "-c", code, link], stdout=target, check=True, timeout=60)
    assert (ran.stdout or (tmp_path / "file").read_bytes()) == b"through"
    assert link.is_symlink()


def test_what_standard_output_holds_stays(tmp_path: Path) -> None:
    """Sent to a file, content comes behind what is there and before what is printed later."""
    link, file = tmp_path / "stdout", tmp_path / "file"
    link.symlink_to("/proc/self/fd/1")
    file.write_text("before,")
    code = "import sys, pathlib; from mainline import files; files.replace(pathlib.Path(sys.argv[1]), 'through,')"
    with file.open("ab") as target:
        subprocess.run(
            [sys.executable, "-P", "-c", f"{code}; print('after')", link], stdout=target, check=True, timeout=60
        )
    assert file.read_text() == "before,through,after\n"


def test_a_folder_is_refused_and_stays(tmp_path: Path) -> None:
    """A path of a folder is an error of the system's own, and nothing is left beside it."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="folder"):
        files.replace(tmp_path / "folder", "content")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]
