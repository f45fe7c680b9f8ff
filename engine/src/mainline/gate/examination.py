"""The candidate in the workspace held against production: what was found is kept in a file, printed and returned."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from mainline import display, progress
from mainline.declared import environments, params
from mainline.declared import gate as declared_gate
from mainline.declared.environments import Environment
from mainline.declared.gate import Policy
from mainline.errors import MainlineError
from mainline.gate import decisions, judge, production, sources, terminal
from mainline.gate.findings import FILE, Findings, write
from mainline.model import losses
from mainline.registry import clone, reference, tags
from mainline.repository import checkout
from mainline.repository.git import ask
from mainline.text import clean


class GateError(MainlineError):
    """The candidate may not be released; the message says why."""


def examine(environment: str | None = None) -> Findings:
    """Check the candidate, write `metrics/report/gate.json`, print the checks and return the findings.

    Without an environment the candidate is held against the version of each, as `promote` will; what refuses it first
    is what is written. The findings of an earlier run are removed first, so that a gate that cannot run leaves no
    verdict.

    Raises:
        GateError: when the candidate fails, or when something could not be told.
    """
    FILE.unlink(missing_ok=True)
    checkout.require_bytes()
    limits = declared_gate.load(params.load().gate)
    registry = tags.read()
    clone.check(registry)
    for line in registry.skipped:
        progress.say(clean(line))
    declared = environments.load_all()
    losses.check(declared)
    if environment is not None:
        return _hold(environment, limits, declared)
    for line in reference.tell(declared):
        progress.say(line)
    return [_hold(name, limits, declared) for name in reference.environments(declared)][-1]


def _hold(environment: str, limits: Policy, declared: Mapping[str, Environment]) -> Findings:
    required = environment in declared and declared[environment].requires_signature
    with tempfile.TemporaryDirectory(prefix="mainline-gate-") as scratch:
        packages = Path(scratch)
        production.fetch(sources.versions(limits.slow_decay.versions, environment), packages, required)
        findings = judge.run(environment, packages)
    write(findings, FILE)
    is_committed = not ask("status", "--porcelain")
    print(terminal.render(findings, display.is_coloured(), is_committed), flush=True)
    if findings.verdict in ("fail", "cannot tell"):
        raise GateError(f"{clean(findings.headline)} {clean(decisions.next_step(findings.checks))}")
    return findings
