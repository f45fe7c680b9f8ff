"""A real PostgreSQL, for tests that need one: a server of its own behind a socket that no network reaches."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.project import LIMIT

INITDB = shutil.which("initdb")


@contextmanager
def running(zone: str = "UTC") -> Iterator[dict[str, str]]:
    """Start a server and yield the variables that lead to it; its clients see times in a zone."""
    programs = Path(INITDB or "").resolve().parent
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user)

        def run(program: str, *options: str) -> None:
            data = ["--pgdata", f"{folder}/data", *options]
            with open(os.devnull, "w") as nothing:  # the server keeps what it is given as long as it lives
                subprocess.run([programs / program, *data], check=True, timeout=LIMIT, user=user, cwd=folder,
                               stdout=nothing, stderr=nothing)  # fmt: skip

        run("initdb", "--username", "me", "--auth", "trust", "--encoding", "UTF8", "--no-locale")
        run("pg_ctl", "--wait", "--options", f"-k {folder} -c listen_addresses= -c timezone=UTC", "start")
        try:
            yield os.environ | {"PGHOST": folder, "PGUSER": "me", "PGDATABASE": "postgres", "PGTZ": zone}
        finally:
            run("pg_ctl", "--mode", "immediate", "stop")
