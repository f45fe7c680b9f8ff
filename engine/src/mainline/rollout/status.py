"""Where a rollout stands, for people and programs: one document that the follower writes and everybody reads."""

import json
import textwrap
from math import isfinite
from pathlib import Path
from typing import Literal

from mainline import display
from mainline.errors import MainlineError
from mainline.exchange import status
from mainline.exchange.outcomes import reasons
from mainline.exchange.place import Place
from mainline.exchange.status import Entry, Finding, Outcome, Quarantine, Ref, Rollout, Route, Source, Status
from mainline.rollout import machine, records
from mainline.rollout.analysis import Judgement
from mainline.rollout.records import Live, Progress, State
from mainline.text import clip, span, table, utc

_PROBLEM = "  PROBLEM  "
_MAIN = "  main     "


def describe(
    environment: str,
    state: State,
    judgement: Judgement | None,
    live: Live | None,
    now: float,
    source: Source,
    outcome: Outcome | None = None,
) -> Status:
    """Return the document; `source` is what the follower knows of git, `outcome` the last experiment's."""
    progress = state.progress
    return {
        "environment": environment,
        "time": now,
        "phase": "progressing" if progress else "stable" if state.stable else "waiting for a first version",
        "stable": _ref(state.stable) if state.stable else None,
        "candidate": _ref(progress.candidate) if progress else None,
        "revision": state.revision,
        "served": None if live is None else live.revision,
        "routes": [
            {**_ref(ref), "weight": weight, "mirror": progress.mirror if progress and place == 0 else 0}
            for place, (ref, weight) in enumerate(machine.weights(state))
        ],
        "rollout": _progress(progress, judgement) if progress else None,
        "outcome": outcome,
        "quarantined": [_quarantine(entry) for entry in state.quarantined],
        "window": [_ref(ref) for ref in state.window],
        "history": [_entry(entry) for entry in reversed(state.history)],
        "waiting_events": len(state.outbox),
        "source": source,
    }


def read(folder: Path) -> Status:
    """Read the document of a follower's folder.

    Raises:
        MainlineError: when no follower has written one.
    """
    try:
        return status.parse(Place(folder).status.read_bytes())
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except ValueError:
        reason = "status.json is another document"
    raise MainlineError(
        f"no follower has written its status in {folder} ({reason}). The command `follow` starts one; "
        "--state names another folder."
    )


def last_outcome(place: Place) -> Outcome | None:
    """Return what a follower said last of an experiment; None if it said nothing that can be read."""
    try:
        return status.parse(place.status.read_bytes()).get("outcome")
    except (OSError, ValueError):
        return None


