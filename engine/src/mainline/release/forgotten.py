"""Versions from before a key was forgotten: their data is gone, and building them again would bring it back."""

from mainline.errors import MainlineError
from mainline.registry.tags import Version
from mainline.remote import objects
from mainline.remote.objects import Output
from mainline.repository import lock
from mainline.repository.git import blob


class ForgottenError(MainlineError):
    """A version is gone with the keys that were forgotten since it was built."""

    def __init__(self, version: Version) -> None:
        super().__init__(
            f"{version.name} was built before keys were forgotten, and its package is gone with them. "
            "`./mainline history` lists other versions."
        )


def is_older(version: Version) -> bool:
    """Whether a version was built with keys that are forgotten by now; line endings of its files do not matter."""
    from mainline.data import suppressions  # libraries that `--help` need not wait for

    if not suppressions.FILE.exists():
        return False
    held = blob(f"{version.commit}:{suppressions.FILE.as_posix()}")
    try:
        before = suppressions.Forgotten.model_validate_json(held or b"").keys
    except ValueError:
        return True
    return before != suppressions.read().keys


def package(version: Version) -> list[Output]:
    """Return what is left of such a version, if it must stay: the package alone."""
    return [output for output in objects.of_commit(version.commit) if output.path == lock.PACKAGE]
