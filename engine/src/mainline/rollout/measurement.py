"""The measurement of a step: is one due, do the golden requests decide, and is it enough for the step to end?"""

from mainline.declared.rollout_steps import Step
from mainline.rollout.records import Progress, State


def step_of(progress: Progress) -> Step | None:
    """Return the step that a rollout is at; None after the last."""
    steps = progress.policy.steps
    return steps[progress.step] if progress.step < len(steps) else None


def due(state: State, now: float) -> bool:
    """Whether the present step is to be measured now: the candidate gets requests, and the interval has passed."""
    progress = state.progress
    if progress is None or progress.live is None:
        return False
    return _measures(progress) and now - max(progress.last, progress.live) >= progress.policy.declared.analysis.interval


def wants_golden(state: State, now: float) -> bool:
    """Whether the golden requests are to decide: the step's time is over and traffic was too little."""
    progress = state.progress
    step = step_of(progress) if progress else None
    if progress is None or progress.live is None or step is None or step.kind != "pause":
        return False
    analysis = progress.policy.declared.analysis
    if compares_outcomes(progress):  # these requests know nothing of what comes of an answer
        return False
    return analysis.golden_requests and now - progress.live >= step.value and not is_enough(progress)


def compares_outcomes(progress: Progress) -> bool:
    """Whether clients get answers of both versions, and what comes of them is to be compared."""
    return progress.policy.declared.analysis.outcome is not None and 0 < progress.weight < 100


def is_enough(progress: Progress) -> bool:
    """Whether analysis lets the step end: it passed often enough, or nothing is to be measured."""
    analysis = progress.policy.declared.analysis
    if not _measures(progress):
        return True
    return progress.verdict == "pass" and progress.measured >= analysis.count


def _measures(progress: Progress) -> bool:
    """Whether there is something to measure in a step."""
    answers = bool(progress.weight or progress.mirror)
    return (answers and bool(progress.policy.declared.analysis.metrics)) or compares_outcomes(progress)
