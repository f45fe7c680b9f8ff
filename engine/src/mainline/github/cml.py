"""The `cml` program, called with its documented command line."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from mainline import children, processes
from mainline.errors import MainlineError
from mainline.github import program
from mainline.github.api import Api
from mainline.github.program import ProgramError

TITLE = "mainline"
"""Tells our comment from those of other programs that use CML."""

WATERMARK = re.compile(rf'!\[\]\(https://cml\.dev/watermark\.png#[0-9a-fA-F]+ "CML watermark {TITLE}"\)')
"""What CML writes below a comment, and finds it by."""

_ITS_BUSINESS = re.compile(
    r"GITHUB_(?!TOKEN)\w+|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+|GIT_(AUTHOR|COMMITTER)_\w+|GIT_SSL_\w+|GIT_TERMINAL_PROMPT|"
    r"(https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY"
)
"""Variables that CML sees beside the harmless ones: which run this is, and how the network is reached. No other key."""

SECONDS = 180.0  # until a call counts as hanging; CML takes 2 to 7, and waits where GitHub asks it to


class CmlError(MainlineError):
    """CML is not there, or failed."""


def run(github: Api, *arguments: str, text: str = "") -> str:
    """Run CML for a repository, with a text that it reads from a file, and return what it prints.

    Raises:
        CmlError: with CML's own last words.
    """
    if not github.token:
        raise CmlError("GITHUB_TOKEN is not set; CML writes to GitHub in its name.")
    with tempfile.TemporaryDirectory(prefix="mainline-cml-") as home:  # it writes into git's global configuration
        file = Path(home) / "text.md"
        file.write_text(text, encoding="utf-8", newline="\n")
        read = [str(file)] if text else []
        command = [*_program(), *arguments, *read, "--driver=github", f"--repo={github.server}/{github.name}"]
        known = {name: value for name, value in os.environ.items() if _ITS_BUSINESS.fullmatch(name)}
        harmless = {name: value for name, value in children.without_secrets().items() if name != "GIT_CONFIG_GLOBAL"}
        environment = {**harmless, **known, "HOME": home, "REPO_TOKEN": github.token, "ITERATIVE_DO_NOT_TRACK": "1"}
        status, said, complained = _finish(command, environment)
    if status != 0:
        words = _words(complained or said) or f"it ended with {status}"
        raise CmlError(f"`cml {' '.join(arguments[:2])}` failed: {words}")
    return said.strip()


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
    """Open a pull request for a branch; return its address, or that of one whose branch CML takes for this."""
    return run(
        github, "pr", "create", f"--branch={branch}", f"--target-branch={target}", f"--title={title}", f"--body={body}"
    )


def _program() -> list[str]:
    """Return the command that starts CML: what a person named by the variable CML, or what `./mainline cml` brought."""
    named = os.environ.get("CML")
    if named:
        return [named]
    try:
        found = program.find()
    except ProgramError as error:
        raise CmlError(str(error)) from error
    if found is None:
        raise CmlError("CML is not here. `./mainline cml` brings it; a file that CML names is taken instead.")
    return found


def _words(said: str) -> str:
    """Return what CML complains of; of an error that it writes as JSON, with all of its request, the message alone."""
    found = []
    for line in said.splitlines():
        try:
            document = json.loads(line)
            found.append(f"{document['message']} ({document.get('status', document.get('level'))})")
        except (ValueError, TypeError, KeyError):
            found.append(line)
    return " ".join(" ".join(found).split())[-400:]


def _finish(command: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a command to its end; return its status and what it said. One that hangs is ended with all that it began."""
    try:
        finished = processes.run(command, SECONDS, text=True, errors="replace", env=environment)
    except subprocess.TimeoutExpired as error:
        raise CmlError(f"CML did not end within {SECONDS:.0f} seconds.") from error
    except OSError as error:
        raise CmlError(f"{command[0]} cannot be run: {error.strerror}. CML must name an executable file.") from error
    return finished.returncode, finished.stdout, finished.stderr
