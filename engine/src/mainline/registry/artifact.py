"""The name under which this repository's model is registered: what `dvc.yaml` declares for the package.

Its tags begin with it, and so do the branches that servers and monitoring write, so that two models never share one.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml

from mainline import plain_yaml
from mainline.errors import MainlineError
from mainline.repository import lock
from mainline.repository.git import blob

PIPELINE = "dvc.yaml"
ENVIRONMENTS = Path("deploy")
"""`declared.environments.FOLDER`, which brings pydantic, and a `repro` without work need not wait for that."""
DEFAULT = "model"
"""The name where `dvc.yaml` declares none."""

_ALLOWED = re.compile(r"[a-z]([a-z0-9-/]*[a-z0-9])?")  # GTO's own rule


def name(repository: Path = Path()) -> str:
    """Return the artifact whose path is the package. Another name is another line of versions, with its own first one.

    Raises:
        MainlineError: when the name cannot stand in a tag or is an environment's, or two artifacts have that path.
    """
    try:
        found = _name((repository / PIPELINE).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):  # whoever runs the pipeline says what is wrong with it
        return DEFAULT
    taken = [part for part in found.split("/") if (repository / ENVIRONMENTS / f"{part}.yaml").is_file()]
    if taken:  # git cannot have a branch in a folder that is a branch
        raise MainlineError(
            f"{PIPELINE}: artifacts: '{found[:60]}' has the name of the environment {taken[0]} in it, so that their "
            "branches would be in each other's way; call the model otherwise."
        )
    return found


def branch(
    kind: Literal["deployments", "monitoring", "requests", "rollback"],
    of: str,
    repository: Path = Path(),
    model: str = "",
) -> str:
    """Name a branch of an environment, or of a version; that of the model that is called `model` is without its name.

    Args:
        kind: what it is for.
        of: an environment or a version.
        repository: whose `dvc.yaml` names the model.
        model: another one than that.

    Raises:
        MainlineError: as `name` does.
    """
    model = model or name(repository)
    return "/".join((kind, *(() if model == DEFAULT else (model,)), of))


def committed() -> str:
    """Return the name that the last commit declares, as `name` does; the default if there is no commit."""
    try:
        return _name((blob(f"HEAD:{PIPELINE}") or b"").decode())
    except (ValueError, yaml.YAMLError):
        return DEFAULT


def _name(text: str) -> str:
    content = plain_yaml.load(text)
    declared = content.get("artifacts") if isinstance(content, Mapping) else None
    artifacts = declared.items() if isinstance(declared, Mapping) else ()
    found = [str(key) for key, one in artifacts if isinstance(one, Mapping) and one.get("path") == lock.PACKAGE]
    if len(found) > 1:
        raise MainlineError(f"{PIPELINE} declares {lock.PACKAGE} as {' and '.join(found)}; keep one under artifacts.")
    if found and not _ALLOWED.fullmatch(found[0]):
        raise MainlineError(
            f"{PIPELINE}: artifacts: '{found[0][:60]}' cannot be in a tag; use a-z, 0-9, - and /, such as bike-rentals."
        )
    return found[0] if found else DEFAULT
