"""The files of `deploy/`: which of them declare an environment, and which one declares previews of branches."""

from pathlib import Path

import yaml

from mainline import plain_yaml

FOLDER = Path("deploy")
PREVIEW = "preview"
"""The section that makes a file one of previews, which is not an environment: no version is ever assigned to it."""


def environment_files(folder: Path = FOLDER) -> list[Path]:
    """Return the files that declare an environment, in order."""
    return [file for file in sorted(folder.glob("*.yaml")) if not is_preview(file.read_bytes())]


def is_preview(content: bytes | str) -> bool:
    """Whether the content of a file declares previews; if it cannot be read, its reader has to say why."""
    try:
        found = plain_yaml.load(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and PREVIEW in found
