"""The rollout as a pure state machine: one transition at a time, no clock and no file of its own.

A rollout is keyed by the candidate's digest and the policy's hash. Whoever runs the machine writes each new state down
before acting on it; what to serve follows from the state alone (`weights`), so acting twice is acting once.
"""

from dataclasses import replace

from mainline.declared.rollout import Policy
from mainline.declared.rollout_steps import Step
from mainline.rollout.measurement import due, is_enough, step_of, wants_golden
from mainline.rollout.outbox import HISTORY, note, send, tell
from mainline.rollout.records import (
    Beginning,
    Live,
    Measurement,
    Progress,
    Quarantine,
    Ref,
    Seen,
    State,
)

RESTARTS = 3
"""How often the server may start anew within one step, before the candidate counts as the reason."""


def advance(state: State, seen: Seen) -> State | None:
    """Return the state after the one next transition; None where there is nothing to do."""
    wanted = seen.wanted
    if state.stable is None:
        return _begin(state, seen)
    if not state.model and seen.model:
        return replace(state, model=seen.model)
    another = is_another(state, seen.model)
    if seen.assignment > state.assignment and not another:
        return replace(state, assignment=seen.assignment)
    if another and seen.beginning and (begun := _begin(state, seen)):
        return begun
    if state.progress:
        return _withdraw(state, state.progress, seen) or _work(state, state.progress, seen)
    if another or wanted is None or wanted.digest == state.stable.digest or not seen.verified:
        return None
    if seen.policy and quarantine(state, wanted.digest, seen.policy.hash, seen.assignment):
        return None
    if any(wanted.digest == ref.digest for ref in state.window):
        return _return(state, wanted, seen)
    return _start(state, wanted, seen.policy, seen.now) if seen.policy else None


def is_another(state: State, model: str) -> bool:
    """Whether a name is that of another model than what serves: nothing is compared with that one's versions."""
    return bool(model and state.model and model != state.model)


def weights(state: State) -> list[tuple[Ref, int]]:
    """Return who answers how many percent of the requests, the candidate first."""
    if state.stable is None:
        return []
    progress = state.progress
    if progress is None:
        return [(state.stable, 100)]
    return [(progress.candidate, progress.weight), (state.stable, 100 - progress.weight)]


def quarantine(state: State, digest: str, policy: str, assignment: int = 0) -> Quarantine | None:
    """Return why a key is not tried again; None where it may be, as once git assigned the version again.

    An entry without a policy counts under each, and one without an assignment under each of them.
    """
    return next(
        (
            entry for entry in state.quarantined
            if entry.digest == digest and entry.policy in (policy, "")
            and (not entry.assignment or assignment <= entry.assignment)
        ),
        None,
    )  # fmt: skip


def shift(state: State, seconds: float) -> State:
    """Move the times of a rollout under way, so that as much of each wait is over as before."""
    progress = state.progress
    if progress is None:
        return state
    live = None if progress.live is None else progress.live + seconds
    last = progress.last + seconds if progress.last else 0.0
    return replace(state, progress=replace(progress, entered=progress.entered + seconds, live=live, last=last))


def _begin(state: State, seen: Seen) -> State | None:
    """Serve what served last, as far as that is known; else the first version: there is nothing to compare it with.

    So does the first version of another model, in the place of all that is known of the one before.
    """
    begin = seen.beginning or Beginning(seen.wanted, ready=seen.verified)
    if begin.stable is None or not begin.ready:
        return None
    changed = replace(
        state, model=seen.model, assignment=seen.assignment, stable=begin.stable, progress=None,
        quarantined=begin.quarantined, window=begin.window, revision=state.revision + 1,
    )  # fmt: skip
    if begin.known:  # others know it already
        return note(changed, seen.now, "began", begin.stable.version, "it served last, as the events in git say")
    return tell(changed, seen.now, "served", begin.stable, "the first version skips the steps")


def _start(state: State, wanted: Ref, policy: Policy, now: float) -> State:
    progress = Progress(wanted, policy, policy.hash, step=-1, entered=now)
    began = note(replace(state, progress=progress), now, "started", wanted.version, policy.declared.strategy)
    return _enter(began, progress, now)


def _enter(state: State, progress: Progress, now: float) -> State:
    """Go to the next step: what it sets is served, and counting begins anew."""
    number = progress.step + 1
    steps = progress.policy.steps
    step = steps[number] if number < len(steps) else None
    weight = int(step.value) if step and step.kind == "setWeight" else progress.weight
    mirror = int(step.value) if step and step.kind == "setMirror" else progress.mirror
    fresh = step is not None and step.kind in ("setWeight", "setMirror")
    after = replace(
        progress, step=number, entered=now, weight=weight, mirror=mirror, restarts=0, measured=0, failures=0,
        verdict=None, reason="", live=None if fresh or progress.live is None else now,
    )  # fmt: skip
    changed = replace(state, progress=after, revision=state.revision + (fresh or number == 0))
    if step is None:
        return changed
    return note(changed, now, "step", progress.candidate.version, f"{number + 1} of {len(steps)}: {step}")


