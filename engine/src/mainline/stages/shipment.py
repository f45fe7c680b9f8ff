"""What a process on another machine gets before it can work as one of this machine would: code, settings, the work.

It sees no workspace and no store. The code is what the work imports, in a zip that is named by its hash. Settings
(environment variables) are this process's own, since code of a use case may look at any of them, but for those that
name a place of this machine and those that hold a secret; or those alone that `compute.yaml` names.
"""

import hashlib
import os
import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mainline import credentials, faults
from mainline.errors import WorkerError
from mainline.stages import code_archive, fingerprint, software, task_server
from mainline.stages.fingerprint import NOISE
from mainline.stages.harness import PINNED
from mainline.stages.tasks import Watch, Work

LOCK = Path("requirements/pipeline.txt")
OF_MACHINE = re.compile(f"{NOISE.pattern}|HOME|USER|LOGNAME|HOST|HOSTNAME|TMPDIR|TMP|TEMP|(SSL|REQUESTS|CURL|AWS)_.*")
"""Settings of which a process has those of its own machine; so a worker reads a store with its own credentials."""
SERVER = f"from {task_server.__name__} import main; main()"
"""Python's `-m` would make one of our modules the main one, which the watch takes for a use case's."""


class Shipment(NamedTuple):
    """What is sent once to whoever works.

    Args:
        code: the zip.
        digest: its hash.
        settings: the environment variables.
        of_machine: the pattern of those that are the machine's own.
        server: the program that reads what follows, and does the work.
        work: a pickle of the versions that must be equal, and of the work, which loads where they are.
    """

    code: bytes
    digest: str
    settings: dict[str, str]
    of_machine: str
    server: str
    work: bytes


def pack(work: Work, watch: Watch | None, environment: Sequence[str] | None) -> Shipment:
    """Put together what a process needs that works on a stage's partitions.

    Args:
        work: what is done for each partition.
        watch: what it may reach; None if nobody asks.
        environment: the variables that may travel; None for all but those of the machine and secrets.

    Raises:
        WorkerError: when this is not a repository, whose code could be sent, or git ignores a part of it.
    """
    if not LOCK.is_file():
        raise WorkerError(
            f"a cluster is sent the repository's code, and there is no {LOCK} here; run this at its root."
        )
    held, modules = code_archive.dump((work, _from_root(watch), fingerprint.processor()))
    code = code_archive.pack(modules)
    own = settings(os.environ, environment)
    own |= {faults.COMMAND: os.environ.get(faults.COMMAND, "stage")}  # a line says what was typed here, not there
    first = pickle.dumps((software.versions(locked()), held))
    return Shipment(code, hashlib.sha256(code).hexdigest()[:16], own | PINNED, OF_MACHINE.pattern, SERVER, first)


def settings(here: Mapping[str, str], declared: Sequence[str] | None) -> dict[str, str]:
    """Return the variables that travel: those that are declared, or all but those of the machine and secrets.

    Work on a partition has no use for a secret: whoever fetches data has run before.
    """
    if declared is not None:
        return {name: here[name] for name in declared if name in here}
    return {
        name: value
        for name, value in here.items()
        if not (OF_MACHINE.fullmatch(name) or credentials.is_secret(name, value))
    }


def locked() -> list[str]:
    """Name the libraries of the stages' lock."""
    return re.findall(r"^([\w.-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)


def _from_root(watch: Watch | None) -> Watch | None:
    """Name the files of a watch from the root of the repository, which is another folder elsewhere."""
    root = Path.cwd().resolve()
    return watch and Watch(watch.allowed, frozenset(_relative(file, root) for file in watch.modules))


def _relative(file: Path, root: Path) -> Path:
    return file.relative_to(root) if file.is_relative_to(root) else file
