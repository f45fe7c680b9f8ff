"""The table of commands: one is named, its module alone is imported, and it runs."""

from mainline import interrupts

if __name__ == "__main__":
    interrupts.catch()  # before the imports, in which a Ctrl-C would end in a traceback

import io
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from mainline import credentials, display, faults, usage
from mainline.repository import checkout

COMMANDS = {
    "Train and explain": (
        "look", "notebook", "new",
        "repro", "try", "experiments", "stage", "summary", "plots", "tune", "explain", "backtest", "window", "restore",
        "resolve", "lock", "verify", "worker",
    ),
    "Judge and release": (
        "gate", "accept", "report", "promote", "rollback", "rehearse", "archive", "sign", "signing-key", "evidence",
        "history", "lineage", "delivery", "score", "site", "open", "export", "registry",
    ),
    "Store data and models": ("remote", "push", "pull", "fetch", "rebuild", "clean", "forget"),
    "Serve and roll out": (
        "serve", "preview", "monitor", "replay", "predict", "wheel", "api-key", "check-package", "follow", "status",
        "approve", "render", "ship", "smoke", "load", "stress",
    ),
    "The machinery, and its workflows on GitHub": (
        "upgrade", "completion", "migrate", "deps", "protect", "comment", "stored", "commit-lock", "propose", "due",
        "issues", "aborted", "released", "assets", "github-release", "github-deployments", "image", "cml",
    ),
}  # fmt: skip
"""Each command by its group; its module in `commands/` has its options and what runs it."""
NAMES = tuple(name for group in COMMANDS.values() for name in group)

ANYWHERE = frozenset(
    ("worker", "resolve", "completion", "serve", "predict", "check-package", "api-key", "follow", "status")
)
"""Commands that run without a repository, as in an image; all others take the current folder for one of its own."""
ANEW = frozenset(("smoke", "load", "stress"))
"""Commands that keep nothing of what they do: after Ctrl-C there is nothing to go on with."""


def main(given: Sequence[str] | None = None) -> int:
    """Run one command; print what it returns, or one line of what is wrong."""
    words = list(sys.argv[1:] if given is None else given)
    outer = os.environ.get(faults.COMMAND)
    try:
        interrupts.allow()
        result = _run(words)
        print(result, end="\n" if result else "", flush=True)
    except usage.UsageError as error:
        print(f"mainline: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _interrupted(words)
    except Exception as error:
        if interrupts.came():
            return _interrupted(words)
        expected = faults.explain(error)
        if expected is None or os.environ.get(faults.TRACEBACK):
            raise
        if str(expected):  # or else whatever failed has said it
            print(f"mainline: {credentials.hide(str(expected))}", file=sys.stderr)
        return expected.status
    finally:
        interrupts.end()
        if outer is None:
            os.environ.pop(faults.COMMAND, None)
    return 0


def _run(words: Sequence[str]) -> str:
    """Import the module of the command that is named, and no other; run it. Without a command, list them."""
    first = usage.first(words)
    if first.traceback:
        os.environ[faults.TRACEBACK] = "1"  # for the stages, which are processes of their own
    if first.help or first.command is None:
        return usage.overview(COMMANDS)
    command = first.command
    if command not in NAMES:
        raise usage.CommandError(command, NAMES)
    os.environ.setdefault(faults.COMMAND, shlex.join([command, *first.rest]))
    module = import_module(f"mainline.commands.{usage.module_of(command)}")
    arguments = usage.read(command, module, first.rest)
    if command not in ANYWHERE:
        checkout.require_repository()
    return str(module.run(arguments))


def _interrupted(words: Sequence[str]) -> int:
    command = next((word for word in words if word in NAMES), "")
    remedy = "the command begins anew when it is run again." if command in ANEW else "run the command again to go on."
    print(f"mainline: interrupted; {remedy}", file=sys.stderr)
    return 128 + signal.SIGINT


def show_all_letters() -> None:
    """Show what the encoding of the locale lacks as Python shows it in errors, here and in what this process starts."""
    os.environ.setdefault("PYTHONIOENCODING", ":backslashreplace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    show_all_letters()
    sys.excepthook = credentials.report
    with display.watched():
        sys.exit(main())
