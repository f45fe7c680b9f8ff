"""A model package, as far as MLEM has to know it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainline.package import manifest as manifests


@dataclass(frozen=True)
class PackageFolder:
    """A verified model package, in memory: what was checked is what goes into the wheel."""

    name: str
    digest: str
    contents: Mapping[str, bytes]
    """Every file of the package, by its path with `/`."""

    @property
    def request(self) -> dict[str, Any]:
        """JSON Schema of one request."""
        return dict(json.loads(self.contents["request.schema.json"]))

    @property
    def response(self) -> dict[str, Any]:
        """JSON Schema of one prediction."""
        return dict(json.loads(self.contents["response.schema.json"]))

    @property
    def predictions(self) -> list[Any]:
        """Golden predictions: examples of what `predict` returns."""
        return list(json.loads(self.contents["golden.json"])["predictions"])

    @property
    def requirements(self) -> list[str]:
        """What the loader needs, as `name==version`."""
        return self.contents["requirements.txt"].decode().split()


def read_folder(path: Path) -> PackageFolder:
    """Read a package.

    Raises:
        PackageError: when it is absent, or a file is changed, missing or extra.
    """
    manifest, contents = manifests.read(path)
    sealed = (path / manifests.NAME).read_bytes()
    return PackageFolder(manifest["name"], manifest["digest"], {**contents, manifests.NAME: sealed})
