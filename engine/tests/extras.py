"""What `lock.sh` writes where a fork asks for an extra, without an index."""

import re

from tests.project import ROOT, Project


def switch_on(project: Project, extra: str) -> None:
    """Name an extra in own.in, and lock it as the tests' own environment has it."""
    folder = project.path / "requirements"
    (folder / "own.in").write_text(f"-r extras/{extra}.in\n")
    names = re.findall(r"^([\w.-]+)", (folder / f"extras/{extra}.in").read_text(), re.MULTILINE)
    locked = (ROOT / "requirements/dev.txt").read_text()
    for lock in ("pipeline.txt", "main.txt"):
        text = (folder / lock).read_text()
        for name in names:
            pin = re.search(rf"^{re.escape(name)}==.*\n(?: +.*\n)*", locked, re.MULTILINE)
            assert pin, f"dev.txt locks {name}"
            text += pin[0]
        (folder / lock).write_text(text)
