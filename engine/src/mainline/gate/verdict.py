"""Every check of the gate, and the verdict that they make together."""

from collections.abc import Callable, Collection

from mainline.declared.gate import Policy
from mainline.documents import Verdict
from mainline.gate.checks import compatibility, costs, data, holdout, integrity, quality, slices
from mainline.gate.checks.outcome import Outcome, bounded
from mainline.gate.evidence import Evidence
from mainline.gate.findings import Check, Group

CHECKS: tuple[tuple[str, Group, Callable[[Evidence, Policy], Outcome]], ...] = (
    ("lock", "integrity", integrity.check_lock),
    ("finite predictions", "integrity", integrity.check_finite),
    ("package", "integrity", integrity.check_package),
    ("served", "integrity", integrity.check_served),
    ("holdout", "integrity", holdout.check_holdout),
    ("looks", "integrity", holdout.check_looks),
    ("same production", "integrity", integrity.check_same),
    ("against production", "quality", quality.check_production),
    ("sudden drop", "quality", quality.check_sudden_drop),
    ("slow decay", "quality", quality.check_slow_decay),
    ("against the baseline", "quality", quality.check_baseline),
    ("threshold", "quality", quality.check_threshold),
    ("suspicious gain", "quality", quality.check_suspicion),
    ("bias", "quality", quality.check_bias),
    ("slices against the whole", "slices", slices.check_slices_to_whole),
    ("slices against production", "slices", slices.check_slices_to_production),
    ("predict time", "budgets", costs.check_predict_time),
    ("package size", "budgets", costs.check_package_size),
    ("memory", "budgets", costs.check_memory),
    ("training time", "budgets", costs.check_training_time),
    ("feature cost", "budgets", costs.check_feature_cost),
    ("skew", "data", data.check_skew),
    ("support", "data", data.check_support),
    ("quarantine", "data", data.check_quarantine),
    ("personal values", "data", data.check_personal),
    ("schema", "compatibility", compatibility.check_schema),
)
"""In the order in which a person wants to read them; the declared fairness rules come after."""


def run(evidence: Evidence, policy: Policy, without: Collection[str] = ()) -> list[Check]:
    """Run every check but some of `CHECKS`, of which the evidence has nothing."""
    chosen = [check for check in CHECKS if check[0] not in without]
    found = [bounded(name, group, check(evidence, policy)) for name, group, check in chosen]
    if evidence.predicted_served is not None:
        found.append(bounded("refit", "quality", quality.check_refit(evidence, policy)))
    if evidence.candidate.manifest.get("interval"):
        found.append(bounded("coverage", "quality", quality.check_coverage(evidence, policy)))
        found.append(bounded("coverage by slice", "slices", quality.check_coverage_by_slice(evidence, policy)))
    fair = [(f"fairness by {rule.slice}", slices.check_fairness(evidence, rule)) for rule in policy.fairness]
    return found + [bounded(name, "slices", outcome) for name, outcome in fair]


def overall(checks: list[Check]) -> Verdict:
    """Join verdicts: one failure fails, one unknown leaves it unknown, one warning asks for a person."""
    found = {check.verdict for check in checks}
    order: tuple[Verdict, ...] = ("fail", "cannot tell", "warn", "pass")
    return next((verdict for verdict in order if verdict in found), "cannot tell")
