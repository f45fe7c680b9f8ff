"""`python -m mainline.stages STAGE`: what every stage needs around its work.

Repeatable settings, this folder's own code, one clear error, and an end when its parent ends. The watch on the parent
starts before anything slow is imported.
"""

import gc
import os
import sys
import time
from importlib import import_module
from pathlib import Path

from mainline import display, interrupts, parents

PARENT = "MAINLINE_PARENT"
"""The number of the stage's parent. `engine/stage` passes it on: the parent may be gone before Python runs."""

STARTER = "MAINLINE_STARTER"
"""The number of the process that started the stage: the parent, or DVC where a shell waits between the two."""


def end_with_parent() -> None:
    """Exit when the process that started this one is gone; DVC does not end its stages when it is killed."""
    parent = int(os.environ.get(PARENT) or os.getppid())
    parents.end_with(parent, int(os.environ.get(STARTER) or parent))


if __name__ == "__main__":
    interrupts.catch()
    started = time.time()
    end_with_parent()
    from mainline import credentials
    from mainline.stages import presence, timing
    from mainline.stages.harness import BY_DVC, run

    sys.excepthook = credentials.report
    stage = sys.argv[1]
    with display.watched(), presence.of(stage):
        run(stage, lambda params: getattr(import_module(f"mainline.stages.{stage}"), stage)(params), Path.cwd())
    if BY_DVC in os.environ:  # what a person starts is not the run that the lock describes
        timing.write(stage, started)
    gc.freeze()  # the process ends here: don't take its libraries apart object by object, which costs 0.1 s or more
