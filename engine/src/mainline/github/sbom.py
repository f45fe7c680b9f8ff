"""What a released model is made of and needs: a bill of materials in CycloneDX 1.6 (cyclonedx.org/docs/1.6/json)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mainline.package import manifest
from mainline.registry import artifact
from mainline.registry.tags import Version
from mainline.repository import lock

LIBRARIES = Path("requirements/pipeline.txt")
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^ ;\\]+)", flags=re.MULTILINE)


def compose(version: Version, libraries: Path = LIBRARIES) -> dict[str, Any]:
    """Name the model, each file of its package, and each library that its bytes depend on, with hashes and versions."""
    found, _ = manifest.read(Path(lock.PACKAGE))
    model = {
        "type": "machine-learning-model", "bom-ref": "model", "name": artifact.name(), "version": version.name,
        "hashes": [{"alg": "SHA-256", "content": found["digest"]}],
        "components": [_file(name, digest) for name, digest in sorted(found["files"].items())],
    }  # fmt: skip
    needed = list(_libraries(libraries.read_text(encoding="utf-8")))
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": model},
        "components": needed,
        "dependencies": [{"ref": "model", "dependsOn": [library["bom-ref"] for library in needed]}],
    }  # fmt: skip


def _file(name: str, digest: str) -> dict[str, Any]:
    return {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _libraries(lock: str) -> Iterator[dict[str, Any]]:
    for name, number in sorted(set(_PINNED.findall(lock))):
        url = f"pkg:pypi/{name.lower()}@{number}"
        yield {"type": "library", "bom-ref": url, "name": name, "version": number, "purl": url}
