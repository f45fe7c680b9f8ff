"""The gate's whole findings on what was released, on the branch of the evidence: `ARTIFACT/reports/DIGEST.json`.

A file is named by the package's digest and not by the version, since it is written before the version's tag: whoever is
killed between the two, or overtaken by another release, leaves nothing that belongs to somebody else's version.
Whoever may push to the branch may write there, so readers hold a file to the tag of its version.
"""

from pathlib import PurePosixPath

from mainline.registry import artifact, branches, packs
from mainline.repository import tree
from mainline.repository.git import ask
from mainline.repository.tree import Entry

FOLDER = "reports"
"""Not a version's name, beside the folders of versions."""


def keep(digest: str, content: bytes) -> None:
    """Put the findings on a package where others read them; what is there already is not written again.

    Raises:
        MainlineError: when the remote does not take them, or does not answer.
    """
    path = f"{_folder()}/{digest}.json"

    def change(tip: str) -> dict[str, Entry | None]:
        wanted = Entry("100644", tree.store(content))
        there = tree.entries(tip, path) if tip else {}
        return {} if there.get(path) == wanted else {path: wanted}

    branches.update(packs.BRANCH, change, f"evidence: {artifact.name()}, the gate's report on {digest[:12]}")


def listed() -> dict[str, str]:
    """Return the blob of the findings on each package by its digest, as they were fetched last."""
    folder = ask("rev-parse", "--verify", "--quiet", f"{packs.place()}:{_folder()}")
    found = ask("rev-parse", "--verify", "--quiet", f"{folder}^{{tree}}") if folder else ""  # it may be a file
    entries = tree.entries(found) if found else {}
    return {PurePosixPath(name).stem: entry.blob for name, entry in entries.items() if entry.mode == "100644"}


def _folder() -> str:
    return f"{artifact.name()}/{FOLDER}"
