"""`python -m mainline.preview.arrival COMMIT FOLDER`: the package of a commit, fetched and verified.

It runs in a process of its own, which can be ended if storage hangs; the current folder is the clone of main, so main
alone says which store is asked.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mainline import children, faults, processes
from mainline.errors import MainlineError, PackageError
from mainline.package import manifest
from mainline.rollout.package_commands import SECONDS


def bring(commit: str, target: Path, clone: Path) -> str:
    """Bring the package of a commit into a folder, unless it is there already; return its digest.

    Raises:
        MainlineError: when storage does not have it whole, or takes too long.
    """
    if not is_whole(target):
        shutil.rmtree(target, ignore_errors=True)
        command = children.command("mainline.preview.arrival", commit, str(target))
        try:
            done = processes.run(command, SECONDS, text=True, errors="replace", cwd=clone, env=children.environment())
        except subprocess.TimeoutExpired as error:
            raise MainlineError(f"the store gave no package within {SECONDS} s.") from error
        if done.returncode:
            raise MainlineError((done.stderr.strip() or "the package could not be fetched.").splitlines()[-1][:500])
    return str(manifest.verify(target)["digest"])


def is_whole(package: Path) -> bool:
    """Whether a package is here with every file as it was sealed."""
    try:
        manifest.verify(package)
    except PackageError:
        return False
    return True


def main(commit: str, target: Path) -> int:
    """Fetch the package; it appears under its name when it was verified, or not at all."""
    from mainline.remote import packages

    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=target.parent.parent) as scratch:
            made = Path(scratch) / "package"
            packages.fetch_commit(commit, made)
            shutil.move(made, target)
    except Exception as error:
        expected = faults.explain(error)
        if expected is None:
            raise
        print(expected, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
