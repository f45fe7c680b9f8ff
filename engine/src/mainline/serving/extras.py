"""Libraries that a declared section needs, each in a list of `requirements/extras` that only servers take."""

import importlib.util

from mainline.errors import MainlineError


def remedy(name: str) -> str:
    """Say how the list of an extra is installed."""
    return f"write `-r extras/{name}.in` into requirements/own-serving.in, then `engine/run main requirements/lock.sh`"


def require(name: str, library: str, module: str) -> None:
    """Hold a section that is declared to what is installed.

    Args:
        name: what the section of `service` and the list of the extra are called.
        library: what is installed, as people call it.
        module: what is imported of it.

    Raises:
        MainlineError: when it is not installed.
    """
    if importlib.util.find_spec(module) is None:
        raise MainlineError(f"service.{name} needs {library}, which is not installed; {remedy(name)}.")
