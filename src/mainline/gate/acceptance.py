"""Whether the servers of each environment would take the candidate: their own check, before any release."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mainline import children
from mainline.errors import MainlineError
from mainline.serving import settings

FOLDER = Path("deploy")
TRIES = 3
"""How often a refused package is checked: other work on the machine can make it look slow, never fast."""

COMMAND = "check-package"


def refusals(package: Path, folder: Path = FOLDER) -> Mapping[str, str]:
    """Return for each environment of `deploy/` why its servers would refuse the package; '' where they take it.

    The signature is left out, since a candidate has none yet; `promote` verifies it before it assigns.
    """
    known: dict[str, str] = {}
    found = {}
    for file in sorted(folder.glob("*.yaml")):
        try:
            budgets = settings.load(file).budgets.model_dump_json()
        except MainlineError as error:
            found[file.stem] = str(error)
            continue
        if budgets not in known:
            known[budgets] = _ask(package, file)
        found[file.stem] = known[budgets]
    return found


def _ask(package: Path, file: Path) -> str:
    reason = ""
    for _ in range(TRIES):
        reason = _check(package, file)
        if not reason:
            break
    return reason


def _check(package: Path, file: Path) -> str:
    """Run the check in a process of its own, as the follower does, and return what failed."""
    with tempfile.TemporaryDirectory(prefix="mainline-check-") as scratch:
        report = Path(scratch) / "report.json"
        options = ("--settings", str(file), "--report", str(report), "--unreleased")
        command = children.command("mainline", COMMAND, str(package), *options)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=children.without_secrets())
        if done.returncode == 0:
            return ""
        if not report.is_file():
            return " ".join(done.stderr.split())[-300:] or f"{COMMAND} ended with {done.returncode}"
        failed = (check for check in json.loads(report.read_bytes())["checks"] if not check["passed"])
        return "; ".join(f"{check['name']}: {check['found']} ({check['allowed']})" for check in failed)
