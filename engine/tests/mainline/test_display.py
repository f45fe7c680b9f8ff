"""What is printed at a terminal, through a pipe, and when its reader leaves."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mainline import __main__ as command_line
from mainline import display, progress, usage
from tests.project import LIMIT, Project

LEFT = (128 + signal.SIGPIPE, "")
REPORTING = """
import sys
from mainline import display
with display.watched():
    try:
        print("x" * 100_000, flush=True)
    except Exception as error:
        print(f"the work failed: {error}", file=sys.stderr)
"""


def unread(*command: str) -> tuple[int, str]:
    """Run a command whose reader is gone; return its status and what it says as an error."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, *command], stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, text=True,
            timeout=LIMIT,
        )  # fmt: skip
    finally:
        os.close(writing)
    return done.returncode, done.stderr


def test_no_handler_of_errors_reports_a_reader_that_left() -> None:
    """A library that makes a message of each exception, as DVC does, makes none of a reader that left."""
    assert unread("-c", REPORTING) == LEFT


def test_what_is_written_after_the_reader_left_goes_nowhere() -> None:
    """What still runs while the command ends, such as a clock in a thread, may print."""
    code = f"{REPORTING.replace('except Exception as error', 'finally')}".replace(
        'f"the work failed: {error}", ', '"", '
    )
    assert unread("-c", code.replace("file=sys.stderr", "flush=True")) == LEFT


@pytest.mark.parametrize("last", ["  metrics/tuning.csv was", "Running train"])
def test_a_pipeline_whose_reader_leaves_ends_in_silence(last: str, timeless_project: Project, tmp_path: Path) -> None:
    """DVC and the stage that runs then say nothing of it, and of what git holds nothing is gone."""
    twin = timeless_project.twin(tmp_path / "twin")
    twin.declare(seed=7)
    assert leaving(twin, last, "repro") == LEFT
    declared = (twin.path / "dvc.yaml").read_text()
    assert [name for name in twin.run("git", "ls-files", "--deleted").stdout.split() if name in declared] == []


def test_a_rebuild_whose_reader_leaves_ends_in_silence(timeless_project: Project) -> None:
    """A program that prints in the place of a command, as DVC does for `verify`, says nothing of it either."""
    assert leaving(timeless_project, "Running stage 'ingest'", "verify") == LEFT


