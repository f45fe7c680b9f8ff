"""The pipeline run where something changed, and what came out in a few lines."""

from mainline import display, interrupts, progress
from mainline.errors import MainlineError
from mainline.gate import tables
from mainline.pipeline import check_cache, disk, narration, summary
from mainline.registry import runs
from mainline.remote import address
from mainline.repository import checkout, recovery
from mainline.stages import presence


def reproduce() -> str:
    """Bring the pipeline's outputs in line with code, parameters and data.

    Parameters are checked first, before anything is run or removed; what has passed is not checked again until
    something runs. `dvc status` answers faster than `dvc repro` when nothing changed, so it is asked before, in the
    same process.

    Raises:
        MainlineError: when the parameters are wrong, or a stage failed; its own message came before.
    """
    checkout.require_repository()
    known = check_cache.model()
    model = known or _check()
    for done in (*recovery.mend(), *tables.remove_foreign(model)):
        progress.say(done)
    address.settle()
    if _dvc("status", "--quiet") == 0:
        runs.update()
        return summary.text("Everything is up to date.")
    if known:
        _check()
    from mainline.pipeline import checks

    checks.check_data()
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


def _check() -> str:
    """Check bytes, parameters and code, and return the name of the model."""
    checkout.require_bytes()
    check_cache.renew()
    read = check_cache.content()
    from mainline.pipeline import checks  # takes longer to load than DVC needs to say that nothing changed

    checks.check_files()
    declared = checks.check()
    from usecase import interface

    name: str = interface.NAME
    check_cache.keep("" if declared.data.version else name, read)  # the source of a version is asked each time
    return name


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
