"""Do the clients that production has still fit?"""

from collections.abc import Mapping, Sequence
from typing import Any

from mainline.contract import Field
from mainline.gate.checks.outcome import Outcome
from mainline.gate.evidence import Evidence
from mainline.gate.policy import Policy


def check_schema(evidence: Evidence, policy: Policy) -> Outcome:
    """Do requests that fit production fit the candidate, and the other way round for responses?"""
    if evidence.first_release:
        return Outcome("pass", "first release", "compatible", "There are no clients yet.")
    if evidence.production is None:
        return Outcome("cannot tell", "not comparable", "compatible", evidence.obstacle)
    old, new = evidence.production.predictor, evidence.candidate
    changes = breaking_changes(old.request, new.request)
    if _meaning(old.manifest["response"]) != _meaning(new.manifest["response"]):
        changes.append("the response changed")
    if not changes:
        return Outcome("pass", "compatible", "compatible", "Old clients are served as before.")
    observed = "; ".join(changes)
    return Outcome(policy.breaking_schema, observed, "compatible", "Old clients break: a new major version.")


def breaking_changes(old: Sequence[Field], new: Sequence[Field]) -> list[str]:
    """List why requests that fitted the old fields would be refused by the new ones."""
    after, before = {field.name: field for field in new}, {field.name: field for field in old}
    changes = [f"field '{name}' is gone" for name in before if name not in after]
    changes += [f"field '{name}' is required now" for name, f in after.items() if name not in before and not f.optional]
    for name in before.keys() & after.keys():
        changes += [f"field '{name}' {change}" for change in _narrowed(before[name], after[name])]
    return sorted(changes)


def _narrowed(old: Field, new: Field) -> list[str]:
    changes = []
    if old.kind != new.kind and (old.kind, new.kind) != ("integer", "number"):
        changes.append(f"is {new.kind}, was {old.kind}")
    if old.optional and not new.optional:
        changes.append("may no longer be left out")
    if new.minimum is not None and (old.minimum is None or new.minimum > old.minimum):
        changes.append(f"must be at least {new.minimum:g}")
    if new.maximum is not None and (old.maximum is None or new.maximum < old.maximum):
        changes.append(f"must be at most {new.maximum:g}")
    if new.pattern is not None and new.pattern != old.pattern:
        changes.append("must match another pattern")
    if old.unit != new.unit:
        changes.append(f"is in {new.unit or 'no unit'}, was in {old.unit or 'no unit'}")
    return changes


def _meaning(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client relies on: everything but the words for people."""
    return {key: value for key, value in response.items() if key not in ("description", "example")}
