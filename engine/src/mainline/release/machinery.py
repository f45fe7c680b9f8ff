"""Whether today's machinery is the one that made a version: a lock is true only beside the code that its stages ran."""

from mainline.errors import MainlineError
from mainline.registry import changes
from mainline.registry.lineage import ENVIRONMENT_LOCK
from mainline.repository import lock, tree
from mainline.repository.git import ask, git
from mainline.template import ownership
from mainline.text import few

ENGINE = "engine"
PLACES = (f"{ENGINE}/", "src/mainline/")
"""Where a lock names the machinery: today, and before it had a folder of its own."""
LIBRARIES = "requirements"
"""What is installed: the lock of the stages and those of everything else were resolved together."""


class OtherMachineryError(MainlineError):
    """A version's stages ran other code of the machinery than the stages of main; its text says what differs."""


def returning(main: str, version: str, whole: bool) -> list[str]:
    """Name the files and folders, beside the pipeline's own, that go back with a version's lock.

    They are the use case's code that the stages of either commit ran and, if the version was made with other libraries,
    all of `requirements/`. The machinery stays, or goes back whole.

    Args:
        main: the commit that goes back.
        version: the commit of the version.
        whole: take the machinery back, too.

    Raises:
        OtherMachineryError: when the version's stages ran other code of the machinery, or when its libraries would
            stand beside a machinery that was not tested with them.
    """
    locks = [ask("show", f"{commit}:{lock.LOCK}") for commit in (main, version)]
    code = {path for text in locks for path in changes.hashes(text) if path.startswith("src/")}
    differing = changes.code(*locks)
    libraries = [path for path in differing if path.startswith(f"{LIBRARIES}/")]
    if whole:
        return sorted(code | _machinery(main, version))
    machinery = [path for path in differing if path.startswith(PLACES)]
    if machinery:
        raise OtherMachineryError(f"its stages ran other code of the machinery ({few(machinery)})")
    if libraries and git("diff", "--name-only", version, main, "--", ENGINE):
        raise OtherMachineryError(f"it has other libraries ({few(libraries)}) and another {ENGINE}/")
    return sorted(code) + ([LIBRARIES] if libraries else [])


def has_same_libraries(one: str, other: str) -> bool:
    """Whether two commits pin the same libraries for what stages and servers compute; comments do not count."""
    pins = [ask("show", f"{commit}:{ENVIRONMENT_LOCK}").splitlines() for commit in (one, other)]
    return [line for line in pins[0] if line[:1] != "#"] == [line for line in pins[1] if line[:1] != "#"]


def can_return(version: str) -> bool:
    """Whether the machinery of a commit can go back whole: it has the place that the machinery has today."""
    return bool(ask("rev-parse", "--verify", "--quiet", f"{version}:{ENGINE}"))


def _machinery(main: str, version: str) -> set[str]:
    """List every file that comes from the template, in either commit; workflows that only main has are the fork's.

    Raises:
        OtherMachineryError: when the version is of the layout before `engine/`.
    """
    if not can_return(version):
        raise OtherMachineryError(f"it was made before the machinery had {ENGINE}/")
    declared = ownership.of(main)
    whole = tree.entries(main, *declared.replaced, LIBRARIES).keys()
    there = tree.entries(version, *declared.replaced, LIBRARIES, *declared.merged).keys()
    return {path for path in whole | there if declared.is_ours(path) or path.startswith(f"{LIBRARIES}/")}
