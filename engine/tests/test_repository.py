"""What git must never hold."""

import re
import subprocess
import unicodedata
from pathlib import Path

import pytest

from tests.project import ROOT, Project


def tracked() -> list[Path]:
    """List the files that git has of this repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in filter(None, listed.split("\0")) if (ROOT / name).is_file()]


def test_no_private_key_is_committed() -> None:
    """No tracked file holds the header of a private key."""
    header = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
    assert [path for path in tracked() if header.search(path.read_bytes())] == []


@pytest.mark.parametrize("name", ["signing-key.pem", "deploy/keys/release.pem", "deploy/keys/release.key"])
def test_a_private_key_that_somebody_copies_here_is_ignored(fresh_project: Project, name: str) -> None:
    """`git add --all` leaves out what is named like a private key."""
    file = fresh_project.path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("secret")
    fresh_project.run("git", "add", "--all")
    assert name not in fresh_project.run("git", "ls-files").stdout.split()


def test_names_differ_by_more_than_case() -> None:
    """No two tracked files, and no two folders, are one on a file system that does not tell case apart."""
    files = [path.relative_to(ROOT) for path in tracked()]
    names = {name.as_posix() for file in files for name in (file, *file.parents)}
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(unicodedata.normalize("NFC", name).casefold(), []).append(name)
    assert [alike for alike in folded.values() if len(alike) > 1] == []


def test_locks_name_no_host() -> None:
    """Whoever installs takes packages from their own index."""
    locks = [*ROOT.glob("requirements/*.txt"), *ROOT.glob("deploy/*/requirements.txt")]
    assert len(locks) >= 3
    for lock in locks:
        lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
        assert [
            line for line in lines if "://" in line or line.startswith(("-i", "--index", "--extra", "--find"))
        ] == []
