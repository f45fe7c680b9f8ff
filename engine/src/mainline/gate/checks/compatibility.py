"""Do the clients that production has still fit?"""

from mainline.declared.gate import Policy
from mainline.gate.checks.outcome import Outcome
from mainline.gate.evidence import Evidence
from mainline.registry import changes


def check_schema(evidence: Evidence, policy: Policy) -> Outcome:
    """Do requests that fit production fit the candidate, and the other way round for responses?"""
    if evidence.first_release:
        return Outcome("pass", "first release", "compatible", "There are no clients yet.")
    if evidence.production is None:
        return Outcome("cannot tell", "not comparable", "compatible", evidence.obstacle)
    found = changes.contract(evidence.production.predictor.manifest, evidence.candidate.manifest)
    if found.breaking:
        reason = "Old clients break: a new major version."
        return Outcome(policy.breaking_schema, "; ".join(found.breaking), "compatible", reason)
    observed = "; ".join(found.compatible) or "compatible"
    return Outcome("pass", observed, "compatible", "Old clients are served as before.")
