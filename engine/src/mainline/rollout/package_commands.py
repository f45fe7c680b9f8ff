"""What a follower lets commands do with a package, each in a process that is ended if it hangs."""

import json
import subprocess
from pathlib import Path

from mainline import children, processes
from mainline.errors import MainlineError
from mainline.serving import logs

SECONDS = 600
"""How long storage may take to give a package, and a package to be checked."""


def fetch(version: str, package: Path, environment: str, is_signed: bool) -> None:
    """Fetch a version's package, and verify it.

    Args:
        version: its name.
        package: the folder that the package becomes.
        environment: whose places of packages are asked.
        is_signed: whether a trusted key must have signed it.

    Raises:
        MainlineError: when it cannot be had, or is not what was released.
    """
    signed = ["--signed"] if is_signed else []
    said = _run("fetch", version, str(package), "--environment", environment, *signed)
    if said:
        logs.warn("the package is not from the registry", version=version, why=said)


def check(package: Path, version: str, environment: str) -> None:
    """Let a package answer its golden requests, and hold it to what the environment declares, without secrets.

    Raises:
        MainlineError: naming the checks that failed.
    """
    report = package.parent / "report.json"
    settings = f"deploy/{environment}.yaml"
    try:
        check = ("check-package", str(package), "--settings", settings, "--report", str(report))
        _run(*check, environment=children.without_secrets())
    except MainlineError as error:
        if not report.is_file():
            raise
        failed = [check for check in json.loads(report.read_bytes())["checks"] if not check["passed"]]
        said = "; ".join(f"{check['name']}: {check['found']} ({check['allowed']})" for check in failed)
        raise MainlineError(
            f"check-package refuses {version}: {said[:400]}. What served before goes on serving; "
            f"`rollback --now --environment {environment}` makes git say so too."
        ) from error


def _run(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run a command; return what it says on standard error.

    Raises:
        MainlineError: with that, if it fails.
    """
    try:
        command = children.command("mainline", *arguments)
        done = processes.run(command, SECONDS, text=True, errors="replace", env=environment or children.environment())
    except subprocess.TimeoutExpired as error:
        raise MainlineError(
            f"`mainline {arguments[0]}` took more than {SECONDS} s and was ended; it is tried again. "
            "The command `remote` says whether the store answers."
        ) from error
    said = " ".join(done.stderr.split()).removeprefix("mainline: ")[-500:]
    if done.returncode:
        raise MainlineError(said or f"`mainline {arguments[0]}` ended with {done.returncode}.")
    return said