def leaving(at: Project, last: str, *command: str) -> tuple[int, str]:
    """Run a command whose reader leaves after the line that begins so; return its status and what it says as an error.

    Args:
        at: where it runs.
        last: the beginning of the line; '' to leave before the first one.
        command: what runs.
    """
    words = [sys.executable, "-m", "mainline", *command]
    with subprocess.Popen(
        words, cwd=at.path, env=at.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stderr is not None
        found = not last
        while not found and (line := running.stdout.readline()):
            found = line.startswith(last)
        assert found, f"no line begins with {last}"
        running.stdout.close()
        said = running.stderr.read()
        return running.wait(LIMIT), said


def test_a_reader_is_looked_for_without_a_write() -> None:
    """Only a pipe whose other end is closed has nobody who reads."""
    code = "from mainline import display; display.check_reader()"
    assert unread("-c", code) == LEFT
    for output in (subprocess.PIPE, subprocess.DEVNULL):
        subprocess.run([sys.executable, "-c", code], stdout=output, timeout=LIMIT, check=True)


@pytest.mark.parametrize("command", command_line.NAMES)
def test_every_command_ends_in_silence_behind_head(command: str) -> None:
    """Whatever a command prints to a reader that left, no traceback follows."""
    assert unread("-m", "mainline", command, "--help") == LEFT


@pytest.mark.parametrize(
    ("is_terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": ""}, True),  # no-color.org: only a value that is not empty counts
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": ""}, False),
        (True, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    is_terminal: bool, variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colours are shown at a terminal that has them, and wherever FORCE_COLOR asks, unless NO_COLOR says no."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert display.is_coloured() is coloured


@pytest.mark.parametrize(
    ("is_terminal", "asked", "columns", "page"),
    [
        (True, "60", 60, 60),
        (True, "220", 220, 100),
        (False, "60", 60, 60),
        (False, "", display.ENDLESS, display.ENDLESS),
        (False, "0", display.ENDLESS, display.ENDLESS),
        (False, "many", display.ENDLESS, display.ENDLESS),
        (True, "1", 20, 20),
    ],
)
def test_lines_are_as_wide_as_asked(
    is_terminal: bool, asked: str, columns: int, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COLUMNS counts everywhere; without it a pipe gets lines that nothing breaks; text is a page wide at most."""
    monkeypatch.setenv("COLUMNS", asked)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert (display.columns(), display.page()) == (columns, page)


def test_long_lines_are_broken_at_a_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal a row goes on below, further in, and no word is cut; through a pipe it stays one line."""
    row = "  a command       what it does, which takes more room than there is"
    monkeypatch.setenv("COLUMNS", "40")
    assert display.fold(f"title\n{row}").splitlines() == [
        "title",
        "  a command       what it does, which",
        "      takes more room than there is",
    ]
    monkeypatch.setenv("COLUMNS", "")
    assert display.fold(row) == row


def test_nothing_is_printed_over_on_a_dumb_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal that cannot go back, such as an editor's, gets lines instead of a line that is redrawn."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name, redrawn in (("dumb", False), ("xterm", True)):
        monkeypatch.setenv("TERM", name)
        assert list(progress.each([1, 2], "reading")) == [1, 2]
        with progress.clock("fitting"):
            pass
        assert ("\033" in capsys.readouterr().out) is redrawn


def test_help_is_as_wide_as_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Through a pipe each option of `--help` is one line, which grep finds whole; COLUMNS breaks it."""
    shown = []
    for asked in ("", "60"):
        monkeypatch.setenv("COLUMNS", asked)
        with pytest.raises(SystemExit, match="0"):
            command_line.main(["gate", "--help"])
        shown.append(capsys.readouterr().out.splitlines())
    assert any("--environment NAME" in line and "each one's without it" in line for line in shown[0])
    assert max(map(len, shown[1])) <= 60


def test_what_is_written_without_a_buffer_stays_so() -> None:
    """With PYTHONUNBUFFERED, as in the image, a line through a pipe is there before what is written after it."""
    code = "import os\nfrom mainline import display\nwith display.watched():\n    print('one')\n    os.write(1, b'two')"
    done = subprocess.run([sys.executable, "-u", "-c", code], capture_output=True, timeout=LIMIT, check=True)
    assert done.stdout == b"one\ntwo"


def test_closed_output_is_not_a_failure() -> None:
    """Started with its standard output closed, as by `>&-`, a command does its work and ends in silence."""
    command = [sys.executable, "-m", "mainline", "--help"]
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_line_in_place_is_cut_to_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Progress that took a second line could not be written over, and would stay there at every step."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(progress, "REFRESH", 0.001)
    ticks = threading.Event()
    written = progress._redraw
    monkeypatch.setattr(progress, "_redraw", lambda *words: (written(*words), ticks.set()))
    for _ in progress.each(["a long name " * 9], "prepare"):
        pass
    with progress.clock("fitting HistGradientBoostingRegressor on 188,971 rows"):
        assert ticks.wait(LIMIT)
        ticks.clear()
        assert ticks.wait(LIMIT)
    lines = capsys.readouterr().out.split(progress.CLEAR)
    assert max(map(len, lines)) == 39
    assert any(re.search(r" \.\.\. \d+ s$", line) for line in lines)


def test_the_list_of_commands_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit beside a command goes on below its beginning, not at the edge."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = usage.overview({"Group": ["try", "github-deployments"]}).splitlines()
    assert max(map(len, lines)) <= 60
    assert any(line.startswith(" " * 22) and line.strip() for line in lines)
