"""Which failures are expected though nobody raised them on purpose, and what is said of them."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mainline import __main__ as command_line
from mainline import processes
from mainline.commands import look, summary
from mainline.errors import MainlineError, SourceError
from mainline.faults import COMMAND, explain
from usecase import features


def raised(fail: Callable[[], object]) -> Exception:
    """Return what a call raises, with its traceback."""
    try:
        fail()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_too_little_memory_is_one_line() -> None:
    """An array that no machine holds is said with its size, and with what to declare instead."""
    said = str(explain(raised(lambda: np.zeros((2**40, 2**19)))))
    assert said.startswith("out of memory (Unable to allocate 4.00 EiB for an array with shape (1099511627776, 524288)")
    assert said.endswith(
        "Declare less data, fewer features or another estimator, or run it on a machine with more memory."
    )


def test_code_of_the_use_case_that_fails_is_named_with_its_line() -> None:
    """Whatever a function of the use case raises is one line with file, line and error."""
    said = str(explain(raised(lambda: features.compute({}, {}))))
    line = next(
        number
        for number, text in enumerate(Path(features.__file__).read_text().splitlines(), start=1)
        if 'tables["weather"]' in text
    )
    assert said.startswith(f"src/usecase/features.py, line {line}: KeyError: 'weather'. Correct it, or what it reads; ")


@pytest.mark.parametrize(
    ("outer", "said"),
    [(None, "./mainline --traceback look 'my table.csv'"), ("try --depth 2", "./mainline --traceback try --depth 2")],
)
def test_command_that_shows_the_traceback_is_the_one_that_was_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], outer: str | None, said: str
) -> None:
    """Code of the use case also fails outside of `repro`; the command is named whole, also by what it started."""
    monkeypatch.delenv(COMMAND, raising=False)
    if outer:
        monkeypatch.setenv(COMMAND, outer)
    monkeypatch.setattr(look, "run", lambda _: features.compute({}, {}))
    assert command_line.main(["look", "my table.csv"]) == 1
    assert f"`{said}` shows its traceback." in capsys.readouterr().err
    assert os.environ.get(COMMAND) == outer


@pytest.mark.parametrize("command", [None, "stage"])
def test_stage_that_dvc_runs_names_repro(monkeypatch: pytest.MonkeyPatch, command: str | None) -> None:
    """`dvc repro` is no command of ours; `./mainline repro` shows the same failure."""
    monkeypatch.delenv(COMMAND, raising=False)
    if command:
        monkeypatch.setenv(COMMAND, command)
    assert "`./mainline --traceback repro` shows" in str(explain(raised(lambda: features.compute({}, {}))))


def test_a_name_that_the_use_case_does_not_offer_is_said() -> None:
    """A function that is asked of a module and is not there is said with where the contract is."""
    said = str(explain(raised(lambda: features.no_such_thing)))  # type: ignore[attr-defined]
    assert said.startswith("src/usecase/features.py offers no 'no_such_thing'; engine/src/mainline/contract.py lists")


def test_a_file_of_the_use_case_that_is_no_python_is_named(tmp_path: Path) -> None:
    """A syntax error is said with the file and the line of the use case."""
    file = tmp_path / "src/usecase/scoring.py"
    said = str(explain(raised(lambda: compile("a = 1\nb = (\n", str(file), "exec"))))
    assert said.startswith("src/usecase/scoring.py, line 2: SyntaxError: '(' was never closed")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import pandas; pandas.to_datetime('2001-10-01', format='%d.%m.%Y')", 'match format "%d.%m.%Y". Correct it'),
        ("raise ValueError('word ' * 100)", "word word …. Correct it"),
        ("raise ValueError('x' * 400)", "xxx …. Correct it"),
        ("raise ValueError('It is full.')", "ValueError: It is full. Correct it"),
    ],
    ids=["advice of pandas", "too long", "without a space", "with a stop"],
)
def test_error_of_the_use_case_ends_where_its_sense_does(code: str, said: str) -> None:
    """Advice of pandas is left out; what is too long is cut, and says so."""
    code_of = compile(code, "/fork/src/usecase/source.py", "exec")
    assert said in str(explain(raised(lambda: exec(code_of))))  # noqa: S102 - code of this test


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a;when\\n1;2", "KeyError: 'when' (the table has 1 column: 'a;when'). Correct it"),
        ("a,moment\\n1,2", "KeyError: 'when' (the table has 2 columns: 'a', 'moment'). Correct it"),
    ],
    ids=["another separator", "another name"],
)
def test_column_that_a_table_lacks_is_said_with_those_that_it_has(text: str, said: str) -> None:
    """A file that another program saved shows by its columns what is other about it."""
    read = f"import io; import pandas; pandas.read_csv(io.StringIO('{text}'))['when']"
    code_of = compile(read, "/fork/src/usecase/source.py", "exec")
    assert said in str(explain(raised(lambda: exec(code_of))))  # noqa: S102 - code of this test


def test_code_in_a_folder_of_the_use_case_is_named(tmp_path: Path) -> None:
    """A use case may have folders of its own; a failure is said with the whole path and the innermost line of it."""
    file = tmp_path / "src/usecase/weather/rows.py"
    code = compile("def read():\n    return row()\n\ndef row():\n    return {}['gone']\n", str(file), "exec")
    names: dict[str, Callable[[], object]] = {}
    exec(code, names)  # noqa: S102 - code of this test
    assert str(explain(raised(names["read"]))).startswith("src/usecase/weather/rows.py, line 5: KeyError: 'gone'. ")


def test_a_module_that_the_use_case_lacks_is_said() -> None:
    """The folder that lacks a module is named, and not a file that there is none of."""
    said = str(explain(raised(lambda: exec("from usecase import no_such_module"))))  # noqa: S102 - as a caller would
    assert said.startswith("src/usecase cannot be imported: cannot import name 'no_such_module' from 'usecase'")


def test_a_file_that_cannot_be_opened_is_one_line() -> None:
    """An error of the system is said with its file."""
    said = str(explain(raised(lambda: Path("/nowhere/at/all").read_bytes())))
    assert said == "[Errno 2] No such file or directory: '/nowhere/at/all'. Is the disk full, or a file not readable?"


def test_memory_that_the_system_refuses_is_too_little_memory() -> None:
    """A process that cannot be started for want of memory is said as any other want of it."""
    said = str(explain(OSError(errno.ENOMEM, "Cannot allocate memory")))
    assert said.startswith("out of memory ([Errno 12] Cannot allocate memory). Declare less data")


def test_an_error_of_the_system_that_is_of_no_file_names_no_disk() -> None:
    """An address that is taken or unknown is said alone; no disk and no file has to do with it."""
    for error in (OSError(errno.EADDRINUSE, "Address already in use"), socket.gaierror(-2, "Name not known")):
        assert str(explain(error)) == f"{error}."


def test_a_server_that_does_not_answer_is_asked_after() -> None:
    """A connection that fails is said with what to look at."""
    said = str(explain(raised(lambda: socket.create_connection(("127.0.0.1", 0), 1))))
    assert said.endswith(". Is it there, and may it be asked?")


def test_a_program_that_does_not_end_is_named() -> None:
    """A program that was ended at its limit is said with its first words, and without the folder that it lies in."""
    said = str(explain(raised(lambda: processes.run(["/bin/sleep", "3600", "1", "2", "3"], 0.1))))
    assert said == "`sleep 3600 1 2` did not end within 0.1 s and was ended. Try again."


def test_an_expected_error_is_said_as_it_is() -> None:
    """What was raised on purpose keeps its words."""
    error = SourceError("no data for 2014-01.")
    assert explain(error) is error


def test_a_bug_is_not_explained() -> None:
    """An error that comes from nobody's input keeps its traceback."""
    assert explain(raised(lambda: [][0])) is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "mainline: out of memory. Declare less data"),
        (OSError(28, "No space left on device"), "mainline: [Errno 28] No space left on device. Is the disk full"),
        (MainlineError("no."), "mainline: no."),
    ],
    ids=["memory", "disk", "expected"],
)
def test_every_command_ends_in_one_line(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line prints an expected failure as one line and exits with 1, whatever the command."""

    def fail(_: object) -> str:
        raise error

    monkeypatch.setattr(summary, "run", fail)
    assert command_line.main(["summary"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)


def test_a_bug_in_a_command_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is broken says where."""
    monkeypatch.setattr(summary, "run", lambda _: str([][0]))
    with pytest.raises(IndexError, match="list index out of range"):
        command_line.main(["summary"])
