"""Commands as they are typed, run in this process."""

from importlib import import_module

from mainline import usage


def typed(command: str, *words: str) -> str:
    """Run a command with its options read from words, and return what it says."""
    module = import_module(f"mainline.commands.{usage.module_of(command)}")
    return str(module.run(usage.read(command, module, words)))
