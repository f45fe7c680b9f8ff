"""What can be said of parameters and code before any stage runs."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from mainline import faults, personal, progress
from mainline.conformance.code import TRAVELLING, portable
from mainline.conformance.names import check_features, check_policy
from mainline.conformance.requests import check_request
from mainline.data import local_files
from mainline.declared import card, gate, params, tune
from mainline.errors import MainlineError
from mainline.labels import check_task, classes
from mainline.model import metrics
from mainline.repository.git import ask
from mainline.stages import own_code

USE_CASE = "src/usecase"


def check() -> params.Params:
    """Check what can be checked without data, and return the parameters: names, the choice of features, what is banned.

    Which values a model takes is known to scikit-learn, which takes a second to load, so they are checked only after an
    edit of `model` or `tune`. A search space that was declared for another model does not keep this one from being
    trained.

    Raises:
        MainlineError: on the first thing wrong.
    """
    declared = check_quickly()
    own_code.check(declared, *own_code.STAGES)
    from usecase import interface

    if _is_edited("model", declared.model.model_dump(exclude_unset=True)):
        from mainline.model import estimator

        estimator.check(declared.model, interface.TASK, declared.seed)
    if declared.tune and _is_edited("tune", declared.tune):
        from mainline.experiments import candidates

        candidates.load(declared)
    if _is_code_edited():
        check_code()
    if declared.data.version:
        _ask_source(declared)
    return declared


def check_files() -> None:
    """Check that no file which git has and `ingest` reads was removed.

    Raises:
        MainlineError: naming the first one, and what brings it back.
    """
    gone = [path for path in local_files.dependencies() if not Path(path).exists() and ask("ls-files", "--", path)]
    if gone:
        raise MainlineError(
            f"{gone[0]} is not there, and `ingest` reads it: `git checkout HEAD -- {quote(gone[0])}` brings it back. "
            "If it has another name now, give that to dvc.yaml and src/usecase/source.py."
        )


def check_quickly() -> params.Params:
    """Check what can be checked without data and without scikit-learn, and return the parameters.

    Raises:
        MainlineError: on the first thing wrong.
    """
    declared = params.load()
    gate.load(declared.gate)
    card.load()
    if declared.tune:
        tune.load(declared.tune)
    for file in TRAVELLING:
        portable(file)
    from usecase import features, interface

    allowed = personal.columns(interface)
    check_policy(declared.features, interface.REQUEST, interface.BANNED, key=interface.KEY, declared=allowed)
    check_features(declared.features, (*features.NUMERIC, *features.CATEGORICAL))
    check_request(interface.REQUEST)
    check_task(interface.TASK, interface.RESPONSE, classes(interface))
    metrics.declared(interface.TASK, classes(interface), declared.evaluation)
    return declared


def check_code() -> None:
    """Compute and answer the example of the request, which takes a quarter of a second.

    Raises:
        UseCaseError: on the first thing wrong.
    """
    from mainline.claims import example

    example.check()


def _is_code_edited() -> bool:
    return bool(ask("status", "--porcelain", "--", USE_CASE))


def _is_edited(section: str, declared: Mapping[str, Any]) -> bool:
    """Whether a section differs from that of the last commit, or none can be read there."""
    try:
        committed = yaml.safe_load(ask("show", "HEAD:./params.yaml"))
    except yaml.YAMLError:
        return True
    return not isinstance(committed, Mapping) or committed.get(section) != declared


def check_data() -> None:
    """Check the code, and what the schema says of the data; it takes a second to load, so only if something will run.

    Code that was edited since the last commit is checked already: `check` does so before DVC is asked.

    Raises:
        UseCaseError: on the first thing wrong.
    """
    from mainline.stages.validate import check_use_case

    if not _is_code_edited():
        check_code()
    check_use_case()


def _ask_source(declared: params.Params) -> None:
    """Say whether the source has something else than the declared version; without an answer, say that and go on."""
    from mainline.stages.ingest import check_version

    try:
        from usecase import source

        check_version(source, declared)
    except Exception as error:  # a network that is away may raise anything, and keeps nobody from what is here
        progress.say(f"The source: {faults.explain(error) or error}")
