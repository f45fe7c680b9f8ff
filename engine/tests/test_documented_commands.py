"""What documents, messages and workflows tell people and machines to type is taken by the command line."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import takewhile

import pytest

from mainline import __main__ as command_line
from mainline import usage
from tests.project import ENGINE, FLIGHTS, ROOT

TEXTS = sorted(
    {
        FLIGHTS / "params.yaml",
        FLIGHTS / "dvc.yaml",
        ROOT / ".ci/run",
        ROOT / "Makefile",
        ENGINE / "Makefile",
        *FLIGHTS.glob("deploy/*.yaml"),
        *ROOT.glob(".github/**/*.md"),
        *ROOT.glob(".github/**/*.yml"),
        *FLIGHTS.glob("src/**/*.py"),
        *ENGINE.glob("*.md"),
        *ENGINE.glob("docs/*.md"),
        *ENGINE.glob("*/README.md"),
        *ENGINE.glob("ci/*"),
        *ENGINE.glob("container/*"),
        *ENGINE.glob("src/**/*.py"),
    }
    - {ENGINE / "CHANGELOG.md"}  # what was, by its name of then
)

QUOTED = re.compile(r"`(?:\$ )?\./mainline ([^`\n\\\"]+)`")
IN_A_BLOCK = re.compile(r"^\s*(?:- run: |run: |\$ |@|exec )?\./mainline ([^`\n]+)", re.MULTILINE)
VALUE = re.compile(r"\"\$@\"|\$\(\w+\)|\"?\$\{?\w+\}?\"?|\{[^}]*\}|\bN\b|\bNUMBER\b|\bDAYS\b")
"""What stands for a value, also for one that must be a number."""
BRACKETS = str.maketrans("", "", "[]")


def typed(text: str) -> Iterator[str]:
    """Yield what follows `./mainline` in code that is quoted, in lines of a shell and in steps of a workflow."""
    yield from QUOTED.findall(text)
    yield from IN_A_BLOCK.findall(text)


def problem(line: str) -> str:
    """Say why a command is not taken as it is written; '' if it is."""
    lexer = shlex.shlex(VALUE.sub("1", line.translate(BRACKETS)), posix=True, punctuation_chars="|;&>")
    lexer.whitespace_split = True
    given = usage.first([*takewhile(lambda word: word[0] not in "|;&>", lexer)])
    if given.command in (None, "COMMAND"):
        return ""
    if given.command not in command_line.NAMES:
        return f"there is no {given.command}"
    if not given.rest:  # the command is spoken of
        return ""
    module = import_module(f"mainline.commands.{usage.module_of(given.command)}")
    try:
        usage.read(given.command, module, given.rest)
    except usage.UsageError as refused:
        return str(refused)
    except SystemExit:  # of --help
        return ""
    return ""


def found(look: Callable[[str], Iterable[str]]) -> dict[str, list[str]]:
    """Return what a look at each text finds, by the text's name."""
    looked = {str(path.relative_to(ROOT)): [*look(path.read_text(encoding="utf-8"))] for path in TEXTS}
    return {name: lines for name, lines in looked.items() if lines}


def test_what_is_written_can_be_typed() -> None:
    """Each command that a text names exists, and takes the options that are written behind it."""
    assert found(lambda text: [f"{line}: {said}" for line in typed(text) if (said := problem(line))]) == {}


def test_there_is_one_door() -> None:
    """Commands are written `./mainline X`; make takes no variable but VERSION, and nothing names Python's module."""
    names = "|".join(command_line.NAMES)
    other = re.compile(
        rf"python -m mainline (?:{names})|^(?:\$ )?mainline (?:{names})\b|`mainline (?:{names})\b", re.MULTILINE
    )
    assert found(other.findall) == {}
    assert found(re.compile(r"make [a-z-]+ (?!VERSION|CML_SOURCE)[A-Z_]+=").findall) == {}


def test_a_server_names_no_file_of_a_checkout() -> None:
    """A server or a follower names what runs beside it without a path: an image has no `./mainline`."""
    beside = re.compile(rf"\./mainline (?:{'|'.join(sorted(command_line.ANYWHERE))})\b")
    said = found(beside.findall)
    assert [name for name in said if "/mainline/serving/" in name or "/mainline/rollout/" in name] == []


@pytest.mark.parametrize("line", ["gaet", "gate --enviroment staging", "clean --older-than week", "sign"])
def test_another_command_is_found(line: str) -> None:
    """A name, an option and a value that the command line refuses are refused here; a bare name is spoken of."""
    assert bool(problem(line)) == (line != "sign")
