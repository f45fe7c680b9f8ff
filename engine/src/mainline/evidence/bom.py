"""What a version is made of and needs, with its model card: CycloneDX 1.6 (cyclonedx.org/docs/1.6/json)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mainline.declared import card
from mainline.evidence import measurements
from mainline.evidence.datasets import Table
from mainline.evidence.facts import Facts

MODEL = "model"
"""The reference of the model among the components."""
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^ ;\\]+)", flags=re.MULTILINE)


def compose(facts: Facts) -> dict[str, Any]:
    """Name the model with its card, each file of its package, its data, and each library that its bytes depend on."""
    needed = [*_libraries(facts.libraries), *(_table(table) for table in facts.data.tables)]
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"timestamp": facts.released, "component": _model(facts)},
        "components": needed,
        "dependencies": [{"ref": MODEL, "dependsOn": [each["bom-ref"] for each in needed]}],
    }  # fmt: skip


def _model(facts: Facts) -> dict[str, Any]:
    said = facts.card
    return {
        "type": "machine-learning-model", "bom-ref": MODEL, "name": facts.artifact, "version": facts.lineage.version,
        "description": facts.manifest["response"]["description"],
        "hashes": [{"alg": "SHA-256", "content": facts.digest}],
        "components": [_file(name, "SHA-256", digest) for name, digest in sorted(facts.manifest["files"].items())],
        "modelCard": _card(facts),
        **({"supplier": {"name": said.owner}} if said.owner else {}),
        **({"licenses": [{"license": {"name": said.license}}]} if said.license else {}),
    }  # fmt: skip


def _card(facts: Facts) -> dict[str, Any]:
    return {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": facts.manifest["task"],
            "modelArchitecture": facts.manifest["model"]["type"],
            "datasets": [{"ref": _reference(table)} for table in facts.data.tables],
            "inputs": [{"format": _field(field)} for field in facts.manifest["request"]],
            "outputs": [{"format": _field(facts.manifest["response"])}],
        },
        "quantitativeAnalysis": {"performanceMetrics": [_metric(one) for one in measurements.figures(facts)]},
        "considerations": _considerations(facts),
        "properties": [
            *({"name": f"model.{name}", "value": str(value)} for name, value in sorted(facts.model.items())),
            *({"name": "gap", "value": name} for name in card.gaps(facts.card)),
            *([{"name": "contact", "value": facts.card.contact}] if facts.card.contact else []),
        ],
    }


def _metric(one: measurements.Figure) -> dict[str, Any]:
    found: dict[str, Any] = {"type": one.metric, "value": f"{one.value:.6g}", "slice": one.rows}
    if one.low is not None and one.high is not None:
        found["confidenceInterval"] = {"lowerBound": f"{one.low:.6g}", "upperBound": f"{one.high:.6g}"}
    return found


def _considerations(facts: Facts) -> dict[str, Any]:
    said = facts.card
    limits = [*(f"Out of scope: {line}" for line in said.out_of_scope or ()), *(said.caveats or ())]
    risks = [
        _without_gaps({"name": one.risk, "mitigationStrategy": one.mitigation}) for one in said.considerations or ()
    ]
    groups = [
        _without_gaps({"groupAtRisk": one.group, "harms": one.harm, "mitigationStrategy": one.mitigation})
        for one in said.fairness or ()
    ]
    rules = [
        {"groupAtRisk": f"by {rule.slice}", "harms": rule.said, "mitigationStrategy": rule.limit}
        for rule in measurements.rules(facts)
    ]
    return {
        "users": list(said.users or ()),
        "useCases": list(said.intended_use or ()),
        "technicalLimitations": limits,
        "ethicalConsiderations": risks,
        "fairnessAssessments": [*groups, *rules],
    }


def _without_gaps(entry: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in entry.items() if value is not None}


def _field(field: Mapping[str, Any]) -> str:
    unit = f", {field['unit']}" if field.get("unit") else ""
    return f"{field['name']}: {field['kind']}{unit}"


def _reference(table: Table) -> str:
    return f"data/{table.name}"


def _table(table: Table) -> dict[str, Any]:
    return {
        "type": "data", "bom-ref": _reference(table), "name": table.name,
        "data": [{"type": "dataset", "name": table.name}],
        "components": [_file(path, "MD5", md5) for path, md5 in sorted(table.files.items())],
    }  # fmt: skip


def _file(name: str, algorithm: str, digest: str) -> dict[str, Any]:
    return {"type": "file", "name": name, "hashes": [{"alg": algorithm, "content": digest}]}


def _libraries(lock: str) -> Iterator[dict[str, Any]]:
    for name, number in sorted(set(_PINNED.findall(lock))):
        url = f"pkg:pypi/{name.lower()}@{number}"
        yield {"type": "library", "bom-ref": url, "name": name, "version": number, "purl": url}
