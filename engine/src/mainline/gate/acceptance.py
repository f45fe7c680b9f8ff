"""Whether the servers of each environment would take the candidate: the servers' own check, before any release."""

import json
import subprocess
import tempfile
from collections.abc import Container, Mapping
from pathlib import Path

from mainline import children, processes
from mainline.declared import deploy_files, environments
from mainline.errors import MainlineError

FOLDER = deploy_files.FOLDER
TRIES = 3
"""How often a package is checked until it passes: other work on the machine can make it look slow, never fast."""
SECONDS = 600.0
"""How long one check may take; a package that does not come to an end is refused, and not checked again."""

COMMAND = "check-package"


def refusals(package: Path, folder: Path = FOLDER, names: Container[str] | None = None) -> Mapping[str, str]:
    """Return for each environment of `deploy/` why its servers would refuse the package; '' if they take it.

    The signature is left out, since a candidate has none yet; `promote` verifies it before it assigns. Environments
    with the same budgets are checked once.

    Args:
        package: the folder that it lies in.
        folder: where the environments are declared.
        names: whose servers are meant; those of all environments without it.
    """
    known: dict[str, str] = {}
    found = {}
    for file in deploy_files.environment_files(folder):
        if names is not None and file.stem not in names:
            continue
        try:
            budgets = environments.load_server(file).service.budgets.model_dump_json()
        except MainlineError as error:
            found[file.stem] = str(error)
            continue
        if budgets not in known:
            known[budgets] = _ask(package, file)
        found[file.stem] = known[budgets]
    return found


def _ask(package: Path, file: Path) -> str:
    """Check until one check passes, and return the last one's reason; '' if one passed."""
    reason = ""
    for _ in range(TRIES):
        try:
            reason = _check(package, file)
        except subprocess.TimeoutExpired:
            return f"{COMMAND} took more than {SECONDS:g} s"
        if not reason:
            break
    return reason


def _check(package: Path, file: Path) -> str:
    """Run the check in a process of its own, as the follower does, and return what failed; '' if nothing did.

    Raises:
        TimeoutExpired: if it has no end within `SECONDS`.
    """
    with tempfile.TemporaryDirectory(prefix="mainline-check-") as scratch:
        report = Path(scratch) / "report.json"
        options = ("--settings", str(file), "--report", str(report), "--unreleased")
        command = children.command("mainline", COMMAND, str(package), *options)
        done = processes.run(command, SECONDS, text=True, errors="replace", env=children.without_secrets())
        if done.returncode == 0:
            return ""
        checks = json.loads(report.read_bytes())["checks"] if report.is_file() else []
        failed = [f"{check['name']}: {check['found']} ({check['allowed']})" for check in checks if not check["passed"]]
        said = "; ".join(failed) or " ".join(done.stderr.split())[-300:]
        return said or f"{COMMAND} ended with {done.returncode}"
