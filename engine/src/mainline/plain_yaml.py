"""YAML whose values alone count: files of other commits, and what programs wrote."""

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same answers, ten times faster


def load(content: bytes | str) -> Any:
    """Return the values of a text; it names no class, so nothing of it is run.

    Raises:
        YAMLError: when it is not YAML.
        ValueError: when a value is none, such as the date 2013-13-01.
    """
    return yaml.load(content, _LOADER)  # noqa: S506 - a safe loader, written in C