def _withdraw(state: State, progress: Progress, seen: Seen) -> State | None:
    """End a rollout that git no longer asks for; a newer one then begins against the last fully promoted version."""
    wanted = seen.wanted
    if wanted is not None and wanted.digest != progress.candidate.digest:
        reason = f"main has {wanted.version} now"
    elif seen.policy is not None and seen.policy.hash != progress.hash:
        reason = "the policy on main is another one now"
    elif seen.withdrawn:
        reason = seen.withdrawn
    else:
        return None
    reason = _with_outcome(reason, progress)
    changed = replace(state, progress=None, revision=state.revision + 1)
    if wanted is not None and state.stable is not None and wanted.digest == state.stable.digest:
        return tell(changed, seen.now, "rolled back", progress.candidate, reason)
    return note(changed, seen.now, "withdrawn", progress.candidate.version, reason)


def _work(state: State, progress: Progress, seen: Seen) -> State | None:
    """Confirm, measure, wait, or go on."""
    if seen.unfit:
        return _abort(state, progress, seen.unfit, seen.now)
    if seen.live and progress.process and seen.live.process != progress.process:
        return _restarted(state, progress, seen.live, seen.now)
    if seen.measurement and due(state, seen.now):
        return _measured(state, progress, seen.measurement, seen.now)
    if progress.live is None:
        return _confirm(state, progress, seen)
    step = step_of(progress)
    if step is None:
        return _promote(state, progress.candidate, seen.now)
    if step.kind == "pause":
        return _pause(state, progress, step, seen)
    if step.kind == "approval" and (progress.candidate.version, progress.hash, progress.step) not in seen.approved:
        return None
    return _enter(state, progress, seen.now)


def _restarted(state: State, progress: Progress, live: Live, now: float) -> State:
    """Begin the step again: the counters that it began with are gone."""
    restarts = progress.restarts + 1
    if restarts > RESTARTS:
        return _abort(state, progress, f"the server started anew {restarts} times in this step", now)
    again = replace(
        progress, process=live.process, restarts=restarts, live=None, entered=now, measured=0, failures=0,
        last=0.0, verdict=None, reason="", baseline={},
    )  # fmt: skip
    return note(replace(state, progress=again), now, "step again", progress.candidate.version, "the server restarted")


def _confirm(state: State, progress: Progress, seen: Seen) -> State | None:
    live = seen.live
    if live is not None and live.revision == state.revision:
        confirmed = replace(progress, live=seen.now, process=live.process, baseline=live.counters, last=0.0)
        return replace(state, progress=confirmed)
    deadline = progress.policy.declared.progress_deadline_seconds
    if live is not None and seen.now - progress.entered > deadline:
        return _abort(state, progress, f"the server did not take the step within {deadline:g} s", seen.now)
    return None


def _measured(state: State, progress: Progress, found: Measurement, now: float) -> State:
    failures = progress.failures + (found.verdict == "fail")
    counted = replace(
        progress, measured=progress.measured + 1, failures=failures, last=now, verdict=found.verdict,
        reason=found.reason, outcome=found.outcome,
    )  # fmt: skip
    if failures > progress.policy.declared.analysis.failure_limit:
        return _abort(replace(state, progress=counted), counted, found.reason, now)
    return replace(state, progress=counted)


def _pause(state: State, progress: Progress, step: Step, seen: Seen) -> State | None:
    if seen.live is None or progress.live is None or seen.now - progress.live < step.value:
        return None  # without a server nobody is served, so no time counts
    if is_enough(progress):
        return _enter(state, progress, seen.now)
    if seen.golden is None or not wants_golden(state, seen.now):
        return None
    if seen.golden.verdict == "fail":
        return _abort(state, progress, seen.golden.reason, seen.now)
    return _enter(state, progress, seen.now) if seen.golden.verdict == "pass" else None


def _with_outcome(reason: str, progress: Progress | None) -> str:
    """Add to the reason of an end what the experiment came to."""
    return f"{reason}; {progress.outcome}" if progress and progress.outcome else reason


def _promote(state: State, wanted: Ref, now: float) -> State:
    policy = state.progress.policy if state.progress else None
    reason = _with_outcome("every step passed", state.progress)
    return tell(_settle(state, wanted, policy), now, "served", wanted, reason, policy)


def _return(state: State, wanted: Ref, seen: Seen) -> State:
    """Go back to a version of the rollback window at once."""
    assert state.stable is not None
    changed = _settle(state, wanted, seen.policy)
    told = tell(changed, seen.now, "rolled back", state.stable, f"main went back to {wanted.version}")
    return tell(told, seen.now, "served", wanted, "within the rollback window: without steps")


def _settle(state: State, wanted: Ref, policy: Policy | None) -> State:
    """Make a version the stable one; what it replaces may return without steps."""
    earlier = [ref for ref in (state.stable, *state.window) if ref and ref.digest != wanted.digest]
    kept = policy.declared.rollback_window.revisions if policy else len(earlier)
    return replace(state, stable=wanted, progress=None, window=tuple(earlier[:kept]), revision=state.revision + 1)


def _abort(state: State, progress: Progress, reason: str, now: float) -> State:
    """Give everything to stable, and do not try this key again."""
    entry = Quarantine(progress.candidate.digest, progress.hash, reason, now, state.assignment)
    changed = replace(
        state, progress=None, revision=state.revision + 1, quarantined=(*state.quarantined, entry)[-HISTORY:]
    )
    told = tell(changed, now, "aborted", progress.candidate, reason, progress.policy)
    assert told.stable is not None
    return send(told, now, "revert", told.stable, reason)
