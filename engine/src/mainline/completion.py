"""What a shell completes after `./mainline`: commands, options and their values, written as a script of that shell.

Everything is in the script, so a key press starts no Python; only names of environments are looked up when they are
asked for.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from mainline import usage

FILES, ENVIRONMENTS = "files", "environments"
"""Values that are looked up when they are asked for; all others are words."""

_IS_PREVIEW = "grep -q '^preview *:'"
"""Says, with a file behind it, whether that is one of previews, which is not an environment."""
_NAMES = (
    f'for file in deploy/*.yaml; do [[ -f $file ]] && ! {_IS_PREVIEW} "$file" || continue; '
    "file=${file##*/}; echo ${file%.yaml}; done"
)


@dataclass(frozen=True)
class Option:
    """An option: its name with dashes, its help, and what its value may be: nothing, words, or one of the above."""

    name: str
    said: str
    value: Sequence[str] | str | None


@dataclass(frozen=True)
class Command:
    """A command with its line, its options, and the words that may stand without an option."""

    name: str
    said: str
    options: Sequence[Option]
    words: Sequence[str]


def describe(name: str, parser: argparse.ArgumentParser) -> Command:
    """Take from a parser what can be completed."""
    options = [
        Option(spelling, action.help or "", _value(action))
        for action in parser._actions
        for spelling in action.option_strings
        if spelling.startswith("--")
    ]
    words = [str(choice) for action in parser._actions if not action.option_strings for choice in action.choices or ()]
    return Command(name, usage.summary_of(name), options, words)


def _value(action: argparse.Action) -> Sequence[str] | str | None:
    if action.nargs == 0:
        return None
    if action.choices:
        return [str(choice) for choice in action.choices]
    return ENVIRONMENTS if action.dest == "environment" else FILES


def bash(commands: Sequence[Command]) -> str:
    """Write the script for Bash, 3.2 or later; a value that is a file is left to the shell's own completion."""
    cases = "\n".join(f"    {command.name})\n{_bash_command(command)} ;;" for command in commands)
    names = " ".join(command.name for command in commands)
    return f"""\
_mainline() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command= words= at
    COMPREPLY=()
    for ((at = 1; at < COMP_CWORD; at++)); do
        if [[ ${{COMP_WORDS[at]}} != -* ]]; then command=${{COMP_WORDS[at]}}; break; fi
    done
    case $command in
    '') words="{names} --help --traceback" ;;
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word")) || :
}}
complete -o default -F _mainline mainline"""


def _bash_command(command: Command) -> str:
    valued = [option for option in command.options if option.value is not None]
    cases = [f"        {option.name}) {_bash_value(option.value)} ;;" for option in valued]
    every = " ".join([*command.words, *(option.name for option in command.options)])
    return "\n".join(["        case $previous in", *cases, f'        *) words="{every}" ;;', "        esac"])


def _bash_value(value: Sequence[str] | str | None) -> str:
    if value == FILES:
        return "return"
    return f"words=$({_NAMES})" if value == ENVIRONMENTS else f'words="{" ".join(value or ())}"'


def zsh(commands: Sequence[Command]) -> str:
    """Write the script for Zsh."""
    names = "\n".join(f"        {_quoted(f'{command.name}:{command.said}')}" for command in commands)
    cases = "\n".join(f"    {command.name}) _arguments {' '.join(_zsh_words(command))} ;;" for command in commands)
    return f"""\
#compdef mainline
_mainline_environments() {{
    local -a names
    local file
    for file in deploy/*.yaml(N); do {_IS_PREVIEW} "$file" || names+=($file:t:r); done
    compadd -a names
}}
_mainline() {{
    local -a names
    names=(
{names}
    )
    if ((CURRENT == 2)); then _describe -t commands command names; return; fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
{cases}
    esac
}}
(($+functions[compdef])) || {{ autoload -Uz compinit && compinit; }}
compdef _mainline mainline"""


def _zsh_words(command: Command) -> list[str]:
    options = [_quoted(f"{option.name}[{_plain(option.said)}]{_zsh_value(option.value)}") for option in command.options]
    rest = f"({' '.join(command.words)})" if command.words else "_files"
    return [*options, _quoted(f"*::{command.name}:{rest}")]


def _zsh_value(value: Sequence[str] | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f":value:{'_files' if value == FILES else '_mainline_environments'}"
    return f":value:({' '.join(value)})"


FISH = "\\'"
"""An apostrophe inside quotes of fish."""


def fish(commands: Sequence[Command]) -> str:
    """Write the script for fish, 3.5 or later."""
    each = f"{_IS_PREVIEW} $file; or path basename $file | path change-extension ''"
    lines = [f"function __mainline_environments; for file in deploy/*.yaml; {each}; end; end",
             "complete -c mainline -n __fish_use_subcommand -f"]  # fmt: skip
    for command in commands:
        said = _quoted(command.said, FISH)
        lines.append(f"complete -c mainline -n __fish_use_subcommand -a {command.name} -d {said}")
        seen = f"complete -c mainline -n '__fish_seen_subcommand_from {command.name}'"
        lines += [f"{seen} -f -a '{' '.join(command.words)}'"] if command.words else []
        lines += [f"{seen} {_fish_option(option)}" for option in command.options]
    return "\n".join(lines)


def _fish_option(option: Option) -> str:
    said = _quoted(_plain(option.said), FISH)
    return f"-l {option.name.removeprefix('--')} -d {said}{_fish_value(option.value)}"


def _fish_value(value: Sequence[str] | str | None) -> str:
    if value is None:
        return ""
    if value == FILES:
        return " -r -F"
    if value == ENVIRONMENTS:
        return " -x -a '(__mainline_environments)'"
    return f' -x -a "{" ".join(value)}"'


def _plain(text: str) -> str:
    """Take out of a help text what a shell's own notation would read."""
    return text.translate(str.maketrans("[]:", "(),", "%`\\$"))


def _quoted(text: str, apostrophe: str = "'\\''") -> str:
    return "'" + text.replace("'", apostrophe) + "'"


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
