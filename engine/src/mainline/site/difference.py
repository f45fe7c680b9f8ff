"""What changed against the version that one replaced, as the two locks have it."""

import json
from typing import Any

from mainline.registry import changes
from mainline.report.blocks import Block, Code, Names, Paragraph, Section, Table
from mainline.repository import lock
from mainline.text import count

CHANGES = 40
"""Values and paths that are shown at most."""


def describe(before: str, after: str, replaced: str) -> Section:
    """List which parameters, features and code differ, by the locks of both; nothing where one of them has none."""
    if not before:
        return Section("changes", "What changed", ())
    try:
        old, new = _parameters(before), _parameters(after)
        files = changes.code(before, after)
    except lock.LockError:
        return Section("changes", "What changed", ())
    added, removed = changes.features(old, new)
    blocks: list[Block] = []
    if differing := changes.parameters(old, new)[:CHANGES]:
        rows = tuple(((Code(item.key),), (Code(value(item.before)),), (Code(value(item.after)),)) for item in differing)
        blocks.append(Table(("parameter", "before", "after"), rows))
    if moved := [*(f"+{name}" for name in added), *(f"-{name}" for name in removed)]:
        blocks.append(Paragraph(("Features: ", Names(tuple(moved)))))
    if files:
        blocks.append(Paragraph((f"Code and libraries, {count(len(files), 'path')}: ", Names(tuple(files[:CHANGES])))))
    title = f"What changed against {replaced}"
    return Section("changes", title, tuple(blocks) or (Paragraph(("Neither parameters nor code: the data did.",)),))


def _parameters(text: str) -> dict[str, Any]:
    entries = lock.entries(text).values()
    return {name: value for entry in entries for each in (entry.get("params") or {}).values()
            for name, value in each.items()}  # fmt: skip


def value(value: Any) -> str:
    """Show a declared value; '' for one that is not declared."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
