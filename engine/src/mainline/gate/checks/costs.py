"""Does the candidate cost about what production costs, and is each feature worth its cost?"""

from mainline.declared.gate import Policy
from mainline.gate.checks.outcome import Outcome, at_most, divide
from mainline.gate.evidence import Evidence
from mainline.text import count

TRAIN = "train"
"""The stage that fits."""

UNRECORDED = (
    f"metrics/runs.csv has no run of the stage, as after a result from DVC's cache. `dvc repro --force --single-item "
    f"{TRAIN}` makes one, and `make repro` keeps it."
)


def check_predict_time(evidence: Evidence, policy: Policy) -> Outcome:
    """Does a prediction take about as long as with production's package?"""
    return _check_package(evidence, policy.budgets.predict_time, "predict_microseconds", "{:,.4g} µs a row")


def check_package_size(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the package about as large as production's?"""
    return _check_package(evidence, policy.budgets.package_size, "size_bytes", "{:,} bytes")


def check_memory(evidence: Evidence, policy: Policy) -> Outcome:
    """Does a process with the package need about as much memory as with production's?"""
    return _check_package(evidence, policy.budgets.memory, "memory_mib", "{:,.4g} MiB")


def _check_package(evidence: Evidence, limit: float, field: str, form: str) -> Outcome:
    shown = f"{limit:g}x"
    if evidence.costs is None:
        return Outcome("cannot tell", "not measured", shown, "The cost could not be measured.")
    candidate, production = evidence.costs
    observed = form.format(getattr(candidate, field))
    if evidence.first_release:
        return Outcome("pass", observed, shown, "First release: recorded, nothing to compare with.")
    if production is None:
        return Outcome("cannot tell", "not measured", shown, f"{evidence.name_of_other} could not be measured.")
    ratio = divide(getattr(candidate, field), getattr(production, field))
    return Outcome(at_most(ratio, limit), f"{ratio:.2f}x, {observed}", shown, f"Over {evidence.name_of_other}.")


def check_training_time(evidence: Evidence, policy: Policy) -> Outcome:
    """Did the fit take about as much processor time as production's, where both ran on one kind of machine?"""
    limit = f"{policy.budgets.training_time:g}x"
    run, other = evidence.runs.get(TRAIN), evidence.production_runs.get(TRAIN)
    if run is None:
        return Outcome("warn", "not recorded", limit, UNRECORDED)
    observed = f"{run.cpu_seconds:,.1f} s of CPU time"
    if evidence.first_release:
        return Outcome("pass", observed, limit, "First release: recorded, nothing to compare with.")
    if other is None:
        return Outcome("warn", observed, limit, f"{evidence.name_of_other} has no record of its run.")
    if run.machine != other.machine:
        reason = f"Not comparable: it ran on {run.machine}, {evidence.name_of_other} on {other.machine}."
        return Outcome("warn", observed, limit, reason)
    ratio = divide(run.cpu_seconds, other.cpu_seconds)
    verdict = at_most(ratio, policy.budgets.training_time)
    return Outcome(verdict, f"{ratio:.2f}x, {observed}", limit, f"Over {evidence.name_of_other}, on {run.machine}.")


def check_feature_cost(evidence: Evidence, policy: Policy) -> Outcome:
    """Does no feature take much of a prediction's time without being proven to be worth it?

    Of features that production has as well, one that was never measured is let be: this candidate did not add it.
    """
    share = policy.budgets.feature_time
    limit = f"{share:.0%} of predict time, if unproven"
    measured = {worth.feature: worth for worth in evidence.worth}
    unknown = [name for name in evidence.added_features if name not in measured]
    if unknown:
        reason = f"Run `./mainline explain`; metrics/worth.csv lacks {', '.join(unknown[:5])}."
        return Outcome("warn", f"{count(len(unknown), 'new feature')} not measured", limit, reason)
    known = [name for name in evidence.features if name in measured]
    if not known:
        reason = "`./mainline explain` measures what each feature is worth; it did not yet."
        return Outcome("pass", "not measured", limit, reason)
    if evidence.costs is None:
        return Outcome("cannot tell", "not measured", limit, "The cost of a prediction could not be measured.")
    whole = evidence.costs[0].predict_microseconds
    shares = {name: measured[name].microseconds / whole for name in known if measured[name].low <= 0}
    dear = [name for name in sorted(shares, key=lambda name: -shares[name]) if shares[name] > share]
    observed = ", ".join(f"{name} {shares[name]:.0%}" for name in dear[:5]) or "none"
    stale = any(worth.stale for worth in evidence.worth)
    by = f"By `./mainline explain`{', of an earlier model or metric' if stale else ''}"
    reason = f"{by}: no worse without it, as far as can be told." if dear else f"{by}."
    return Outcome("warn" if dear else "pass", observed, limit, reason)
