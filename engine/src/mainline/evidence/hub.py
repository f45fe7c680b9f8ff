"""A model card as the Hugging Face hub reads it: YAML with a `model-index`, and below it the package's own card."""

import re
from typing import Any

import yaml

from mainline.evidence import measurements
from mainline.evidence.facts import Facts
from mainline.periods import told

_TASKS = {"regression": "tabular-regression"}
_SPDX = re.compile(r"[A-Za-z0-9.+-]+")


def compose(facts: Facts) -> bytes:
    """Return the README: its head says task, data and figures; a licence that nobody declared is left out."""
    head = yaml.safe_dump(_head(facts), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n".encode() + facts.contents["model_card.md"]


def _head(facts: Facts) -> dict[str, Any]:
    return {
        **_license(facts.card.license),
        "library_name": facts.manifest["model"]["format"],
        "tags": ["tabular", facts.manifest["task"]],
        "model-index": [{"name": facts.manifest["name"], "results": [_result(facts)]}],
    }


def _license(said: str | None) -> dict[str, str]:
    """Return the terms that are declared: a name as SPDX has it, or any other words."""
    if said is None:
        return {}
    return {"license": said.lower()} if _SPDX.fullmatch(said) else {"license": "other", "license_name": said}


def _result(facts: Facts) -> dict[str, Any]:
    window = facts.manifest["window"]["test"]
    return {
        "task": {"type": _TASKS.get(facts.manifest["task"], "tabular-classification")},
        "dataset": {
            "type": f"{facts.artifact}-data", "name": f"{facts.artifact} data, {told(window)}", "split": "test",
            "revision": facts.data.oid,
        },
        "metrics": [_metric(facts, name, value) for name, value in measurements.whole(facts).items()],
    }  # fmt: skip


def _metric(facts: Facts, name: str, value: float) -> dict[str, Any]:
    test = facts.lineage.metrics["test"]
    low, high = test.get("low"), test.get("high")
    has_interval = name == facts.primary and low is not None and high is not None
    interval = {"args": {"interval_low": low, "interval_high": high, "level": 0.95}} if has_interval else {}
    return {"type": name, "name": name, "value": value, **interval}
