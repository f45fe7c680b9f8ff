"""Show where a version comes from: commit, data, metrics."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mainline.periods import told
from mainline.registry.lineage import Lineage, trace
from mainline.text import UNKNOWN, clip, minute, span, table, utc

WIDTH = 1000  # columns that a line may have; longer words come from nobody who means well


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", help="such as v1.1.0, or 7 or more digits of a package's digest")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> str:
    """Trace a version, or the digest that a prediction carries."""
    return lineage(arguments.version, arguments.json)


def lineage(name: str, as_json: bool, repository: Path = Path()) -> str:
    """Return where a version comes from, as text or as JSON.

    Raises:
        MainlineError: as `mainline.registry.lineage.trace`.
    """
    found = trace(name, repository)
    return json.dumps(document(found), indent=2, default=str) if as_json else render(found)


def document(found: Lineage) -> dict[str, Any]:
    """Return the lineage for programs; times are UTC, and what is not known is null."""
    whole = asdict(found)
    whole["registered"] = utc(found.registered)
    whole["commit"]["when"] = utc(found.commit.when)
    for item in whole["assignments"]:
        item["when"] = utc(item["when"])
        item["until"] = None if item["until"] is None else utc(item["until"])
    return whole


def render(found: Lineage) -> str:
    """Write the lineage for a terminal."""
    parts = {
        "Commit": _facts(_commit(found)),
        "Data": _data(found),
        "Parameters": _facts(_parameters(found)),
        "Environment": _facts([("requirements/pipeline.txt", f"sha256 {found.environment_sha256 or UNKNOWN}")]),
        "Stages": _runs(found),
        "Metrics": _metrics(found),
        "Gate": _facts([("verdict", found.verdict), ("headline", found.headline), *_accepted(found)]),
        "Signature": [f"  {_signature(found)}"],
        "Environments": _assignments(found),
    }
    lines = ["", f"{found.version}{', archived' * found.archived}, package digest {found.digest or UNKNOWN}"]
    for title, content in parts.items():
        lines += ["", title, *(content or [f"  {UNKNOWN}"])]
    return "\n".join(clip(line, WIDTH) if line else line for line in lines)


def _facts(facts: Sequence[tuple[str, str | None]]) -> list[str]:
    width = max((len(name) for name, _ in facts), default=0)
    return [f"  {name:<{width}}  {value or UNKNOWN}" for name, value in facts]


def _accepted(found: Lineage) -> list[tuple[str, str | None]]:
    return [
        ("accepted", f"{item['check']} ({item['verdict']}) by {item['by']}: {item['reason']}")
        for item in found.accepted
    ]


def _commit(found: Lineage) -> list[tuple[str, str | None]]:
    bump = f"{found.bump}: {found.reason}" if found.bump else None
    return [
        ("commit", found.commit.commit),
        ("subject", found.commit.subject),
        ("author", f"{found.commit.author}, {minute(found.commit.when)} UTC"),
        ("registered", f"{found.by or UNKNOWN}, {minute(found.registered)} UTC"),
        ("replaced", found.replaced),
        ("change", bump),
    ]


def _data(found: Lineage) -> list[str]:
    window = [(name, told(parts) if parts else UNKNOWN) for name, parts in (found.window or {}).items()]
    outputs = [
        [f"  {item.path}", item.hash, "" if item.size_bytes is None else f"{item.size_bytes:,}",
         "" if item.files is None else str(item.files)]
        for item in found.outputs or []
    ]  # fmt: skip
    return _facts(window) + (table(("  made", "md5", "bytes", "files"), outputs, right=(2, 3)) if outputs else [])


def _parameters(found: Lineage) -> list[tuple[str, str | None]]:
    return list(_flat(found.parameters or {}))


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _runs(found: Lineage) -> list[str]:
    rows = [
        [
            f"  {run.get('stage', UNKNOWN)}", str(run.get("started", UNKNOWN)), _seconds(run.get("seconds")),
            f"{run.get('peak_memory_mib', UNKNOWN)} MiB", str(run.get("by", UNKNOWN)), str(run.get("machine", UNKNOWN)),
        ]
        for run in found.runs
    ]  # fmt: skip
    return table(("  stage", "started UTC", "took", "memory", "by", "on"), rows, right=(2, 3)) if rows else []


def _seconds(value: Any) -> str:
    return span(value) if isinstance(value, int | float) else UNKNOWN


def _metrics(found: Lineage) -> list[str]:
    names = list(dict.fromkeys(name for values in found.metrics.values() for name in values))
    rows = [[f"  {name}", *[_number(values.get(name)) for values in found.metrics.values()]] for name in names]
    return table(("  ", *found.metrics), rows, right=range(1, len(found.metrics) + 1)) if rows else []


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _signature(found: Lineage) -> str:
    if found.signature.signed is None:
        return UNKNOWN
    if not found.signature.signed:
        return "not signed"
    return f"signed, key {found.signature.key or UNKNOWN} (not verified here)"


def _assignments(found: Lineage) -> list[str]:
    rows = [
        [f"  {item.environment}", str(item.number), minute(item.when),
         "now" if item.until is None else minute(item.until), item.by or UNKNOWN, item.kind or UNKNOWN,
         item.replaced or UNKNOWN]
        for item in found.assignments
    ]  # fmt: skip
    title = ("  environment", "#", "from UTC", "until UTC", "by", "why", "replaced")
    return table(title, rows, right=(1,)) if rows else ["  no environment had it"]
