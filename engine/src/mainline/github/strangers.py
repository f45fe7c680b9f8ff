"""What a stranger left, read as data: archives that may be damaged, and YAML that may be anything."""

import lzma
import zipfile
import zlib
from typing import Any

import yaml

MAX_FILE = 1_000_000  # bytes of one file
DAMAGED = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zlib.error,
           lzma.LZMAError)  # fmt: skip
"""What reading an archive raises that is none, or only begins like one."""


def load(text: str) -> dict[str, Any]:
    """Read a stranger's YAML without aliases, by which a few lines stand for more than memory holds.

    Raises:
        ValueError: saying what it is instead of a mapping.
    """
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError("it uses aliases of YAML")
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("it is not YAML") from error
    if not isinstance(content, dict):
        raise ValueError("it holds no mapping")
    return content
