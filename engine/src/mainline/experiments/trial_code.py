"""The code that decides the result of a trial: what `search.py` runs, but for what only shows, writes and refuses."""

from pathlib import Path

from mainline.declared import own_model
from mainline.repository.imports import ROOTS, first_party

SEARCH = ROOTS["mainline"] / "mainline/experiments/search.py"
SILENT = (
    "clocks.py", "credentials.py", "display.py", "errors.py", "faults.py", "files.py", "interrupts.py", "processes.py",
    "progress.py", "conformance", "data/local_files.py", "gate/tables.py", "repository", "stages/checkpoints.py",
    "stages/entries.py", "stages/fingerprint.py", "stages/harness.py", "stages/own_code.py",
)  # fmt: skip
"""What of the engine moves no number of a trial: it writes, shows or refuses something, asks git, or runs a stage.

Whatever else is imported counts: a trial too many is tried again rather than one too few.
"""


def files(type_: str) -> list[Path]:
    """List the modules that decide a trial of a declared model, in order of name; those of an own one are last."""
    silent = [SEARCH.parents[1] / name for name in SILENT]
    found = [path for path in first_party(SEARCH) if not any(path.is_relative_to(one) for one in silent)]
    own = own_model.file(type_)
    return found + [path for path in (first_party(own) if own and own.is_file() else ()) if path not in found]
