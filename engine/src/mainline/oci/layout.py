"""A package as an artifact: a manifest that names its files, laid out as ModelPack has it.

ModelPack is the model specification of the CNCF, https://github.com/modelpack/model-spec. Each file is a layer of its
own, uncompressed, so versions share what did not change, and any client that reads titles of layers, such as `oras
pull`, writes the package as it is. There is no time in it: the same version of the same package has one digest.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainline.oci import distribution
from mainline.oci.access import RegistryError
from mainline.package import manifest

ARTIFACT = "application/vnd.cncf.model.manifest.v1+json"
CONFIG = "application/vnd.cncf.model.config.v1+json"
PATH, TITLE = "org.cncf.model.filepath", "org.opencontainers.image.title"
PACKAGE = "mainline.package.digest"
"""The annotation with the package's own digest, by which two manifests of one package are told from another one."""
MOST_FILES = 10_000
_DATA = (".parquet", ".npz")
_TEXT = (".md", ".txt")
_MODEL = (".onnx", ".skops")

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _Layer(BaseModel):
    """A layer as somebody's manifest has it; what else it holds is not looked at."""

    model_config = ConfigDict(strict=True, extra="ignore")
    digest: Digest
    size: Annotated[int, Field(ge=0, le=2**50)]
    annotations: dict[str, str]


class _Manifest(BaseModel):
    """A manifest from a registry."""

    model_config = ConfigDict(strict=True, extra="ignore")
    schema_version: Literal[2] = Field(alias="schemaVersion")
    artifact: Literal["application/vnd.cncf.model.manifest.v1+json"] = Field(alias="artifactType")
    layers: list[_Layer] = Field(min_length=1, max_length=MOST_FILES)
    annotations: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Blob:
    """A piece of an artifact: its name in the registry, its bytes' number, and where they are."""

    digest: str
    size: int
    source: Path | bytes


@dataclass(frozen=True)
class Artifact:
    """All that is sent: the blobs first, the manifest last."""

    blobs: list[Blob]
    manifest: bytes
    package: str
    """The digest of the package."""

    @property
    def digest(self) -> str:
        """The name of the manifest, by which it is fetched."""
        return distribution.digest(self.manifest)


@dataclass(frozen=True)
class File:
    """A file that a manifest names."""

    path: str
    digest: str
    size: int


def compose(folder: Path, name: str, version: str) -> Artifact:
    """Lay out a sealed package; nothing is sent.

    Args:
        folder: the package.
        name: of the model.
        version: such as v1.2.0.

    Raises:
        PackageError: when the package is not as it was sealed.
    """
    described = manifest.verify(folder)
    hashes = {**described["files"], manifest.NAME: manifest.sha256((folder / manifest.NAME).read_bytes())}
    layers, blobs = [], []
    for path in sorted(hashes):
        blob = Blob(f"sha256:{hashes[path]}", (folder / path).stat().st_size, folder / path)
        layers.append({**_descriptor(_media_type(path), blob), "annotations": {PATH: path, TITLE: path}})
        blobs.append(blob)
    form = "onnx" if any(path.endswith(".onnx") for path in hashes) else "skops"
    config = _json({
        "descriptor": {"name": name, "version": version},
        "config": {"format": form},
        "modelfs": {"type": "layers", "diffIds": [layer["digest"] for layer in layers]},
    })  # fmt: skip
    blobs.append(Blob(distribution.digest(config), len(config), config))
    content = _json({
        "schemaVersion": 2,
        "mediaType": distribution.MANIFEST,
        "artifactType": ARTIFACT,
        "config": _descriptor(CONFIG, blobs[-1]),
        "layers": layers,
        "annotations": {
            TITLE: name, "org.opencontainers.image.version": version, PACKAGE: described["digest"],
        },
    })  # fmt: skip
    return Artifact(blobs, content, described["digest"])


def files(content: bytes, where: str) -> list[File]:
    """Return the files that a manifest from a registry names; each lies below the folder that it is written into.

    Raises:
        RegistryError: when it is not the manifest of a package.
    """
    found = [File(layer.annotations.get(PATH, ""), layer.digest, layer.size) for layer in _read(content, where).layers]
    wrong = next((file.path for file in found if not _is_inside(file.path)), None)
    if wrong is not None:
        raise RegistryError(f"{where} names the file {wrong[:100]!r}, which cannot be of a package.")
    if len({file.path for file in found}) < len(found):
        raise RegistryError(f"{where} names a file twice.")
    return found


def package(content: bytes, where: str) -> str:
    """Return the digest of the package that a manifest says it holds; '' if it says none.

    Raises:
        RegistryError: as `files`.
    """
    return _read(content, where).annotations.get(PACKAGE, "")


def _read(content: bytes, where: str) -> _Manifest:
    try:
        return _Manifest.model_validate(json.loads(content))
    except (ValidationError, ValueError, RecursionError) as error:
        raise RegistryError(f"{where} is not the manifest of a package of a model.") from error


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    plain = re.fullmatch(r"[^\x00-\x1f\\:]{1,400}", path) is not None
    return plain and not path.startswith("/") and "/".join(parts) == path and ".." not in parts and path != "."


def _media_type(path: str) -> str:
    suffix = PurePosixPath(path).suffix
    if path.startswith("code/"):
        kind = "code"
    elif suffix in _MODEL:
        kind = "weight"
    elif suffix in _DATA:
        kind = "dataset"
    else:
        kind = "doc" if suffix in _TEXT else "weight.config"
    return f"application/vnd.cncf.model.{kind}.v1.raw"


def _descriptor(media_type: str, blob: Blob) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
