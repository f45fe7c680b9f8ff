"""What the repository's workflows run without a person: a command that none runs was run by hand."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeGuard

import yaml

FOLDER = Path(".github/workflows")
BY_HAND = frozenset(("workflow_dispatch", "workflow_call"))
_DOORS = ("make ", "./mainline ", "engine/ci/")


def files(folder: Path = FOLDER) -> list[bytes]:
    """Return what each workflow's file holds."""
    return [file.read_bytes() for file in sorted(folder.glob("*.y*ml")) if file.is_file()]


def commands(contents: Iterable[bytes]) -> frozenset[str]:
    """Return the commands of all steps of workflows that begin by themselves, with the options that they have.

    A workflow that cannot be read runs nothing.
    """
    return frozenset(line for content in contents for line in _commands(content))


def runs(command: str, known: frozenset[str]) -> bool:
    """Whether a command is among those that are known, with whatever options."""
    return any(line == command or line.startswith(f"{command} ") for line in known)


def _commands(content: bytes) -> list[str]:
    try:
        return [*_lines(_read(content))]
    except TypeError:  # a number or a map where a list belongs
        return []


def _read(content: bytes) -> dict[Any, Any]:
    try:
        found = yaml.safe_load(content.decode())
    except (ValueError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_on(part: object) -> TypeGuard[dict[str, Any]]:
    """Whether a job or step is one, and is not switched off."""
    condition = str(part.get("if", "")) if isinstance(part, dict) else "false"
    return condition.strip("${} ").casefold() != "false"


def _lines(workflow: dict[Any, Any]) -> Iterator[str]:
    begins = workflow.get("on", workflow.get(True))  # YAML 1.1 takes the key `on` for true
    names = {begins} if isinstance(begins, str) else set(begins or ())
    jobs = workflow.get("jobs")
    if not names - BY_HAND or not isinstance(jobs, dict):
        return
    for job in filter(_is_on, jobs.values()):
        for step in filter(_is_on, job.get("steps") or ()):
            run = step.get("run")
            for line in str(run or "").splitlines():
                if line.strip().startswith(_DOORS):
                    yield " ".join(line.split())
