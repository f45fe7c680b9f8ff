"""A replay from end to end: the sample, both versions, what moved, and the truth where it is known."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType

import numpy as np

from mainline import personal, progress
from mainline.data.columns import DAY
from mainline.declared.params import Evaluation
from mainline.declared.replay import Replay as Policy
from mainline.errors import MainlineError
from mainline.model import metrics
from mainline.monitoring.label_feed import Fetch, Wanted
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from mainline.replay import answers, masking, moves, sample, truth
from mainline.replay.finding import Answers
from mainline.replay.sample import Sample
from mainline.text import clean, count, few


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is replayed: the declared section and the file that it stands in, and what a candidate is judged by.

    `amount` is how far an answer may move, `confidence` and `margin` are the gate's, `kind` and `fetch` what labels are
    and what brings them, None if nothing does.
    """

    policy: Policy
    file: str
    amount: float
    confidence: float
    margin: float
    evaluation: Evaluation
    interface: ModuleType
    kind: Wanted | None
    fetch: Fetch | None
    until: datetime


def replay(
    store: Store, packages: Mapping[str, Packaged], candidate: Packaged, against: Packaged, asked: Asked
) -> tuple[Answers | None, str]:
    """Let the candidate answer what production was asked; None with the reason if nothing can be said.

    Args:
        store: the requests that were rolled up.
        packages: those that answered, by digest.
        candidate: the version whose answers would be new.
        against: the version that answers now.
        asked: by which rules.

    Raises:
        ParamsError: when the section hides a field that no request has.
    """
    hidden = masking.hidden(asked.interface, (candidate, against), asked.policy, asked.file)
    for name, package in (("the candidate", candidate), ("the version that answers now", against)):
        fault = _fault(package)
        if fault:
            return None, f"{name} cannot be loaded here ({fault})."
    taken = sample.take(store, {digest: one for digest, one in packages.items() if not _fault(one)}, asked.policy)
    if not taken.requests:
        return None, taken.reason or _lacking(packages.values(), hidden)
    progress.say(f"{count(taken.requests, 'request')} of {taken.logged:,} are answered again.")
    try:
        return _describe(taken, candidate, against, asked, hidden), ""
    except MainlineError as error:
        return None, str(error)[:600]


def _fault(package: Packaged) -> str:
    """Say what keeps a package from being loaded, as a library that is not here; '' if nothing does.

    No request has been read by then, so the words of its code may be repeated.
    """
    try:
        package.predictor  # noqa: B018 - it is built once, when it is asked for
    except Exception as error:
        return clean(f"{type(error).__name__}: {error}")[:200]
    return ""


def _lacking(packages: Collection[Packaged], hidden: frozenset[str]) -> str:
    """Say why requests that are here cannot be asked again: a field that each must have is hidden, or is not there."""
    needed = {field.name for package in packages for field in package.request if not field.optional}
    lost = few(sorted(needed & hidden), 3)
    if not lost:
        return "no request of the log has all that its version needs."
    return f"no request of the log has all that its version needs; an excerpt of a release has no {lost}: it is hidden."


def _describe(taken: Sample, candidate: Packaged, against: Packaged, asked: Asked, hidden: frozenset[str]) -> Answers:
    policy, versions = asked.policy, (candidate, against)
    answered = answers.answer(taken.parts, candidate, against)
    scorers = tuple(metrics.of_package(version.manifest, asked.evaluation) for version in versions)
    moved = moves.measure(answered, (scorers[0], scorers[1]), asked.amount, policy.threshold)
    actual, untold = truth.labels(taken.parts, asked.kind, asked.fetch, asked.until)
    judged = None
    if actual is not None:
        judged, untold = truth.judge(answered, actual, versions, asked.evaluation, asked.confidence, asked.margin)
    is_said = personal.is_declared(asked.interface)
    is_shown = asked.kind is not None and asked.kind.label not in hidden
    rows = moves.rows(moved, answered, candidate, hidden, actual if is_shown else None, policy) if is_said else []
    days = [str(np.datetime64(int(day), "D")) for day in (answered.moment.min() // DAY, answered.moment.max() // DAY)]
    return Answers(
        requests=taken.requests, logged=max(taken.logged, taken.requests), first=days[0], last=days[1],
        choice=policy.choice, amount=asked.amount, unit=str(candidate.manifest["response"]["unit"])[:120],
        moved=int(moved.moved.sum()), crossed=int(moved.crossed.sum()), invalid=int(moved.invalid.sum()),
        threshold=_threshold(candidate, against, policy), tried=answered.tried, again=answered.again,
        is_logged=answered.is_logged, hidden=sorted(name[:120] for name in hidden),
        segments=moves.segments(moved, answered, candidate, hidden, asked.evaluation.slice_min_rows),
        rows=rows, without_rows="" if is_said or not policy.rows else masking.UNSAID, truth=judged,
        without_truth=untold[:600],
    )  # fmt: skip


def _threshold(candidate: Packaged, against: Packaged, policy: Policy) -> str:
    """Say where a decision changes; '' if nowhere."""
    if candidate.classes:
        return "the class that is said"
    cuts = [version.manifest["model"].get("threshold") for version in (against, candidate)]
    if None not in cuts:
        same = cuts[0] == cuts[1]
        return f"{cuts[0]:.4g}" if same else f"{cuts[0]:.4g}, of the candidate {cuts[1]:.4g}"
    return "" if policy.threshold is None else f"{policy.threshold:g}"
