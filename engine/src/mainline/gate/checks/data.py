"""Is the data what production was trained on, and mostly possible?"""

from mainline.declared.gate import Policy
from mainline.gate.checks.outcome import Outcome, at_most
from mainline.gate.evidence import Evidence
from mainline.limits import composition


def check_skew(evidence: Evidence, policy: Policy) -> Outcome:
    """Did features move away from what production was trained on?"""
    limit = f"{policy.skew.limit:g}"
    if evidence.first_release:
        return Outcome("pass", "first release", limit, "There is nothing to compare with.")
    if evidence.skew is None:
        gone = "No period that production was trained on is in the window; data.from can be moved back to one."
        uncounted = "Production's package does not count its training rows by feature: its data had time."
        why = evidence.obstacle or (gone if evidence.holdout.timed else uncounted)
        return Outcome("cannot tell", "not comparable", limit, why)
    moved = {n: i for n, i in evidence.skew.items() if not i <= policy.skew.limit and n not in policy.skew.ignore}
    observed = ", ".join(f"{name} {index:.2f}" for name, index in sorted(moved.items(), key=lambda item: -item[1])[:5])
    reason = f"Holdout against the training rows of {evidence.name_of_other} (stability index)."
    return Outcome("warn" if moved else "pass", observed or "none", limit, reason)


def check_support(evidence: Evidence, policy: Policy) -> Outcome:
    """Is each period made of what the periods before it were? A broken feed is not to be learned."""
    declared, limit = policy.support, "as the periods before"
    limits = declared.model_dump(exclude={"accept"}, exclude_none=True) | {"constant": 0.0}
    found = sorted(
        (before + limits[question] - observed, period, question, column, observed, before)
        for period, questions in evidence.support.items()
        for question, columns in questions.items()
        if question in limits
        for column, (observed, before) in columns.items()
        if observed > before + limits[question] and column not in declared.accept
    )
    if not found:
        return Outcome("pass", "nothing new", limit, "No period is unlike those before it by more than is declared.")
    _, period, question, column, observed, before = found[0]
    allowed = f"; before, at most {before:.2%} did, and gate.support.{question} allows {limits[question]:.2%} more"
    others = dict.fromkeys(f"{other} in {when}" for _, when, _, other, *_ in found if (other, when) != (column, period))
    more = f" So are: {', '.join(list(others)[:5])}{' and more' if len(others) > 5 else ''}." if others else ""
    reason = (
        f"{observed:.2%} of the rows of {column} in {period} {composition.QUESTIONS[question][1]}"
        f"{allowed if question != 'constant' else ', which varied before'}.{more} "
        f"Mend the source; what is right goes into gate.support.accept."
    )
    return Outcome("fail", f"{column} in {period}: {observed:.2%}", limit, reason)


def check_quarantine(evidence: Evidence, policy: Policy) -> Outcome:
    """Were few rows impossible?"""
    (wrong, rows), limit = evidence.quarantined, f"{policy.quarantined_share:.2%}"
    if not rows:
        return Outcome("cannot tell", "no rows counted", limit, "metrics/data.json has no rows.")
    reason = f"{wrong:,} of {rows:,} rows are in quarantine."
    return Outcome(at_most(wrong / rows, policy.quarantined_share), f"{wrong / rows:.3%}", limit, reason)


def check_personal(evidence: Evidence, _: Policy) -> Outcome:
    """Does a column hold what identifies a person by its form, and is not declared to be personal?"""
    if evidence.identified is None:
        return Outcome("cannot tell", "not looked at", "declared", "metrics/personal.json is missing: `make repro`.")
    if not evidence.identified:
        return Outcome("pass", "none", "declared", "No value has the form of an address or a number of a person.")
    shares = [
        (max(kinds.values()), f"{column}: {kind} in {share:.1%} of the rows")
        for column, kinds in evidence.identified.items() for kind, share in kinds.items()
    ]  # fmt: skip
    said = [text for _, text in sorted(shares, reverse=True)]
    more = f" and {len(said) - 5} more" if len(said) > 5 else ""
    remedy = "Leave these columns out, or declare in PERSONAL in src/usecase/interface.py why they are needed."
    return Outcome("warn", said[0], "declared", f"{'; '.join(said[:5])}{more}. {remedy}")
