"""Whether today's machinery is the one that made a version: a lock is true only beside the code that its stages ran."""

from mainline import lock
from mainline.errors import MainlineError
from mainline.git import ask, git
from mainline.registry import changes

ENGINE = "engine"
PLACES = (f"{ENGINE}/", "src/mainline/")
"""Where a lock names the machinery: today, and before it had a folder of its own."""
LIBRARIES = "requirements"
"""What is installed: the lock of the stages and those of everything else were resolved together."""


class OtherMachineryError(MainlineError):
    """A version's stages ran other code of the machinery than the stages of main; its text says what differs."""


def returning(main: str, version: str) -> list[str]:
    """Name the files and folders, beside the pipeline's own, that go back with a version's lock.

    They are the use case's code that the stages of either commit ran and, if the version was made with other libraries,
    all of `requirements/`. The machinery never goes back: what it has learned since, servers and gate keep.

    Args:
        main: the commit that goes back.
        version: the commit of the version.

    Raises:
        OtherMachineryError: when the version's stages ran other code of the machinery, or when its libraries would
            stand beside a machinery that was not tested with them.
    """
    locks = [ask("show", f"{commit}:{lock.LOCK}") for commit in (main, version)]
    differing = changes.code(*locks)
    machinery = [path for path in differing if path.startswith(PLACES)]
    if machinery:
        raise OtherMachineryError(f"its stages ran other code of the machinery ({changes.few(machinery)})")
    libraries = [path for path in differing if path.startswith(f"{LIBRARIES}/")]
    if libraries and git("diff", "--name-only", version, main, "--", ENGINE):
        raise OtherMachineryError(f"it has other libraries ({changes.few(libraries)}) and another {ENGINE}/")
    code = {path for text in locks for path in changes.hashes(text) if path.startswith("src/")}
    return sorted(code) + ([LIBRARIES] if libraries else [])
