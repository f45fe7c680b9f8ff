"""`assets` and `github-release`: what a release on GitHub carries, built, and published once."""

import gzip
import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

from mainline.github import api, archives
from mainline.github.api import Api
from mainline.package import wheel
from mainline.registry import artifact, publication
from mainline.registry.records import MARK
from mainline.registry.tags import Version
from mainline.release import promotion
from mainline.remote import objects
from mainline.repository import lock

FOLDER = Path("dist/release")


def build() -> str:
    """Build package, wheel, evidence and objects of the version that this commit has, into `dist/release`.

    Raises:
        MainlineError: when a part cannot be built.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    version = _version()
    if version is None:
        return "This commit has no version, so there is nothing to build."
    from mainline.evidence import pack  # what it reads takes libraries that `--help` need not wait for

    FOLDER.mkdir(parents=True)
    _package(version, FOLDER / f"model-{version.name}.tar.gz")
    _wheel(version)
    evidence = pack.of_release(version)
    (FOLDER / f"model-{version.name}.cdx.json").write_bytes(evidence[pack.BOM])
    (FOLDER / f"evidence-{version.name}.tar").write_bytes(pack.archive(evidence, version.name))
    for name, outputs in archives.split(objects.of_commit(version.commit)).items():
        archives.pack(outputs, FOLDER / name)
    return "\n".join(f"{file} ({file.stat().st_size / 1e6:.1f} MB)" for file in sorted(FOLDER.iterdir()))


def release() -> str:
    """Publish a release with the files of `dist/release`; one that is there is completed, and never changed.

    Raises:
        ApiError: when GitHub refuses.
    """
    version = _version()
    files = sorted(FOLDER.iterdir()) if FOLDER.exists() else []
    if version is None or not files:
        return "This commit has no version, so there is no release to publish."
    github = api.connect()
    name = f"{artifact.name()}@{version.name}"
    known = [found for found in github.pages("/releases") if found["tag_name"] == name]
    if known and not known[0]["draft"]:
        return f"{name} is published already."
    # A draft until all of it is there, so that nobody ever sees half a release.
    draft = known[0] if known else github.ask("POST", "/releases", _draft(version, name))
    _upload(github, draft, files)
    published = github.ask("PATCH", f"/releases/{int(draft['id'])}", {"draft": False})
    return f"{name} is published with {len(files)} files: {published['html_url']}"


def _upload(github: Api, draft: dict[str, Any], files: list[Path]) -> None:
    there = {asset["name"]: asset for asset in github.pages(f"/releases/{int(draft['id'])}/assets")}
    for file in files:
        if file.name in there and there[file.name]["state"] != "uploaded":
            github.ask("DELETE", f"/releases/assets/{int(there[file.name]['id'])}")  # a kill left half of it
        elif file.name in there:
            continue
        github.attach(draft, file.name, file.read_bytes())


def _draft(version: Version, name: str) -> dict[str, Any]:
    notes = version.message.partition(f"\n{MARK}\n")[0].strip()
    return {"tag_name": name, "name": f"{artifact.name()} {version.name}", "body": f"```\n{notes}\n```", "draft": True}


def _version() -> Version | None:
    publication.fetch()
    return promotion.known(lock.package_at("HEAD"))


def _package(version: Version, file: Path) -> None:
    """Pack the package; the same package gives the same bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(Path(lock.PACKAGE).rglob("*")):
            if path.is_file():
                name = path.relative_to(Path(lock.PACKAGE).parent)
                entry = tarfile.TarInfo(f"{version.name}/{name}")
                entry.size = path.stat().st_size
                archive.addfile(entry, io.BytesIO(path.read_bytes()))
    file.write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def _wheel(version: Version) -> None:
    built = wheel.build(version.name.removeprefix("v"))
    shutil.copy2(built, FOLDER / built.name)
