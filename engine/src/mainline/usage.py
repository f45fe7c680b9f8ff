"""What is typed: the options of a command as its module declares them, and the help that lists all commands."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

from mainline.errors import MainlineError, nearest

DOOR = "./mainline"
PROGRAM = DOOR if Path(DOOR).is_file() else "mainline"
"""What the program is called here: the script of a checkout, or the command of an image."""

COMMANDS = Path(__file__).parent / "commands"
Groups = Mapping[str, Iterable[str]]
"""Names of commands by the title that stands above them."""


class CommandError(MainlineError):
    """A word that is not a command."""

    def __init__(self, word: str, known: Iterable[str]) -> None:
        near = nearest(word, known)
        super().__init__(f"'{word}' is not a command; {near if '?' in near else 'call it without one for the list.'}")


class Formatter(argparse.HelpFormatter):
    """Help that shows the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.help and action.default not in (None, "", False, argparse.SUPPRESS):
            return f"{action.help} (default: %(default)s)"
        return action.help


def first(given: list[str] | None) -> argparse.Namespace:
    """Read what stands before a command's own options: `command`, None without any, and `rest` after it."""
    parser = argparse.ArgumentParser(prog=PROGRAM, add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--traceback", action="store_true")
    parser.add_argument("command", nargs="?")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    return parser.parse_args(given)


def module_of(command: str) -> str:
    """Name the module of a command."""
    return command.replace("-", "_")


def parser_of(command: str, module: ModuleType) -> argparse.ArgumentParser:
    """Make the parser of a command's own options."""
    parser = argparse.ArgumentParser(prog=f"{PROGRAM} {command}", description=module.__doc__, formatter_class=Formatter)
    module.arguments(parser)
    return parser


def summary_of(command: str) -> str:
    """Return the one line that a command's module begins with, without importing it."""
    with (COMMANDS / f"{module_of(command)}.py").open(encoding="utf-8") as opened:
        return opened.readline().strip().strip('"').rstrip(".")


def overview(groups: Groups) -> str:
    """List all commands by group, each with a line."""
    width = max(len(command) for commands in groups.values() for command in commands)
    lines = [f"usage: {PROGRAM} [--traceback] COMMAND [OPTIONS]", "", "The model on main is the model in production."]
    for title, commands in groups.items():
        lines += ["", title, *(f"  {command:<{width}}  {summary_of(command)}" for command in commands)]
    return "\n".join([
        *lines, "",
        f"`{PROGRAM} COMMAND --help`: its options. --traceback: where an error came from.",
    ])  # fmt: skip
