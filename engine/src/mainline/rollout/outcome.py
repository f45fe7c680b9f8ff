"""What came of the answers of two versions, held to the policy's outcome: a finding, a sentence, and its way so far.

Differences are the candidate's mean less stable's, in the outcome's unit. A finding passes where the whole interval is
at least as good as the limit, fails where all of it is worse, and is inconclusive otherwise, as every other metric. The
interval holds at all looks together (`sequences`), so each look may decide.
"""

from collections.abc import Mapping, Sequence

from mainline.declared.rollout import Outcome
from mainline.exchange import outcomes, status
from mainline.exchange.outcomes import Outcomes, Tally
from mainline.exchange.place import Place
from mainline.rollout import measurement, sequences, statistics
from mainline.rollout.records import Finding, Ref, State
from mainline.rollout.statistics import Interval
from mainline.text import span


def name_of(state: State, place: Place) -> str:
    """Return the name of the experiment that a state's step is; '' if two versions do not answer, or none is declared.

    It changes with the weights, so that outcomes of each step are compared among themselves. If outcomes are read from
    labels, it is another one on each server, since monitoring may have the rows of several.
    """
    progress = state.progress
    if progress is None or not measurement.compares_outcomes(progress):
        return ""
    name = f"{progress.candidate.version}-{progress.candidate.digest[:12]}-{progress.hash}-{state.revision}"
    return f"{name}-{place.mark}" if metric_of(state) else name


def metric_of(state: State) -> str | None:
    """Return the metric whose value of each row is the outcome; None if clients say what came of answers."""
    progress = state.progress
    declared = progress.policy.declared.analysis.outcome if progress else None
    return declared.metric if declared else None


def judge(declared: Outcome, found: Outcomes | None, candidate: Ref, stable: Ref, seconds: float) -> Finding:
    """Return what the outcomes say; past the deadline what is declared for that.

    Args:
        declared: the outcome, its limit and its deadline.
        found: what the server counted in this step; None before it has said anything.
        candidate: the version on trial.
        stable: the version that it is compared with.
        seconds: since the server took the step.
    """
    tallies = [_tally(found, ref.version) for ref in (candidate, stable)]
    interval = sequences.compare_means(tallies[0], tallies[1], declared.confidence, declared.minimum)
    units = min(tally["units"] for tally in tallies)
    said = sentence(declared, interval, tallies, candidate.version, stable.version)
    if declared.metric and found is None:
        said += "; `./mainline monitor` beside the server has read no labels for this step yet"
    verdict = _verdict(declared, interval)
    if verdict == "inconclusive" and seconds >= declared.deadline:
        verdict = "pass" if declared.undecided == "go-on" else "fail"
        said += f"; undecided after {span(declared.deadline)}, so {declared.undecided}, as declared"
    known = interval is not statistics.UNKNOWN
    return Finding(
        metric=f"outcome {declared.name}",
        verdict=verdict,
        estimate=interval.estimate if known else None,
        low=interval.low if known else None,
        high=interval.high if known else None,
        limit=declared.limit,
        samples=int(units),
        said=said,
    )


def sentence(declared: Outcome, interval: Interval, tallies: Sequence[Tally], candidate: str, stable: str) -> str:
    """Say in words what is known of the candidate."""
    after = f"after {sum(tally['number'] for tally in tallies):,} outcomes"
    if interval is statistics.UNKNOWN:
        return f"{candidate} cannot be compared with {stable} yet: {_lacking(declared, tallies)} {after}"
    sign, unit = declared.sign, f" {declared.unit}" if declared.unit else ""
    low, high = sorted((sign * interval.low, sign * interval.high))
    sure = f"{100 * declared.confidence:g} %"
    if low > 0:
        shown = f"{sign * interval.estimate:.3g}{unit} ({sure}: {low:.3g} to {high:.3g})"
        return f"{candidate} is better by {shown} {after}"
    if high < 0:
        shown = f"{-sign * interval.estimate:.3g}{unit} ({sure}: {-high:.3g} to {-low:.3g})"
        return f"{candidate} is worse by {shown} {after}"
    between = f"between {-low:.3g}{unit} worse and {high:.3g}{unit} better ({sure})"
    return f"{candidate} cannot be told from {stable} yet: {between} {after}"


def report(declared: Outcome, found: Outcomes | None, finding: Finding, candidate: Ref, stable: Ref) -> status.Outcome:
    """Return what people are shown: the sentence, and the interval at each point of the trace and now."""
    points: list[list[float]] = []
    for tallies in [*found["trace"], found["versions"]] if found else ():
        pair = [tallies.get(ref.version, outcomes.empty()) for ref in (candidate, stable)]
        interval = sequences.compare_means(pair[0], pair[1], declared.confidence, declared.minimum)
        if interval is not statistics.UNKNOWN:
            number = sum(tally["number"] for tally in pair)
            if points and points[-1][0] == number:
                continue
            points.append([float(number), interval.estimate, interval.low, interval.high])
    return {
        "name": declared.name, "unit": declared.unit, "better": declared.better, "limit": declared.limit,
        "candidate": candidate.version, "stable": stable.version, "verdict": finding.verdict, "said": finding.said,
        "left_out": dict(found["left_out"]) if found else {}, "points": points,
    }  # fmt: skip


def _verdict(declared: Outcome, interval: Interval) -> status.Verdict:
    sign = declared.sign
    worst, best = sorted((sign * interval.low, sign * interval.high))
    if worst >= sign * declared.limit:
        return "pass"
    return "fail" if best < sign * declared.limit else "inconclusive"


def _lacking(declared: Outcome, tallies: Sequence[Tally]) -> str:
    if min(tally["units"] for tally in tallies) >= declared.minimum:
        return "all values are the same"
    units = " and ".join(f"{tally['units']:,}" for tally in tallies)
    return f"{units} of {declared.minimum:,} units each"


def _tally(found: Outcomes | None, version: str) -> Tally:
    versions: Mapping[str, Tally] = found["versions"] if found else {}
    return versions.get(version, outcomes.empty())
