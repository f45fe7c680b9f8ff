"""The gate's own process: it runs the code of packages, so it is started without keys, tokens and roles.

`run` starts it and returns what it found.
"""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from mainline import children, processes
from mainline.declared import gate, params
from mainline.errors import MainlineError
from mainline.gate import decisions, verdict
from mainline.gate.description import describe
from mainline.gate.findings import FILE, Findings, read, write
from mainline.gate.sources import gather

MARK = "mainline: "
LIMIT = 7200.0
"""Seconds that a judgement may take; less than a minute is usual."""


def run(environment: str, packages: Path) -> Findings:
    """Return what the workspace's package is found to be, judged in a process of its own.

    Args:
        environment: whose version counts as production.
        packages: the folder with the packages of released versions.

    Raises:
        MainlineError: when it cannot be judged.
    """
    with tempfile.TemporaryDirectory(prefix="mainline-judge-") as scratch:
        findings = Path(scratch) / FILE.name
        command = children.command("mainline.gate.judge", environment, str(packages), str(findings))
        try:
            done = processes.run(command, LIMIT, text=True, errors="replace", env=children.without_secrets())
        except subprocess.TimeoutExpired as error:
            raise MainlineError(
                f"the gate's process did not come to a verdict within {LIMIT:g} s and was ended. Does code of a "
                "package wait for something? `make gate` tries again."
            ) from error
        sys.stdout.write(done.stdout)
        said = done.stderr
        if done.returncode == 0 and findings.is_file():
            sys.stderr.write(said)
            return read(findings.read_bytes())
    *before, last = said.splitlines() or [""]
    if last.startswith(MARK):
        raise MainlineError(last.removeprefix(MARK))
    how = f"signal {-done.returncode} ended it" if done.returncode < 0 else f"it ended with {done.returncode}"
    sys.stderr.write("\n".join([*before, ""]))
    raise MainlineError(f"the gate's process did not come to a verdict: {how}. {last[:300]}".strip())


def judge(environment: str, packages: Path, findings: Path) -> None:
    """Judge the workspace's package here, and write the findings.

    Raises:
        MainlineError: as `run`.
    """
    declared = params.load()
    limits = gate.load(declared.gate)
    evidence = gather(limits, environment, declared.evaluation, packages)
    decided = decisions.load(evidence.candidate.digest)
    found, accepted = decisions.apply(verdict.run(evidence, limits), decided)
    write(describe(evidence, limits, found, accepted), findings)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what it measures ends with it
    try:
        judge(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    except MainlineError as error:
        sys.exit(MARK + " ".join(str(error).split()))
