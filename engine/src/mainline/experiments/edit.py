"""Change values in the text of a YAML file, such as `params.yaml`, and leave all else, comments too, as it is.

A YAML writer that keeps comments (ruamel.yaml) lays out indentation and lists in its own way; here the parser says
where each value stands, and only that is replaced.
"""

import operator
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from functools import reduce
from typing import Any

import yaml

from mainline.errors import MainlineError


def set_hyperparameters(text: str, values: Mapping[str, Any]) -> str:
    """Return the text with `model.params` changed: values replaced where they stand, new ones added at the end.

    Raises:
        MainlineError: as `set_values`.
    """
    return set_values(text, {("model", "params", name): value for name, value in values.items()})


def set_values(text: str, values: Mapping[tuple[str, ...], Any], file: str = "params.yaml") -> str:
    """Return the text with some keys changed, each by its path in sections that are there.

    Raises:
        MainlineError: when the text is laid out in a way that cannot be edited safely, such as with anchors, or lacks a
            section.
    """
    edited = text
    try:
        wanted = yaml.safe_load(text)
        for path, value in values.items():
            reduce(operator.getitem, path[:-1], wanted)[path[-1]] = value
            edited = _set(edited, path, _written(value))
        done = yaml.safe_load(edited) == wanted
    except (yaml.YAMLError, KeyError, StopIteration, TypeError):
        done = False
    if not done:
        by_hand = {".".join(path): value for path, value in values.items()}
        raise MainlineError(f"{file} cannot be edited safely. Write by hand: {by_hand}")
    return edited


def set_sections(text: str, sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text with whole sections replaced, comments within them too; what stands around them stays.

    Raises:
        MainlineError: when the text is laid out in a way that cannot be edited safely, such as with anchors.
    """
    wanted = {**yaml.safe_load(text), **sections}
    edited = text
    try:
        for name, value in sections.items():
            edited = _set_section(edited, name, value)
        done = yaml.safe_load(edited) == wanted
    except (yaml.YAMLError, StopIteration):
        done = False
    if not done:
        raise MainlineError(f"params.yaml cannot be edited safely. Write into it by hand: {dict(sections)}")
    return edited


def diff(before: str, after: str, file: str = "params.yaml") -> str:
    """Show a change of a file as `git apply` takes it; empty if there is none."""
    lines = unified_diff(before.splitlines(), after.splitlines(), f"a/{file}", f"b/{file}", n=1, lineterm="")
    return "\n".join(lines)


def _set(text: str, path: Sequence[str], value: str) -> str:
    *sections, name = path
    section: Any = reduce(_child, sections, yaml.compose(text))
    found = [held for key, held in section.value if key.value == name]
    if found:
        start, end = found[0].start_mark.index, found[0].end_mark.index
        return _splice(text, start, end, value if end > start else f" {value}")  # an empty value begins at its colon
    if not section.value or section.flow_style:
        comma = ", " if section.value else ""
        end = section.end_mark.index - 1  # before the closing brace
        return _splice(text, end, end, f"{comma}{name}: {value}")
    key, last = section.value[-1]
    end = text.find("\n", last.end_mark.index if last.end_mark.column else last.end_mark.index - 1)
    end = len(text) if end < 0 else end
    return _splice(text, end, end, f"\n{' ' * key.start_mark.column}{name}: {value}")


def _set_section(text: str, name: str, value: Mapping[str, Any]) -> str:
    section = _child(yaml.compose(text), name)
    start, end = section.start_mark.index, _last(section).end_mark.index
    if not section.flow_style:
        line = text.find("\n", end)
        end = len(text) if line < 0 else line
    written = yaml.safe_dump(dict(value), sort_keys=False).rstrip("\n").replace("\n", "\n  ")
    return _splice(text, start, end, f"\n  {written}" if section.flow_style else written)


def _last(node: Any) -> Any:
    """Return the node at whose end a node ends: that of a block also holds the comments after it."""
    while not isinstance(node, yaml.ScalarNode) and node.value and not node.flow_style:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return node


def _child(node: Any, name: str) -> Any:
    return next(held for key, held in node.value if key.value == name)


def _splice(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _written(value: Any) -> str:
    """Write a scalar as YAML, in one line."""
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("\n").removesuffix("\n...").strip()
