"""The waits of a person who changes `max_iter`, at any revision: for `make test`, and for the job *Code*.

Both are really run, in a clone of that revision with the change committed. A first `make check` sets up what they need
and is not counted; what it leaves beside the environment is removed, since a runner of GitHub begins without. Beside
the seconds stands the processor time, which other work on the machine hardly changes.
"""

import os
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

WORKFLOW = ".github/workflows/pull-request.yml"
NAMES = ("seconds of `make test`, of its CPU", "seconds of the job *Code* after a change of `max_iter`, of its CPU")


def measure(revision: str) -> dict[str, str]:
    """Return the seconds and the processor's seconds of both; with `failed` behind them if a command did not pass.

    Raises:
        CalledProcessError: if there is no such revision, or `make check` fails in it.
    """
    with tempfile.TemporaryDirectory(prefix="structure-") as scratch:
        folder = Path(scratch) / "clone"
        subprocess.run(["git", "clone", "--quiet", ".", folder], check=True)  # noqa: S607
        _run(folder, f"git checkout --quiet --detach {revision}").check_returncode()
        _change(folder / "params.yaml")
        _run(folder, "git -c user.name=a -c user.email=a@localhost commit --quiet --all -m change").check_returncode()
        _run(folder, "make check").check_returncode()
        _run(folder, "git clean -dffxq --exclude=/.venv").check_returncode()
        taken = {command: _seconds(folder, command) for command in _job(folder / WORKFLOW)}
    found = (taken["make test"], tuple(map(sum, zip(*taken.values(), strict=True))))
    return {
        name: f"{seconds:,.0f}, {of_cpu:,.0f}{', failed' if failed else ''}"
        for name, (seconds, of_cpu, failed) in zip(NAMES, found, strict=True)
    }


def _change(params: Path) -> None:
    text = params.read_text(encoding="utf-8")
    params.write_text(re.sub(r"(max_iter: )(\d+)", lambda found: f"{found[1]}{int(found[2]) + 1}", text), "utf-8")


def _job(workflow: Path) -> list[str]:
    steps = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]["code"]["steps"]
    return [step["run"] for step in steps if "run" in step]


def _seconds(folder: Path, command: str) -> tuple[float, float, bool]:
    """Return how long a command takes, how long processors work for it, and whether it failed."""
    started, worked = time.monotonic(), _worked()
    done = _run(folder, command)
    return time.monotonic() - started, _worked() - worked, done.returncode != 0


def _worked() -> float:
    """Return the processor time of all programs that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(folder: Path, command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command as GitHub's runner does: in no environment that is active here, and with the base of the change."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV", "VENV")}
    base = {"BASE": "HEAD~1"}
    return subprocess.run(["bash", "-c", command], cwd=folder, env={**kept, **base}, stdout=subprocess.DEVNULL)  # noqa: S607
