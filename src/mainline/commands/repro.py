"""`repro`: run what changed, then say in a few lines what came out."""

from pathlib import Path

from mainline import params, progress, recovery, runs
from mainline.commands import summary
from mainline.conformance import check_features, check_policy
from mainline.errors import MainlineError
from mainline.gate import policy
from mainline.git import ask


def repro() -> str:
    """Bring the pipeline's outputs in line with code, parameters and data.

    Parameters are checked first, before anything is run or removed. `dvc status` answers faster than `dvc repro` when
    nothing changed, so it is asked before, in the same process.

    Raises:
        MainlineError: when the parameters are wrong, or a stage failed; its own message came before.
    """
    if not Path(".git").exists():
        raise MainlineError("this is no git repository. Clone it, or run `git init && git add --all && git commit`.")
    check()
    for mended in recovery.mend():
        progress.say(mended)
    from dvc.cli import main as dvc

    if dvc(["status", "--quiet"]) == 0:
        runs.update()
        return summary.text("Everything is up to date.")
    if dvc(["repro"]) != 0:
        raise MainlineError("the pipeline stopped; what finished is kept, and `make repro` goes on from there.")
    runs.update()
    return summary.text("The pipeline is done.")


def check() -> None:
    """Check what can be checked without data: parameters, the choice of features, and what is banned.

    What `tune` may try is known to scikit-learn, which takes a second to load: it is checked after an edit.

    Raises:
        MainlineError: on the first thing wrong.
    """
    declared = params.load()
    policy.load(declared.gate)
    if declared.tune and ask("status", "--porcelain", "params.yaml"):
        from mainline.experiments import search

        search.load(declared)
    from usecase import features, interface

    check_policy(declared.features, interface.REQUEST, interface.BANNED)
    check_features(declared.features, (*features.NUMERIC, *features.CATEGORICAL))
