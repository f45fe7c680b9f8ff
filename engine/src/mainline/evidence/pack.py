"""The pack of a version: every document, and the signed statement that binds them to its package."""

import io
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from mainline import files
from mainline.errors import MainlineError
from mainline.evidence import bom, croissant, document, facts, hub, provenance, verdicts
from mainline.evidence.facts import Facts, dump
from mainline.package import signing, statement
from mainline.package.signing import SignatureError
from mainline.registry import packs
from mainline.registry.tags import Version

BOM = "model.cdx.json"


def compose(found: Facts) -> dict[str, bytes]:
    """Write every document of a version; the same record gives the same bytes."""
    return {
        "README.md": hub.compose(found),
        "data.croissant.json": dump(croissant.compose(found)),
        "documentation.md": document.compose(found),
        BOM: dump(bom.compose(found)),
        "provenance.slsa.json": dump(provenance.compose(found)),
        "verdicts.json": dump(verdicts.document(found.verdicts)),
    }


def bind(found: Facts, documents: Mapping[str, bytes], key: Path | None) -> dict[str, bytes]:
    """Return the documents with the statement that binds them, signed if there is a key.

    Raises:
        SignatureError: when the key cannot sign.
    """
    about = {"version": found.lineage.version, "artifact": found.artifact, "commit": found.lineage.commit.commit,
             "released": found.released}  # fmt: skip
    payload = statement.compose(documents, (found.name, found.digest), about)
    if key is None:
        return {**documents, statement.UNSIGNED: payload}
    return {**documents, statement.SIGNED: statement.sign(payload, key)}


def make(name: str, key: Path | None) -> tuple[Facts, dict[str, bytes]]:
    """Return what is known of a version, and its pack.

    Raises:
        MainlineError: when there is no such version, what it needs cannot be had, or the key cannot sign.
    """
    found = facts.read(name)
    return found, bind(found, compose(found), key)


def write(folder: Path, pack: Mapping[str, bytes]) -> None:
    """Write a pack into a folder of its own, which is there whole or not at all.

    Raises:
        MainlineError: when there is something of that name.
    """
    if folder.exists():
        raise MainlineError(f"{folder} exists; name a folder that does not.")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of one who was killed
    for name, content in pack.items():
        files.replace(partial / name, content)
    partial.rename(folder)


def published(version: Version) -> bool:
    """Publish the pack of a version that has no signed one, where there is a key; say whether it was published now.

    Raises:
        MainlineError: when it cannot be made, or the remote does not take it.
    """
    key = signing.private_key()
    if key is None or _signed(version):
        return False
    packs.publish(version.name, make(version.name, key)[1])
    return True


def of_release(version: Version) -> dict[str, bytes]:
    """Return the pack that a release carries: what was published, or else one without a signature.

    Raises:
        MainlineError: when it cannot be made.
    """
    return _signed(version) or make(version.name, None)[1]


def _signed(version: Version) -> dict[str, bytes]:
    """Return the pack that was published; nothing if there is none, or its statement is not right."""
    packs.fetch()
    there = packs.read(version.name)
    try:
        statement.verify(there, (packs.subject(version.name), version.release.digest if version.release else ""))
    except SignatureError:
        return {}
    return there


def archive(pack: Mapping[str, bytes], version: str) -> bytes:
    """Return a tar of a pack; the same pack gives the same bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, content in sorted(pack.items()):
            entry = tarfile.TarInfo(f"evidence-{version}/{name}")
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
