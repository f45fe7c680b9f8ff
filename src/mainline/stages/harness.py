"""What every stage needs around its work: repeatable settings, one clear error, and an end when its parent ends."""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from mainline.errors import MainlineError, UseCaseError
from mainline.params import Params, load

PINNED = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONTZPATH": ""}
"""Settings on which bytes depend: threads of the tree builder, order of sets, and the time zones, which come from
the locked `tzdata`. They act before Python starts, so `dvc.yaml` sets them."""

WAY_BACK = "To go back to the last commit's output: `git checkout dvc.lock metrics && dvc checkout --force`."

_PARENT_POLL = 0.2  # seconds


def run(stage: str, work: Callable[[Params], None]) -> None:
    """Run a stage's work on the checked parameters; exit with 1 and one line on an expected error."""
    _end_with_parent()
    try:
        _check_pins(stage)
        work(load())
    except MainlineError as error:
        _fail(stage, error)
    except AttributeError as error:
        module = getattr(error.obj, "__name__", "")
        if not module.startswith("usecase."):
            raise
        path = f"src/{module.replace('.', '/')}.py"
        _fail(
            stage, UseCaseError(f"{path} offers no '{error.name}'; src/mainline/contract.py lists what it must offer.")
        )


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


def _end_with_parent() -> None:
    """Exit when the process that started this one is gone; DVC does not end its stages when it is killed."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_POLL)
        os._exit(130)

    threading.Thread(target=watch, daemon=True).start()
