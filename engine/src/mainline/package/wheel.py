"""The model as a wheel for other programs, built by MLEM, which has an environment of its own."""

from pathlib import Path

from mainline import processes
from mainline.errors import MainlineError
from mainline.repository import lock

PACKAGE, FOLDER = Path(lock.PACKAGE), Path("dist")
LIMIT = 3600.0
"""Seconds that it may take; the first call, which installs MLEM, takes a few minutes."""


def build(version: str = "") -> Path:
    """Build the wheel of the package here, and return its path in `dist`.

    The first call installs MLEM; what that and the build say goes where this process's messages go.

    Args:
        version: a release number; the wheel is named after the package's digest without it.

    Raises:
        MainlineError: when there is no package, or the build failed; its own message came before.
    """
    if not PACKAGE.is_dir():
        raise MainlineError(f"there is no {PACKAGE} to build a wheel of. Run `make repro` first.")
    command = ["engine/run", "mlem", "python", "engine/mlem/build_wheel.py", str(PACKAGE), str(FOLDER)]
    options = ["--version", version] if version else []
    finished = processes.run([*command, *options], LIMIT, text=True, stderr=None)
    if finished.returncode != 0:
        raise MainlineError("no wheel was built; what stopped it is said above.")
    return Path(finished.stdout.split()[-1])
