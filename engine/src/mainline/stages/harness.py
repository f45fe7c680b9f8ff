"""Run a stage's work so that it repeats, and say what is wrong in one line."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import mainline
from mainline import faults, interrupts
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

WAY_BACK = "To go back to the last commit's results: `./mainline restore`."


def run(stage: str, work: Callable[[Params], None], root: Path) -> None:
    """Run a stage's work on the checked parameters; exit with 1 and one line on an expected error."""
    try:
        interrupts.allow()
        _check_pins(stage)
        _check_code(root)
        work(load())
    except KeyboardInterrupt:
        _interrupted(stage)
    except Exception as error:
        if interrupts.came():
            _interrupted(stage)
        expected = faults.explain(error)
        if expected is None or os.environ.get(faults.TRACEBACK):
            raise
        _fail(stage, expected)
    finally:
        interrupts.end()


def _interrupted(stage: str) -> NoReturn:
    print(f"\n{stage} was interrupted; run `make repro` to go on.", file=sys.stderr)
    sys.exit(130)


def _fail(stage: str, error: MainlineError) -> NoReturn:
    print(f"\n{stage} failed: {error}\n{WAY_BACK}", file=sys.stderr)
    sys.exit(1)


def _check_pins(stage: str) -> None:
    for name, value in PINNED.items():
        found = os.environ.get(name)
        if found != value:
            raise MainlineError(
                f"{name}={found or ''} is not set as it must be ({name}={value}), so the result would not repeat. "
                f"Run the stage through DVC: `dvc repro -s {stage}`."
            )


def _check_code(root: Path) -> None:
    """Refuse code of another folder: DVC hashes the code of this one."""
    code = Path(mainline.__file__ or "").resolve()
    if not code.is_relative_to(root.resolve()):
        raise MainlineError(f"the code that runs is in {code.parent}, not in {root}. Run the stage through DVC.")
