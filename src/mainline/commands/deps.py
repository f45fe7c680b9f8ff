"""`deps`: hold the code that each stage depends on, in dvc.yaml, against the code that it imports."""

from pathlib import Path
from typing import Any

from mainline import declaration
from mainline.errors import MainlineError
from mainline.imports import first_party

LOCK = "requirements/pipeline.txt"
TRAVELLING = ("src/usecase/features.py", "src/usecase/scoring.py")
"""Code that the package stage copies rather than imports."""


def check(pipeline: Path = Path("dvc.yaml")) -> str:
    """Compare every stage and say that all is well.

    Raises:
        MainlineError: listing each line to add to or remove from `dvc.yaml`.
    """
    stages = declaration.read(pipeline)["stages"]
    corrections = [line for name, stage in stages.items() for line in _compare(name, stage)]
    if corrections:
        raise MainlineError("dvc.yaml does not name what its stages run:\n  " + "\n  ".join(corrections))
    return f"{len(stages)} stages depend on exactly the code they run."


def needed(stage: str) -> set[str]:
    """List the first-party files and the lock that a stage's result depends on."""
    run = [Path("src/mainline/stages") / f"{name}.py" for name in (stage, "__main__")]
    code = {path.as_posix() for start in run for path in first_party(start)}
    return code | {LOCK} | (set(TRAVELLING) if stage == "package" else set())


def _compare(name: str, stage: dict[str, Any]) -> list[str]:
    declared = {path for path in stage["deps"] if path.startswith(("src/", "requirements/"))}
    wanted = needed(name)
    return [f"{name}: add {path}" for path in sorted(wanted - declared)] + [
        f"{name}: remove {path}" for path in sorted(declared - wanted)
    ]
