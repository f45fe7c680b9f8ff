"""The pipeline run where something changed, and what came out in a few lines."""

from collections.abc import Mapping
from typing import Any

import yaml

from mainline import display, faults, interrupts, progress
from mainline.conformance.code import TRAVELLING, portable
from mainline.conformance.names import check_features, check_policy
from mainline.conformance.requests import check_request
from mainline.declared import gate, params, tune
from mainline.errors import MainlineError
from mainline.gate import tables
from mainline.labels import check_task, classes
from mainline.model import metrics
from mainline.pipeline import disk, narration, summary
from mainline.registry import runs
from mainline.remote import address
from mainline.repository import checkout, recovery
from mainline.repository.git import ask
from mainline.stages import presence

USE_CASE = "src/usecase"


def reproduce() -> str:
    """Bring the pipeline's outputs in line with code, parameters and data.

    Parameters are checked first, before anything is run or removed. `dvc status` answers faster than `dvc repro` when
    nothing changed, so it is asked before, in the same process.

    Raises:
        MainlineError: when the parameters are wrong, or a stage failed; its own message came before.
    """
    checkout.require_repository()
    checkout.require_bytes()
    check()
    for done in (*recovery.mend(), *tables.remove_foreign(_model())):
        progress.say(done)
    address.settle()
    if _dvc("status", "--quiet") == 0:
        runs.update()
        return summary.text("Everything is up to date.")
    _check_data()
    presence.forget()
    try:
        with narration.narrated() as told:
            status = _dvc("repro")
        if status != 0:
            display.check_reader()
    except display.ReaderLeft:
        recovery.put_back()
        raise
    if status != 0:
        raise MainlineError(_stopped(presence.killed(), told.failed))
    said = told.text(runs.seconds())
    runs.update()
    return summary.text(f"The pipeline is done: {said}.")


def _dvc(*arguments: str) -> int:
    """Run a command of DVC in this process, and return its status.

    Raises:
        KeyboardInterrupt: if Ctrl-C came meanwhile, of which DVC makes a status like any other.
        MainlineError: if the disk refused something, which DVC does not take for a failure of its own.
    """
    from dvc.cli import main as dvc

    with disk.watched() as refusals:
        status = int(dvc(list(arguments)))
    interrupts.check()
    if refusals.files:
        raise MainlineError(refusals.text())
    return status


def check() -> None:
    """Check what can be checked without data: parameters, the choice of features, and what is banned.

    Which values a model takes is known to scikit-learn, which takes a second to load, so they are checked only after an
    edit of `model` or `tune`. A search space that was declared for another model does not keep this one from being
    trained.

    Raises:
        MainlineError: on the first thing wrong.
    """
    declared = check_quickly()
    from usecase import interface

    if _is_edited("model", declared.model.model_dump()):
        from mainline.model import estimator

        estimator.check(declared.model, interface.TASK, declared.seed)
    if declared.tune and _is_edited("tune", declared.tune):
        from mainline.experiments import search

        search.load(declared)
    if _is_code_edited():
        check_code()
    if declared.data.version:
        _ask_source(declared)


def check_quickly() -> params.Params:
    """Check what can be checked without data and without scikit-learn, and return the parameters.

    Raises:
        MainlineError: on the first thing wrong.
    """
    declared = params.load()
    gate.load(declared.gate)
    if declared.tune:
        tune.load(declared.tune)
    for file in TRAVELLING:
        portable(file)
    from usecase import features, interface

    check_policy(declared.features, interface.REQUEST, interface.BANNED, key=interface.KEY)
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


def _model() -> str:
    from usecase import interface

    return interface.NAME


def _check_data() -> None:
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


def _stopped(killed: list[str], is_said: bool) -> str:
    """Say what stopped the pipeline; '' if a stage has said it already."""
    if not killed:
        if is_said:
            return ""
        return "the pipeline stopped; what finished is kept, and `make repro` goes on from there."
    return (
        f"{killed[0]} was killed before it could say why, as the system does if memory runs out. "
        "What finished is kept. Declare less data, fewer features or another estimator, or run it on a machine with "
        "more memory."
    )
