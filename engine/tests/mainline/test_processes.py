"""Programs that are run: with a limit, and ended with all that they started."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainline import processes
from mainline.display import STATUS, ReaderLeft
from mainline.processes import SecondsError
from mainline.repository import git
from mainline.repository.git import GitError
from tests.mainline.serving.running import lives, wait_for
from tests.project import LIMIT, ROOT, SEARCH_PATH

FOREVER = "import os, pathlib, time; pathlib.Path({!r}).write_text(str(os.getpid())); time.sleep(3600)"


def nested(file: Path) -> list[str]:
    """Return a program that starts another one, which writes its number and never ends."""
    return [
        sys.executable,
        "-c",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FOREVER.format(str(file))!r}])",
    ]


def number(file: Path) -> int:
    """Return the number that a program wrote."""
    wait_for(lambda: file.exists() and file.read_text() != "", LIMIT)
    return int(file.read_text())


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a server that accepts and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_program_at_its_limit_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """The programs that it started end too, such as those that speak a protocol for git."""
    path, command = SEARCH_PATH, nested(tmp_path / "number")
    script = f"import sys; sys.path.insert(0, {path!r})\nfrom mainline import processes; processes.run({command!r}, 5)"
    done = subprocess.run(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert "TimeoutExpired" in done.stderr
    wait_for(lambda: not lives(number(tmp_path / "number")))


def test_result_of_a_program_is_told() -> None:
    """Status, output and errors come back, and what is given is read."""
    code = "import sys; print(sys.stdin.read().upper()); print('bad', file=sys.stderr); sys.exit(3)"
    done = processes.run([sys.executable, "-c", code], LIMIT, "word", text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "WORD\n", "bad\n")


def test_closing_ends_what_other_threads_wait_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a process nothing that it started goes on, and nothing new is started."""
    monkeypatch.setattr(processes, "_closed", False)
    ended: list[int] = []
    thread = threading.Thread(target=lambda: ended.append(processes.run(nested(tmp_path / "n"), LIMIT).returncode))
    thread.start()
    running = number(tmp_path / "n")
    processes.close()
    thread.join(LIMIT)
    assert ended
    wait_for(lambda: not lives(running))
    with pytest.raises(subprocess.TimeoutExpired, match="timed out"):
        processes.run([sys.executable, "-c", "pass"], LIMIT)


@pytest.mark.parametrize("scheme", ["git", "http"])
def test_git_server_that_never_answers_is_an_error(deaf: str, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Whatever is asked of it, git is ended at its limit, and one line says how to allow more."""
    monkeypatch.setenv("MAINLINE_GIT_SECONDS", "1")
    with pytest.raises(GitError, match=r"`git ls-remote` had no answer within 1 s and was ended\. Try again; MAINLINE"):
        git.git("ls-remote", f"{scheme}://{deaf}/a.git")


def test_limit_that_is_not_a_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named with what it may be."""
    for value in ("soon", "0", "-1"):
        monkeypatch.setenv("MAINLINE_GIT_SECONDS", value)
        with pytest.raises(SecondsError, match=f"MAINLINE_GIT_SECONDS is '{value}'; it is a number of seconds"):
            git.git("version")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_follower_of_a_deaf_server_ends_with_its_programs(deaf: str, tmp_path: Path, number: int) -> None:
    """While git waits the follower ends at once, twice told or once, and git with it; nothing half-fetched stays."""
    command = [sys.executable, "-m", "mainline", "follow", f"git://{deaf}/a.git", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": SEARCH_PATH},
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as follower:  # fmt: skip
        wait_for(lambda: bool(children(follower.pid)), LIMIT)
        left = children(follower.pid)
        follower.send_signal(number)
        follower.send_signal(number)
        assert follower.wait(LIMIT) == 0
        assert follower.stderr is not None
        assert "Traceback" not in follower.stderr.read()
    wait_for(lambda: not any(map(lives, left)))
    assert not [path for path in (tmp_path / "state").iterdir() if path.name.startswith(".clone-")]


def children(parent: int) -> list[int]:
    """Return the processes that a process started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_what_is_shown_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    """The lines of a program come where this one prints, and its status is returned."""
    assert processes.show([sys.executable, "-c", "print('one'); print('two'); raise SystemExit(3)"]) == 3
    assert capfd.readouterr().out == "one\ntwo\n"


def test_what_is_shown_ends_with_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that leaves ends the program, which does not learn why."""
    numbers = []

    class Left(io.StringIO):
        def write(self, line: str) -> int:
            numbers.append(int(line))
            raise ReaderLeft

    monkeypatch.setattr(sys, "stdout", Left())
    with pytest.raises(ReaderLeft, match=str(STATUS)):
        processes.show([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(3600)"])
    assert not processes._running
    assert not lives(numbers[0])
