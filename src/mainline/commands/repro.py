"""`repro`: run what changed, then say in a few lines what came out."""

from mainline.commands import summary
from mainline.errors import MainlineError


def repro() -> str:
    """Bring the pipeline's outputs in line with code, parameters and data.

    `dvc repro` on an unchanged repository compares every stage while it holds its locks and writes nothing;
    `dvc status` says the same in less time, so it is asked first, in the same process.

    Raises:
        MainlineError: when a stage failed; its own message came before.
    """
    from dvc.cli import main as dvc

    if dvc(["status", "--quiet"]) == 0:
        return summary.text("Everything is up to date.")
    if dvc(["repro"]) != 0:
        raise MainlineError("the pipeline stopped; what finished is kept, and `make repro` goes on from there.")
    return summary.text("The pipeline is done.")
