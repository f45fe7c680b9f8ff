"""A full disk, or a folder of somebody else, while DVC works: one line, and nothing is lost."""

import errno
import logging
import os
import sys

import pytest

from mainline.pipeline import disk
from tests.mainline.remote.conftest import made, repository
from tests.project import Project

__all__ = ["made", "repository"]
PIPELINE = """\
stages:
  make:
    cmd: ulimit -S -f unlimited && mkdir -p data && for n in 1 2 3; do yes $n | head -c 3000000 > data/$n; done
    outs:
      - data
"""
LIMITED = """
import resource
from mainline.pipeline import reproduction
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
reproduction._dvc("repro")
"""


def test_what_the_disk_refuses_dvc_is_one_line(repository: Project) -> None:
    """However many files do not fit into the cache, one line names the first and how to go on, which then works."""
    (repository.path / "dvc.yaml").write_text(PIPELINE)
    failed = repository.run(sys.executable, "-c", LIMITED, succeed=False)
    assert "failed to transfer" not in failed.stderr
    *_, said = failed.stderr.splitlines()
    assert said.startswith("mainline.errors.MainlineError: DVC could not write data/")
    assert said.endswith(" and 2 more: File too large. Make room, then `make repro` goes on from there.")
    repository.run(sys.executable, "-c", LIMITED.replace("2_000_000", "20_000_000"))
    found = repository.run("dvc", "data", "status", "--json").stdout
    assert "not_in_cache" not in found
    assert "uncommitted" not in found


def test_what_is_not_the_disk_s_is_shown(repository: Project, capfd: pytest.CaptureFixture[str]) -> None:
    """Other errors of DVC are printed as it has them, and none is taken for the disk's."""
    (repository.path / "dvc.yaml").write_text("stages: [")
    from dvc.cli import main

    with disk.watched() as refusals:
        assert main(["repro"]) != 0
    assert refusals.text() == ""
    assert "dvc.yaml" in capfd.readouterr().err


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_file_of_somebody_else_is_one_line_with_the_remedy(code: int, capfd: pytest.CaptureFixture[str]) -> None:
    """A cache that another user made needs rights, not room; DVC's own "unexpected error" is not shown beside it."""
    import dvc.logger  # sets up the handlers that are watched

    dvc.logger.setup()
    with disk.watched() as refusals:
        try:
            raise OSError(code, os.strerror(code), os.path.abspath(".dvc/cache/files"))
        except OSError:
            logging.getLogger("dvc.cli").exception("unexpected error")
    assert refusals.text() == (
        f"DVC could not write {os.path.join('.dvc', 'cache', 'files')}: {os.strerror(code)}. Make it and its folder "
        "yours to read and write (chown, chmod u+rwX), then `make repro` goes on from there."
    )
    assert "unexpected error" not in capfd.readouterr().err
