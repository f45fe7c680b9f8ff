"""Show the data window, or move it by a month."""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path

from mainline import files, periods
from mainline.declared import params
from mainline.errors import MainlineError, SourceError

PARAMS = Path("params.yaml")
_KEY = r"^(data:.*?^\s+%s:[ \t]*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s#\"']+)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--advance", action="store_true", help="take one month more")


def run(arguments: argparse.Namespace) -> str:
    """Say what the window is; take one month more where that is asked for, and the version of the source that has it.

    Raises:
        MainlineError: when the source has nothing of that month yet, or what changes is not written on a line of its
            own. The file then stays as it is.
    """
    declared = params.load()
    first, last = declared.data.from_, declared.data.through
    if not arguments.advance:
        return f"{first} to {last}"
    text, more = PARAMS.read_text(encoding="utf-8"), periods.shift(last, 1)
    _ask_source(more)
    wanted = {"through": more}
    if declared.data.version:
        wanted["version"] = _version(periods.between(first, more))
    files.replace(PARAMS, _edited(text, wanted))
    taken = params.load().data
    for name, value in wanted.items():
        if getattr(taken, name) != value:
            files.replace(PARAMS, text)
            raise MainlineError(f"data.{name} in {PARAMS} cannot be edited safely. Write {value} there by hand.")
    return f"{first} to {more}, was through {last}. `make repro` takes the new month."


def _edited(text: str, wanted: Mapping[str, str]) -> str:
    """Return the text with other values of keys of `data`, in the quotes of the old ones; a version in double ones."""
    for name, value in wanted.items():
        written = json.dumps(value, ensure_ascii=False) if name == "version" else value

        def put(found: re.Match[str], written: str = written) -> str:
            quote = found[2][0] if found[2][0] in "\"'" and written[0] != '"' else ""
            return f"{found[1]}{quote}{written}{quote}"

        text = re.sub(_KEY % name, put, text, count=1, flags=re.MULTILINE | re.DOTALL)
    return text


def _version(window: tuple[str, ...]) -> str:
    """Ask the source for the version that it is at with the new month."""
    from usecase import source

    return str(source.version(window)) if hasattr(source, "version") else ""


def _ask_source(month: str) -> None:
    """Take the source's rows until one table of the month is there.

    Raises:
        MainlineError: when the source does not have the month.
    """
    from usecase import source

    try:
        if any(found == month for _, found, _ in source.fetch([month])):
            return
    except SourceError as error:
        raise MainlineError(f"there is no {month} to take yet; {PARAMS} stays as it is. {error}") from error
    raise MainlineError(f"there is no {month} to take yet; {PARAMS} stays as it is. The source gave no rows of it.")
