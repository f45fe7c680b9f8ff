"""Keys of `params.yaml` that have another name than they had: told, and written."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from mainline.declared.window import RENAMED
from mainline.errors import ParamsError


def found(raw: Any) -> dict[str, str]:
    """Return the old names that a file uses, such as `split.test_months`, with the new ones."""
    return {place: new for place, new in RENAMED.items() if _has(raw, place)}


def written(text: str, names: Mapping[str, str]) -> str:
    """Return the text of a file with new names in place of old ones; values and comments stay.

    Raises:
        ParamsError: when a section is not written a line for each key, or has a key under both names.
    """
    raw = yaml.safe_load(text)
    for place, new in names.items():
        section, old = place.split(".")
        head = re.search(rf"^{section}:.*\n(?:[ \t#].*\n|\n)*", text, re.MULTILINE)
        if head:
            lines = re.sub(rf"^(\s+){old}(\s*:)", rf"\g<1>{new}\g<2>", head[0], flags=re.MULTILINE)
            text = text.replace(head[0], lines, 1)
        if new in raw[section] or place in found(yaml.safe_load(text)):
            raise ParamsError(place, f"is called {new} now, and cannot be renamed line by line", "edit it by hand")
    return text


def renamed(raw: Any) -> Any:
    """Return the content of a file under the new names, for a look at what else is wrong with it."""
    for place, new in found(raw).items():
        section, old = place.split(".")
        raw = raw | {section: {new if key == old else key: value for key, value in raw[section].items()}}
    return raw


def _has(raw: Any, place: str) -> bool:
    section, old = place.split(".")
    return isinstance(raw, dict) and isinstance(raw.get(section), dict) and old in raw[section]
