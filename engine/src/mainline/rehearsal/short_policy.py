"""The declarations of a rehearsal: those of an environment, on this machine alone and in seconds instead of hours."""

from collections.abc import Mapping
from typing import Any

from mainline.declared import rollout
from mainline.declared.rollout_steps import Step

PAUSE, INTERVAL, LOOK = 2.0, 0.5, 1.0
"""The longest seconds of a pause, between two measurements and between two looks at git."""
SAMPLES = 50
"""The most requests that a measurement waits for."""


def shorten(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section `rollout` with the same strategy, steps, metrics and limits, and less to wait for.

    Pauses, intervals and the number of samples are cut. A step that waits for a person is left out, and so is an
    outcome that labels or clients tell in days.

    Args:
        raw: the section as it is written.

    Raises:
        ParamsError: when it is not as it should be.
    """
    policy = rollout.read(raw)
    declared = policy.declared.analysis
    analysis = dict(raw.get("analysis") or {})
    analysis.pop("outcome", None)
    analysis["interval"] = min(declared.interval, INTERVAL)
    analysis["minimumSamples"] = min(declared.minimum_samples, SAMPLES)
    kept = {name: value for name, value in raw.items() if name != "steps"}
    return {
        **kept,
        "steps": [_written(step) for step in policy.steps if step.kind != "approval"],
        "analysis": analysis,
        "follow": {"interval": LOOK, "jitter": 0.1},
    }


def environment(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an environment's file that takes what is on main by itself, unsigned, and rolls out in seconds.

    Raises:
        ParamsError: as `shorten`.
    """
    alone = {"after": None, "approval": "automatic", "signature": "optional"}
    return {**raw, "promotion": alone, "rollout": shorten(raw.get("rollout") or {})}


def server(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a server on a free port of this machine, with keys and a log of its own."""
    service = dict(raw.get("service") or {})
    for name in ("tls", "prefix", "feed"):
        service.pop(name, None)
    log = {"directory": "log", "flush_seconds": 0.05}
    fast = {"requests_per_second": 1e6, "burst": 1_000_000}  # one client asks for all
    return {"service": {**service, "host": "127.0.0.1", "port": 0, "keys": "keys.yaml", "log": log, "throttle": fast}}


def _written(step: Step) -> dict[str, Any]:
    """Return a step as it is written, with a pause that is not too long."""
    if step.kind == "pause":
        return {"pause": {"duration": min(step.value, PAUSE)}}
    return {step.kind: int(step.value)}
