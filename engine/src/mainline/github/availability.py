"""`stored`: is everything that a pull request's lock names in the shared storage? Set as a check of its own.

The pull request's own run has no credentials. This one may read the storage, so it runs code of the default branch,
whose declaration says where the storage is; the pull request's lock is read as data, and no code of it is here.
"""

import base64
import re

from mainline.errors import MainlineError
from mainline.github import api, comment, posting, strangers
from mainline.github.api import Api
from mainline.remote import listings, objects
from mainline.remote.objects import PIPELINE, Output
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_remote
from mainline.report.escape import prose
from mainline.repository.lock import LOCK
from mainline.text import few

CHECK = "Storage"
MAX_OUTPUTS = 1000
_OBJECT = re.compile(r"[0-9a-f]{32}(?:\.dir)?")

LACKING = """\
The shared storage does not have what `dvc.lock` names: {names}. A machine that has it pushes it: `make repro`, then
`./mainline push`; for a branch of a fork a maintainer does so. Then run this again.
"""


def check(run: int, head: str) -> str:
    """Look for every object of a commit's lock, and set the check; what cannot be told is a failure that says why.

    Args:
        run: of the workflow that looked at the pull request.
        head: the commit that GitHub says the run was of.

    Raises:
        MainlineError: when the run is of something else, or GitHub refuses.
    """
    github = api.connect()
    comment.run_of(github, run, head)
    try:
        conclusion, said = _look(_outputs(github, head))
    except MainlineError as error:
        conclusion, said = "failure", f"It cannot be told what the shared storage has: {prose(str(error))}\n"
    posting.check(github, head, CHECK, conclusion, said)
    return f"The check '{CHECK}' of {head[:10]} is {conclusion}. {said.strip()}"


def _outputs(github: Api, head: str) -> list[Output]:
    """Read the outputs of a commit's lock, without the commit.

    Raises:
        MainlineError: when lock or pipeline is not what DVC writes.
    """
    entries = github.ask("GET", f"/git/trees/{head}")["tree"]
    texts = {}
    for name in (str(LOCK), PIPELINE):
        found = [entry for entry in entries if (entry["path"], entry["type"]) == (name, "blob")]
        if not found or found[0].get("size", 0) > strangers.MAX_FILE:
            raise MainlineError(f"the commit has no {name} of at most {strangers.MAX_FILE:,} bytes.")
        blob = github.ask("GET", f"/git/blobs/{found[0]['sha']}")
        texts[name] = base64.b64decode(blob["content"]).decode(errors="replace")
        try:
            strangers.load(texts[name])
        except ValueError as error:
            raise MainlineError(f"{name} cannot be read: {error}.") from error
    try:
        outputs = objects.outputs(texts[str(LOCK)], texts[PIPELINE])
        sound = len(outputs) <= MAX_OUTPUTS and all(_OBJECT.fullmatch(output.oid) for output in outputs)
    except (AttributeError, TypeError) as error:  # something is of another type than DVC writes it
        raise MainlineError(f"{LOCK} or {PIPELINE} is not formed as DVC has it.") from error
    if not sound:
        raise MainlineError(f"{LOCK} names something that is not an object.")
    return outputs


def _look(outputs: list[Output]) -> tuple[str, str]:
    """Return the check's conclusion and its text."""
    there = open_remote()
    lacking = [output for output in outputs if _lacks(there, output)]
    if lacking:
        return "failure", LACKING.format(names=prose(few([output.path for output in lacking])))
    return "success", f"The shared storage has the {len(outputs)} outputs that `dvc.lock` names.\n"


def _lacks(there: Store, output: Output) -> bool:
    """Whether an output's object, or one that its listing names, is not there.

    Raises:
        StorageError: when the storage does not answer.
    """
    if there.lacks([output.oid]):
        return True
    if not objects.is_listing(output.oid):
        return False
    if there.read(output.oid) is None:
        raise StorageError(
            f"the storage has {output.oid} damaged. `./mainline push` from a machine that has it mends it."
        )
    return bool(there.lacks(listings.expand([output], [there])))
