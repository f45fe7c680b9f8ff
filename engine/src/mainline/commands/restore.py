"""Put back the results of the last commit."""

import argparse

from mainline.errors import MainlineError
from mainline.repository import dvc
from mainline.repository.git import GitError, git


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Take `dvc.lock` and `metrics/` from the last commit, and data and models from the cache.

    Code and parameters stay as they are.

    Raises:
        MainlineError: when there is no such commit, or its data is not in the cache.
    """
    try:
        git("checkout", "HEAD", "--", "dvc.lock", "metrics")
    except GitError as error:
        raise MainlineError(f"the last commit has no results: {error} Make them with `make repro`.") from error
    if dvc.run("checkout", "--force", stdout=None, stderr=None).returncode != 0:
        raise MainlineError("the cache does not have all of it; metrics are restored, `make repro` makes the rest.")
    return "The results of the last commit are back. `make repro` runs what your changes ask for."
