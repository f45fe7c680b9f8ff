"""Is there a candidate at all: made from what is declared, with numbers, on enough rows?"""

import numpy as np

from mainline.declared.gate import Policy
from mainline.gate.checks.outcome import Outcome
from mainline.gate.evidence import Evidence
from mainline.model.batches import differ
from mainline.package.sealing import MOST
from mainline.repository.lock import BY_CONTENT


def check_lock(evidence: Evidence, _: Policy) -> Outcome:
    """Does dvc.lock name the code, parameters and data that this candidate was made from?"""
    limit = "nothing changed since"
    if evidence.lock:
        return Outcome("fail", evidence.lock, limit, f"Run `make repro` and commit dvc.lock. {BY_CONTENT}")
    if evidence.strangers:
        observed = f"{', '.join(evidence.strangers)}: not what dvc.lock names"
        reason = (
            "Results of another commit are here, as after `git revert`. `./mainline restore` puts back those of the "
            "last one."
        )
        return Outcome("fail", observed, limit, reason)
    return Outcome("pass", "true", limit, "The candidate is what dvc.lock names.")


def check_finite(evidence: Evidence, _: Policy) -> Outcome:
    """Is every prediction a number?"""
    wrong = int((~np.isfinite(evidence.predicted.reshape(len(evidence.predicted), -1)).all(axis=1)).sum())
    observed = f"{wrong} of {len(evidence.predicted):,}"
    return Outcome("fail" if wrong else "pass", observed, "0", "Predictions that are NaN or infinite.")


def check_package(evidence: Evidence, _: Policy) -> Outcome:
    """Does the package predict what the pipeline measured, on every test row?"""
    limit = f"up to {evidence.candidate.tolerance:g} apart" if evidence.candidate.tolerance else "to the last bit"
    if len(evidence.kept) != len(evidence.predicted):
        observed = f"{len(evidence.predicted):,} rows, {len(evidence.kept):,} kept"
        return Outcome("fail", observed, limit, "The kept test predictions are of other rows. Run `make repro`.")
    wrong = int(differ(evidence.kept, evidence.predicted, evidence.candidate.tolerance).sum())
    observed = f"{wrong:,} of {len(evidence.kept):,} rows differ"
    if wrong > evidence.candidate.manifest.get("parity", {}).get("strangers", 0):
        reason = "The gate would judge another model than the pipeline measured. Run `make repro`, which says why."
        return Outcome("fail", observed, limit, reason)
    return Outcome("pass", observed, limit, "What is judged here is what the pipeline measured.")


def check_same(evidence: Evidence, _: Policy) -> Outcome:
    """Does production predict what it predicted when it was measured, on the rows that it shares with the candidate?"""
    wrong, shared = evidence.moved
    observed, limit = f"{wrong:,} of {shared:,} shared rows differ", f"at most {MOST:.0%}"
    if wrong > MOST * shared:
        reason = (
            "Production's data or feature tables on these rows are others than when it was measured, so what is "
            "compared here is not its quality."
        )
        return Outcome("cannot tell", observed, limit, reason)
    return Outcome("pass", observed, limit, "Production is judged as it was measured.")


def check_served(evidence: Evidence, _: Policy) -> Outcome:
    """Would the servers of every environment take the package?"""
    limit, refused = "every environment", {name: why for name, why in evidence.refusals.items() if why}
    if not evidence.refusals:
        return Outcome("cannot tell", "no environment", limit, "Declare one: write deploy/production.yaml.")
    if refused:
        name, why = next(iter(refused.items()))
        reason = (
            f"`./mainline check-package --unreleased --settings deploy/{name}.yaml` shows every check; "
            "`service.budgets` in that file says what it may cost."
        )
        return Outcome("fail", f"{name} refuses it: {why}", limit, reason)
    return Outcome("pass", ", ".join(evidence.refusals), limit, "As check-package decides where a package is served.")
