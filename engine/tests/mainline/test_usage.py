"""What is listed, what `--help` shows, and how the modules of commands stand to all others."""

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from mainline import __main__ as command_line
from mainline import usage
from mainline.repository.imports import ROOTS
from tests.project import ENGINE, LIMIT, ROOT

SOURCE = ROOT / ROOTS["mainline"] / "mainline"


def test_every_module_is_in_the_table_once() -> None:
    """Each module of `commands/` is a command of one group, and each command has a module."""
    modules = {file.stem for file in usage.COMMANDS.glob("*.py")} - {"__init__"}
    assert sorted(map(usage.module_of, command_line.NAMES)) == sorted(modules)
    assert set(command_line.NAMES) >= command_line.ANYWHERE


@pytest.mark.parametrize("command", command_line.NAMES)
def test_the_help_of_a_command_is_its_docstring_and_its_options(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The docstring is one line and the one that is listed; `--help` has at most 100 columns and says each option."""
    monkeypatch.setenv("COLUMNS", "100")
    module = import_module(f"mainline.commands.{usage.module_of(command)}")
    assert module.__doc__ == f"{usage.summary_of(command)}."
    with pytest.raises(SystemExit, match="0"):
        command_line.main([command, "--help"])
    shown = capsys.readouterr().out
    assert module.__doc__ in shown
    assert max(map(len, shown.splitlines())) <= 100
    parser = usage.parser_of(command, module)
    assert [action.dest for action in parser._actions if not action.help] == []


def test_a_default_is_shown() -> None:
    """An option that has a value without being named says which; one that is off or empty says nothing."""
    shown = usage.parser_of("clean", import_module("mainline.commands.clean")).format_help()
    assert "keep what is younger (default: 7.0)" in shown
    assert shown.count("default") == 1


def test_all_commands_are_listed_by_group_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command, and with `--help` before one, each one stands under its group with a line."""
    shown = []
    for words in ([], ["--help"], ["--help", "gate"]):
        assert command_line.main(words) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] == shown[2]
    *lines, _, last = shown[0].splitlines()
    assert max(map(len, [*lines, last])) <= 80
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert listed == list(command_line.NAMES)
    assert set(command_line.COMMANDS) <= set(lines)


def test_the_list_imports_no_command() -> None:
    """Whoever asks for the list waits for no library."""
    code = "import sys; from mainline.__main__ import main; main([]); print(*sys.modules, sep='\\n', file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=True)
    loaded = ran.stderr.split()
    assert [name for name in loaded if name.startswith("mainline.commands.")] == []
    assert {"numpy", "pydantic", "yaml", "dvc"} & set(loaded) == set()


def test_the_help_of_a_command_waits_for_no_large_library() -> None:
    """What takes a second to import is imported when a command runs."""
    code = "import sys; from mainline import __main__, usage; [__main__.import_module('mainline.commands.'"
    code += "+ usage.module_of(name)) for name in __main__.NAMES]; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=True)
    assert {"sklearn", "pandas", "scipy", "pyarrow", "dvc"} & set(ran.stdout.split()) == set()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("gaet", "did you mean 'gate'?"),
        ("signing_key", "did you mean 'signing-key'?"),
        ("xyz", "call it without one for the list."),
    ],
)
def test_a_mistyped_command_is_told_the_nearest(word: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A word that is near to a command names it; any other one is told of the list."""
    assert command_line.main([word]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mainline: '{word}' is not a command; ")
    assert line.endswith(said)


def test_from_a_subfolder_a_command_says_where_the_top_is() -> None:
    """The door of a checkout works from anywhere in it, and a command that needs the top says so in one line."""
    environment = {**os.environ, "VENV": sys.prefix}
    ran = subprocess.run(
        ["../mainline", "gate"], cwd=ENGINE, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"mainline: this is not the top of the repository. `cd {ROOT}` and run it there.\n"


def test_nobody_imports_a_command() -> None:
    """Commands are on top: what two of them share belongs to a room below."""
    assert [line for file in sorted(SOURCE.rglob("*.py")) for line in commands_imported_by(file)] == []


def commands_imported_by(file: Path) -> list[str]:
    """Name each module of `commands/` that a file imports, inside functions too."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = [
        *(alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names),
        *(
            f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ),
    ]
    return [f"{file.relative_to(SOURCE)}: {name}" for name in imported if name.startswith("mainline.commands")]


def test_a_target_of_the_makefile_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some names are those of `make` alone, such as check; without a Makefile nothing is said of it."""
    monkeypatch.chdir(tmp_path)
    assert str(usage.CommandError("check", ["gate"])) == "'check' is not a command; call it without one for the list."
    (tmp_path / "Makefile").write_text("check: ## Check\n\truff\n", encoding="utf-8")
    assert str(usage.CommandError("check", ["gate"])) == "'check' is not a command; `make check` is."
    assert "did you mean 'gate'?" in str(usage.CommandError("gat", ["gate"]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gate", "--enviroment", "x"], "gate does not take '--enviroment'; did you mean '--environment'?"),
        (["gate", "--xyz"], "gate does not take '--xyz'; `./mainline gate --help` shows what it takes."),
        (["history", "--since"], "history does not take '--since'; `./mainline history --help` shows what it takes."),
        (["history", "-jsn"], "history does not take '-jsn'; did you mean '--json'?"),
        (["gate", "much"], "gate does not take 'much'; `./mainline gate --help` shows what it takes."),
        (["accept", "schema"], "the following arguments are required: --reason; `./mainline accept --help` shows"),
        (["delivery", "--days", "-1"], "argument --days: '-1' is not a number of days above 0; `./mainline delivery"),
        (["delivery", "--days", "few"], "argument --days: 'few' is not a number of days above 0; `./mainline"),
        (["--tracebck", "gate"], "the command line does not take '--tracebck'; did you mean '--traceback'?"),
    ],
)
def test_what_a_command_does_not_take_is_said_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option, a word or a value that is wrong is named with the nearest one, or with where the right ones stand."""
    monkeypatch.setattr(usage, "PROGRAM", usage.DOOR)
    assert command_line.main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mainline: {said}")