def heard(file: Path) -> float:
    """Return when a follower wrote its document last; 0 where none can be read."""
    try:
        said = float(json.loads(file.read_bytes())["time"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
    return said if isfinite(said) else 0.0


def render(found: Status, now: float) -> str:
    """Write the document for a terminal of 100 columns."""
    lines = [f"{found['environment']}: {found['phase']}", *_source(found, now), ""]
    rows = [[route["version"], route["digest"][:12], f"{route['weight']} %", _mirror(route), _role(route, found)]
            for route in found["routes"]]  # fmt: skip
    lines += table(("version", "digest", "requests", "mirrored", "role"), rows, right=(2, 3)) if rows else []
    rollout = found["rollout"]
    if rollout:
        marks = {"done": "x", "now": ">", "next": " "}
        lines += ["", *(f"  [{marks[step['state']]}] {step['text']}" for step in rollout["steps"]), "", rollout["said"]]
        lines += _findings(rollout)
    lines += _outcome(found)
    for entry in found["quarantined"][-3:]:
        lines.append(f"quarantined {entry['digest'][:12]}: {entry['reason']}")
    history = [
        [utc(entry["time"]), entry["what"], entry["version"], entry["detail"]] for entry in found["history"][:12]
    ]
    lines += ["", *table(("time UTC", "what", "version", "why"), history)] if history else []
    return "\n".join(clip(line, display.columns()) if line else line for line in lines)


def _progress(progress: Progress, judgement: Judgement | None) -> Rollout:
    policy = progress.policy
    limit = policy.declared.analysis.failure_limit
    said = "waits for the server to take the step"
    if progress.live is not None:
        said = f"{progress.measured} measured, {progress.failures} of at most {limit} failed in this step"
    return {
        "strategy": policy.declared.strategy,
        "policy": progress.hash,
        "step": progress.step,
        "entered": progress.entered,
        "live": progress.live,
        "steps": [{"text": str(step), "state": _where(place, progress)} for place, step in enumerate(policy.steps)],
        "measured": progress.measured,
        "failures": progress.failures,
        "said": said,
        "verdict": judgement.verdict if judgement else None,
        "findings": [_finding(finding) for finding in judgement.findings] if judgement else [],
    }


def _ref(ref: records.Ref) -> Ref:
    return {"version": ref.version, "digest": ref.digest}


def _quarantine(entry: records.Quarantine) -> Quarantine:
    return {"digest": entry.digest, "policy": entry.policy, "reason": entry.reason, "time": entry.time}


def _entry(entry: records.Entry) -> Entry:
    return {"time": entry.time, "what": entry.what, "version": entry.version, "detail": entry.detail}


def _finding(finding: records.Finding) -> Finding:
    return {
        "metric": finding.metric, "verdict": finding.verdict, "estimate": finding.estimate, "low": finding.low,
        "high": finding.high, "limit": finding.limit, "samples": finding.samples, "said": finding.said,
    }  # fmt: skip


def _where(place: int, progress: Progress) -> Literal["done", "now", "next"]:
    return "done" if place < progress.step else "now" if place == progress.step else "next"


def _source(found: Status, now: float) -> list[str]:
    source: Source = found.get("source") or {}
    age = now - found["time"]
    lines = [f"  git      {source.get('commit', '')[:10] or '-'} of {source.get('url', '-')}"]
    for mark, words in ((_PROBLEM, source.get("problem", "")), (_MAIN, source.get("unreleased", ""))):
        said = textwrap.wrap(words, display.columns() - len(mark))  # whole: its end says what to do
        lines += [f"{mark if place == 0 else ' ' * len(mark)}{line}" for place, line in enumerate(said)]
    if age > 10:
        lines.append(f"{_PROBLEM}the follower has said nothing for {span(age)}; what serves stays")
    if found["served"] != found["revision"] and found["routes"]:
        lines.append(
            "  server   " + ("is not there" if found["served"] is None else "has not taken the newest routes yet")
        )
    return [*lines, *_together(found)]


def _together(found: Status) -> list[str]:
    """Say who decides for all servers, and which of them hold the rollout up."""
    together = found.get("together")
    if together is None:
        return []
    many = f"{len(together['servers'])} servers" if together["servers"] else "all servers"
    leader = f"{together['leader']} decides for {many} (term {together['term']})"
    lines = [f"  together {leader}; this one is {together['name']}"]
    for server in together["servers"]:
        why = "is silent, so it is left out" if server["silent"] else server["problem"]
        if why:
            lines.append(f"           {server['name']}: {why}")
    return lines


def _findings(rollout: Rollout) -> list[str]:
    rows = [
        [
            one["metric"], one["verdict"], _number(one["estimate"]),
            f"{_number(one['low'])} to {_number(one['high'])}", f"{one['limit']:g}", str(one["samples"]),
        ]
        for one in rollout["findings"]
    ]  # fmt: skip
    title = ("metric", "verdict", "difference", "interval", "limit", "samples")
    return ["", *table(title, rows, right=(2, 3, 4, 5))] if rows else []


def _outcome(found: Status) -> list[str]:
    """Say what came of the last experiment, over or not, and what of it moved nothing."""
    outcome = found.get("outcome")
    if not outcome:
        return []
    left_out = reasons(outcome["left_out"])
    said = f"{outcome['name']}: {outcome['said']}" + (f" (left out: {left_out})" if left_out else "")
    return ["", *textwrap.wrap(said, display.columns())]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _mirror(route: Route) -> str:
    return f"{route['mirror']} %" if route["mirror"] else ""


def _role(route: Route, found: Status) -> str:
    return "stable" if found["stable"] and route["digest"] == found["stable"]["digest"] else "candidate"
