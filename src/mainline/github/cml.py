"""The `cml` program, called with its documented command line."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from mainline.errors import MainlineError
from mainline.github.api import Api

TITLE = "mainline"
"""Tells our comment from those of other programs that use CML."""

WATERMARK = re.compile(rf'!\[\]\(https://cml\.dev/watermark\.png#[0-9a-fA-F]+ "CML watermark {TITLE}"\)')
"""What CML writes below a comment, and finds it by."""


class CmlError(MainlineError):
    """CML is not there, or failed."""


def run(github: Api, *arguments: str, text: str = "") -> str:
    """Run CML for a repository, with a text that it reads from a file, and return what it prints.

    Raises:
        CmlError: with CML's own last words.
    """
    program = os.environ.get("CML") or shutil.which("cml")
    if not program:
        raise CmlError(
            "there is no `cml` on the PATH. Install it from github.com/iterative/cml, or set CML=/path/to/cml."
        )
    if not github.token:
        raise CmlError("GITHUB_TOKEN is not set; CML writes to GitHub in its name.")
    with tempfile.TemporaryDirectory(prefix="mainline-cml-") as home:  # it writes into git's global configuration
        file = Path(home) / "text.md"
        file.write_text(text, encoding="utf-8", newline="\n")
        read = [str(file)] if text else []
        command = [program, *arguments, *read, "--driver=github", f"--repo={github.server}/{github.name}"]
        environment = {**os.environ, "HOME": home, "REPO_TOKEN": github.token, "ITERATIVE_DO_NOT_TRACK": "1"}
        environment.pop("GIT_CONFIG_GLOBAL", None)
        try:
            finished = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        except OSError as error:
            raise CmlError(f"{program} cannot be run: {error.strerror}. CML must name an executable file.") from error
    if finished.returncode != 0:
        said = " ".join((finished.stderr or finished.stdout).split())
        raise CmlError(f"`cml {' '.join(arguments[:2])}` failed: {said[-400:]}")
    return finished.stdout.strip()


def comment(github: Api, number: int, text: str, update: bool) -> str:
    """Post a comment, or update ours; return its address. Nothing is uploaded to anybody else."""
    verb = "update" if update else "create"
    arguments = (f"--target=pr/{number}", "--publish=false", f"--watermark-title={TITLE}")
    return run(github, "comment", verb, *arguments, text=text)


def check(github: Api, commit: str, title: str, conclusion: str, text: str) -> None:
    """Set a check at a commit."""
    arguments = (f"--head-sha={commit}", f"--title={title}", f"--conclusion={conclusion}")
    run(github, "check", "create", *arguments, text=text)


def pull_request(github: Api, branch: str, target: str, title: str, body: str) -> str:
    """Open a pull request for a branch, or find the one that is open; return its address."""
    return run(
        github, "pr", "create", f"--branch={branch}", f"--target-branch={target}", f"--title={title}", f"--body={body}"
    )
