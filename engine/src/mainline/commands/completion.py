"""Let a shell complete commands and options."""

import argparse
from importlib import import_module

from mainline import completion, usage


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("shell", choices=completion.SHELLS, help="whose script is printed; the shell reads it once")


def run(arguments: argparse.Namespace) -> str:
    """Write the script of a shell for all commands."""
    names = sorted(usage.names())
    modules = {name: import_module(f"mainline.commands.{usage.module_of(name)}") for name in names}
    found = [completion.describe(name, usage.parser_of(name, module)) for name, module in modules.items()]
    return completion.SHELLS[arguments.shell](found)
