"""Notebooks of a fork: begun as a copy of the machinery's own, opened and run in an environment of their own."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mainline import files, processes
from mainline.errors import MainlineError

FIRST = Path(__file__).with_name("notebook.py")
"""What a fork's notebook begins as; nothing in it knows a use case."""
MARIMO = ("engine/run", "notebook", "marimo")
"""The program, in its environment."""
RUN_ALL = (
    "In the browser, the round button at the lower right runs all cells (Ctrl-Shift-R), as marimo runs none unasked."
)


def edit(file: Path, options: Sequence[str] = ()) -> None:
    """Become the notebook's server, which opens it in the browser until it is ended.

    Raises:
        MainlineError: when the file is not a notebook.
    """
    print(f"{_begin(file)}{RUN_ALL}", flush=True)
    sys.stderr.flush()
    command = [*MARIMO, "edit", "--no-sandbox", "--skip-update-check", *options, str(file)]
    os.execvp(command[0], command)  # noqa: S606 - no shell, and marimo asks at the terminal itself


def write_page(file: Path, page: Path) -> str:
    """Run a notebook, and write what it shows as HTML.

    Raises:
        MainlineError: when the file is not a notebook, the page cannot be one, or a cell fails; a page of before stays.
    """
    if page.is_dir():
        raise MainlineError(f"{page} is a folder; name a file of it, such as {page / file.with_suffix('.html').name}.")
    if page.suffix not in (".html", ".htm"):
        raise MainlineError(f"{page} cannot be a page: it is HTML, such as {page.with_suffix('.html')}.")
    begun = _begin(file)
    with files.replacing(page) as target:
        command = [*MARIMO, "export", "html", str(file), "--no-sandbox", "--force", "--output", str(target)]
        finished = processes.run(command, None, text=True, stderr=None)
        if finished.returncode != 0:
            raise MainlineError(f"{file} is not written as a page: a cell fails, as is said above.")
    return f"{begun}The page: {page}"


def _begin(file: Path) -> str:
    """Write a notebook that is not there, and say so.

    Raises:
        MainlineError: when another file stands in its place, or its name is not one of Python.
    """
    if file.suffix != ".py":
        raise MainlineError(f"{file} cannot be a notebook: it is a file of Python, such as {file.with_suffix('.py')}.")
    if file.is_file():
        if "marimo.App(" not in file.read_text(encoding="utf-8", errors="replace"):
            raise MainlineError(
                f"{file} is not a notebook of marimo. Name another file; it is written if it is not there."
            )
        return ""
    files.replace(file, FIRST.read_bytes())
    return f"{file} is written: yours to change and to commit.\n"
