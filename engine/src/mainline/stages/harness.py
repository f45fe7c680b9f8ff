"""Run a stage's work so that it repeats, and say what is wrong in one line."""

import os
import sys
from bdb import BdbQuit
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import mainline
from mainline import credentials, display, faults, interrupts
from mainline.declared.params import Params, load
from mainline.errors import MainlineError

PINNED = {
    "PYTHONPATH": "engine/src:src",
    "PYTHONHASHSEED": "0",
    "PYTHONTZPATH": "",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
"""Settings on which bytes depend: whose code runs, the order of sets, the time zones (of the locked `tzdata`, not of
the machine) and the threads of tree builders and linear algebra. They act before Python starts, so `engine/stage` sets
them."""

HELD = "MAINLINE_HELD"
"""The variable that names the files that `engine/stage` put back, with spaces between them."""

DEBUG = "MAINLINE_DEBUG"
"""The variable that asks for a debugger where the work fails; `./mainline stage NAME --debug` sets it."""

BY_DVC = "DVC_STAGE"
"""DVC sets it for the commands that it runs."""

NO_REUSE = "MAINLINE_NO_REUSE"
"""The variable that has a stage compute every partition, and forget what was kept of them."""

ENDING = (
    "What finished is kept: `make repro` goes on from there; `./mainline restore` puts back the last commit's results."
)


def run(stage: str, work: Callable[[Params], None], root: Path) -> None:
    """Run a stage's work on the checked parameters; exit with 1 and one line on an expected error."""
    try:
        interrupts.allow()
        _check_pins(stage)
        _check_code(root)
        held = _held()
        work(load())
        _check_replaced(stage, held)
    except (KeyboardInterrupt, BdbQuit):
        _interrupted(stage)
    except display.ReaderLeft:
        raise
    except SystemExit as error:
        _fail(stage, faults.ended(error))
    except Exception as error:
        if interrupts.came():
            _interrupted(stage)
        if is_set(DEBUG):
            _look(error)
        expected = faults.explain(error)
        if expected is None or is_set(faults.TRACEBACK):
            raise
        _fail(stage, expected)
    finally:
        interrupts.end()


def is_set(name: str) -> bool:
    """Whether a variable asks for something: it is there, and neither empty nor 0."""
    return os.environ.get(name, "") not in ("", "0")


def is_reused() -> bool:
    """Whether partitions are kept and taken in this process."""
    return BY_DVC in os.environ and not any(map(is_set, (NO_REUSE, DEBUG)))


def _held() -> dict[str, int]:
    """Return the inode of each file that was put back; a file that is replaced has another one."""
    return {name: Path(name).stat().st_ino for name in os.environ.get(HELD, "").split()}


def _check_replaced(stage: str, held: dict[str, int]) -> None:
    """Refuse to end a stage that leaves the file of an earlier run in the place of its own."""
    for name, inode in held.items():
        if Path(name).stat().st_ino == inode:
            raise MainlineError(f"{stage} made no {name}, which dvc.yaml declares as its output.")


def _look(error: Exception) -> None:
    """Let a person look at what failed, where it failed."""
    import pdb  # noqa: T100 - asked for by a person, at the terminal

    print(f"\n{type(error).__name__}: {error}\nHere it failed: `u` goes up, `l` lists, `p NAME` prints, `q` ends.")
    pdb.post_mortem(error.__traceback__)


def _interrupted(stage: str) -> NoReturn:
    print(f"\n{stage} was interrupted; run `make repro` to go on.", file=sys.stderr)
    sys.exit(130)


def _fail(stage: str, error: MainlineError) -> NoReturn:
    print(f"\n{stage} failed: {credentials.hide(str(error))}\n{ENDING}", file=sys.stderr)
    sys.exit(1)


def _check_pins(stage: str) -> None:
    for name, value in PINNED.items():
        found = os.environ.get(name)
        if found != value:
            raise MainlineError(
                f"{name}={found or ''} is not set as it must be ({name}={value}), so the result would not repeat. "
                f"Run the stage through DVC, `dvc repro -s {stage}`, or alone: `./mainline stage {stage}`."
            )


def _check_code(root: Path) -> None:
    """Refuse code of another folder: DVC hashes the code of this one."""
    code = Path(mainline.__file__ or "").resolve()
    if not code.is_relative_to(root.resolve()):
        raise MainlineError(f"the code that runs is in {code.parent}, not in {root}. Run the stage through DVC.")
