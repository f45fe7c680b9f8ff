"""What is typed: the options of a command as its module declares them, and the help that lists all commands."""

import argparse
import keyword
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from mainline import display
from mainline.errors import MainlineError, nearest

DOOR = "./mainline"
PROGRAM = DOOR if Path(DOOR).is_file() else "mainline"
"""What the program is called here: the script of a checkout, or the command of an image."""

COMMANDS = Path(__file__).parent / "commands"
Groups = Mapping[str, Iterable[str]]
"""Names of commands by the title that stands above them."""


class UsageError(MainlineError):
    """What was typed is not what the command line takes; the program then exits with 2."""


class CommandError(UsageError):
    """A word that is not a command."""

    def __init__(self, word: str, known: Iterable[str]) -> None:
        near = nearest(word, known)
        near = near if "?" in near else "call it without one for the list."
        super().__init__(f"'{word}' is not a command; {f'`make {word}` is.' if _is_target(word) else near}")


def _is_target(word: str) -> bool:
    """Say whether the Makefile here has a target of that name."""
    makefile = Path("Makefile")
    return makefile.is_file() and any(
        line.startswith(f"{word}:") for line in makefile.read_text(encoding="utf-8", errors="replace").splitlines()
    )


class OptionError(UsageError):
    """A word that a command does not take."""

    def __init__(self, word: str, command: str, options: Iterable[str], more: str) -> None:
        bare = {option.lstrip("-"): option for option in options}  # all begin with dashes: that makes none alike
        close = get_close_matches(word.lstrip("-"), bare, n=1)
        super().__init__(
            f"{command} does not take '{word}'; " + (f"did you mean '{bare[close[0]]}'?" if close else more)
        )


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are one line."""

    @property
    def more(self) -> str:
        """Say where the options stand."""
        return f"`{self.prog} --help` shows what it takes."

    def error(self, message: str) -> NoReturn:
        """Refuse what was typed.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message}; {self.more}")

    def read(self, words: Sequence[str], command: str) -> argparse.Namespace:
        """Read all words.

        Raises:
            UsageError: when one is not known, is lacking, or has a value that it may not have.
        """
        known, others = self.parse_known_args(words)
        if others:
            options = [option for action in self._actions for option in action.option_strings]
            raise OptionError(others[0].partition("=")[0], command, options, self.more)
        return known


class Formatter(argparse.HelpFormatter):
    """Help that shows the default of each option that has one, as wide as the output allows."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=display.columns() - 2)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.help and action.default not in (None, "", False, argparse.SUPPRESS):
            return f"{action.help} (default: %(default)s)"
        return action.help


def first(words: Sequence[str]) -> argparse.Namespace:
    """Read what stands before a command's own options: `command`, None without any, and `rest` after it."""
    parser = Parser(prog=PROGRAM, add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--traceback", action="store_true")
    parser.add_argument("command", nargs="?")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    return parser.read(words, "the command line")


def module_of(command: str) -> str:
    """Name the module of a command; one whose name Python keeps for itself ends in an underscore."""
    name = command.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


def names() -> list[str]:
    """Name every command."""
    return [file.stem.rstrip("_").replace("_", "-") for file in COMMANDS.glob("*.py") if file.stem != "__init__"]


def parser_of(command: str, module: ModuleType) -> Parser:
    """Make the parser of a command's own options."""
    parser = Parser(prog=f"{PROGRAM} {command}", description=module.__doc__, formatter_class=Formatter)
    module.arguments(parser)
    return parser


def read(command: str, module: ModuleType, words: Sequence[str]) -> argparse.Namespace:
    """Read a command's own options.

    Raises:
        UsageError: when they are not what the module declares.
    """
    return parser_of(command, module).read(words, command)


def add_environment(parser: argparse.ArgumentParser) -> None:
    """Add the option that names an environment."""
    parser.add_argument(
        "--environment", default="production", metavar="NAME", help="the one declared in deploy/NAME.yaml"
    )


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the follower's folder."""
    parser.add_argument(
        "--state", type=Path, metavar="FOLDER", help="the follower's folder; .mainline/ENVIRONMENT without it"
    )


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add the option that names files of labels."""
    parser.add_argument(
        "--labels", type=Path, metavar="PLACE",
        help="a .csv or .parquet file of labels, or a folder of them; src/usecase/labels.py without it",
    )  # fmt: skip


def add_packages(parser: argparse.ArgumentParser) -> None:
    """Add the option that names packages that answered."""
    parser.add_argument(
        "--package", type=Path, action="append", metavar="FOLDER", default=[],
        help="a package that answered, or a folder of them, besides models/package and the follower's",
    )  # fmt: skip


def summary_of(command: str) -> str:
    """Return the one line that a command's module begins with, without importing it."""
    with (COMMANDS / f"{module_of(command)}.py").open(encoding="utf-8") as opened:
        return opened.readline().strip().strip('"').rstrip(".")


def _listed(name: str, told: str) -> str:
    return textwrap.fill(name + told, max(display.columns(), 2 * len(name)), subsequent_indent=" " * len(name))


def overview(groups: Groups) -> str:
    """List all commands by group, each with a line."""
    width = max(len(command) for commands in groups.values() for command in commands)
    lines = [f"usage: {PROGRAM} [--traceback] COMMAND [OPTIONS]", "", "The model on main is the model in production."]
    for title, commands in groups.items():
        lines += ["", title, *(_listed(f"  {command:<{width}}  ", summary_of(command)) for command in commands)]
    return "\n".join([
        *lines, "",
        display.fold(f"`{PROGRAM} COMMAND --help`: its options. --traceback: where an error came from."),
    ])  # fmt: skip
