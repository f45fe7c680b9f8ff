"""A technical documentation in Markdown: facts in the order in which such documents are asked for, gaps marked.

The order is that of Annex IV of Regulation (EU) 2024/1689: purpose, data, design, performance, limits, oversight,
changes. What only a person can say is in the card, or a marked gap. Texts that others may have written, such as reasons
of events, are shown as `report.escape` shows them.
"""

import json
from collections.abc import Iterator
from typing import Any

from mainline.declared import card
from mainline.evidence import measurements, verdicts
from mainline.evidence.facts import Facts
from mainline.periods import told
from mainline.report.escape import code, prose
from mainline.text import count

_GAP = "**Gap:** "
_LIMITS = ("baseline_ratio", "margin", "sudden_drop", "suspicious_gain", "max_bias", "threshold")
"""Limits of the gate that are a number each."""


def compose(facts: Facts) -> bytes:
    """Write the document; gaps are counted at its top."""
    sections = {
        "1. Purpose": _purpose, "2. Data": _data, "3. Design": _design, "4. Performance": _performance,
        "5. Limits": _limits, "6. Oversight": _oversight, "7. Changes": _changes,
    }  # fmt: skip
    body = [line for title, write in sections.items() for line in ("", f"## {title}", "", *write(facts))]
    gaps = sum(_GAP in line for line in body)
    head = [
        f"# {facts.manifest['name']} {facts.lineage.version}: technical documentation",
        "",
        f"Of package `{facts.digest}`, registered {facts.released} at commit `{facts.lineage.commit.commit}`.",
        f"Written from what was on record when it was made. Marked gaps: {gaps}.",
    ]  # fmt: skip
    return ("\n".join([*head, *body]) + "\n").encode()


def _purpose(facts: Facts) -> Iterator[str]:
    response = facts.manifest["response"]
    yield f"- Answers with: {prose(response['description'])}; unit: {code(response['unit'] or 'none')}"
    for name in ("intended_use", "users", "out_of_scope", "owner", "contact", "license"):
        yield from card.lines(facts.card, name)


def _data(facts: Facts) -> Iterator[str]:
    for key, value in sorted(facts.data.origin.items()):
        yield f"- {prose(key)}: {prose(value)}"
    if not facts.data.origin:
        yield f"- {_GAP}the source says nothing of itself (`describe` in `src/usecase/source.py`)."
    for name, parts in facts.manifest["window"].items():
        yield f"- {prose(name)}: {code(told(parts))}"
    for table in facts.data.tables:
        rows = "" if table.rows is None else f"{count(table.rows, 'row')}, "
        size = f"{rows}{count(len(table.files), 'file')}, {count(len(table.columns), 'column')}"
        yield f"- Table {code(table.name)}: {size}"
    yield f"- By content: `{facts.data.path}` is `md5:{facts.data.oid}`; `data.croissant.json` has every file's hash."
    yield from card.lines(facts.card, "data")


def _design(facts: Facts) -> Iterator[str]:
    model = facts.manifest["model"]
    yield f"- Estimator: {code(model['type'])} for {code(facts.manifest['task'])}, exported as {code(model['format'])}"
    for name, value in sorted((facts.lineage.parameters or {}).items()):
        yield f"- Declared `{name}`: {code(json.dumps(value, ensure_ascii=False, default=str))}"
    features = [*model["numeric"], *model["categorical"]]
    yield f"- {count(len(features), 'feature')}: {', '.join(map(code, features))}"
    environment = facts.lineage.environment_sha256
    yield f"- Libraries: `requirements/pipeline.txt`, sha256 `{environment}`; `model.cdx.json` lists them."
    yield from card.lines(facts.card, "design")


def _performance(facts: Facts) -> Iterator[str]:
    yield from ("| rows | metric | value | 95 % interval |", "|---|---|---:|---|")
    for one in measurements.figures(facts):
        interval = "-" if one.low is None or one.high is None else f"{one.low:.4g} to {one.high:.4g}"
        yield f"| {code(one.rows)} | {code(one.metric)} | {one.value:.4g} | {interval} |"
    yield ""
    for rule in measurements.rules(facts):
        yield f"- Fairness by {code(rule.slice)}: {prose(rule.said)}; {prose(rule.limit)}"
    if not facts.policy.get("fairness"):
        yield f"- {_GAP}no rule of fairness is declared (`gate.fairness` in `params.yaml`)."


def _limits(facts: Facts) -> Iterator[str]:
    for name in ("caveats", "considerations", "fairness"):
        yield from card.lines(facts.card, name)
    for name in (name for name in _LIMITS if facts.policy.get(name) is not None):
        yield f"- The gate's `{name}`: {code(str(facts.policy[name]))}"
    yield "- Requests outside of `request.schema.json` of the package are refused."


def _oversight(facts: Facts) -> Iterator[str]:
    yield from card.lines(facts.card, "oversight")
    traced = facts.lineage
    yield f"- Gate: {code(traced.verdict or 'not on record')}, {prose(traced.headline or 'no headline')}"
    for item in traced.accepted:
        what = f"{code(item['check'])} ({code(item['verdict'])})"
        yield f"- Accepted by {code(item['by'])}: {what}: {prose(item['reason'])}"
    for name, one in verdicts.document(facts.verdicts)["environments"].items():
        yield from _environment(name, one)
    if not facts.verdicts.environments:
        yield f"- {_GAP}no environment has had this version yet."


def _environment(name: str, found: dict[str, Any]) -> Iterator[str]:
    for one in found["assignments"]:
        until = f"until {one['until']}" if one["until"] else "until now"
        yield f"- {code(name)} from {one['when']} {until}: {code(one['kind'] or 'tag')} by {code(one['by'] or '')}"
    for one in found["approvals"]:
        yield f"- {code(name)}: step {one['step']} approved by {code(one['by'])}, {one['when']}"
    for one in found["rollout"]:
        yield f"- {code(name)}: {one['event']} {one['time']} {prose(one['reason']) if one['reason'] else ''}".rstrip()
    if not found["rollout"]:
        yield f"- {_GAP}no server of {code(name)} has told how its rollout ended."
    monitoring = found["monitoring"]
    if monitoring is None:
        yield f"- {_GAP}nobody has monitored it in {code(name)}."
        return
    yield f"- Monitoring of {code(name)} until {monitoring['until']}: {code(monitoring['verdict'])}"
    for one in monitoring["checks"]:
        yield f"- {code(name)}, {code(one['name'])}: {code(one['verdict'])}, {prose(one['observed'])}"


def _changes(facts: Facts) -> Iterator[str]:
    traced = facts.lineage
    if traced.bump:
        replaced = f"replaces {code(traced.replaced)}" if traced.replaced else "replaces nothing"
        yield f"- {code(traced.bump)}, {replaced}: {prose(traced.reason or '')}"
    else:
        yield f"- {_GAP}its tag has no record of what changed."
    yield f"- Commit by {code(traced.commit.author)}: {prose(traced.commit.subject)}"
    yield "- `./mainline history` lists every version, `git log` every change."
