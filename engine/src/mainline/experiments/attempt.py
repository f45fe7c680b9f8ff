"""`./mainline try`: fit what is not committed, and compare it with the last commit on the validation rows."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mainline import children, processes
from mainline.declared import gate, params
from mainline.errors import MainlineError
from mainline.experiments import scratch, side, uncommitted
from mainline.experiments.layout import wrap
from mainline.periods import told
from mainline.stages.harness import PINNED


def attempt(share: float = 1.0) -> str:
    """Say whether the uncommitted change is better than the last commit; neither work tree nor lock changes.

    With the whole of the training rows, the last commit's side is its model in DVC's cache. With a share of them, both
    sides are fitted on the same share.

    Raises:
        MainlineError: when there is nothing to compare, or the change cannot be fitted.
    """
    started = time.monotonic()
    change, declared = uncommitted.read(), params.load()
    policy = gate.load(declared.gate)
    print(wrap(f"Trying {change.told} against the last commit ({change.commit})."), flush=True)
    with scratch.folder() as place:
        scratch.lay_out(change, declared, place, whole=share == 1)
        with ThreadPoolExecutor(1) as beside:
            committed = beside.submit(_run, place / scratch.COMMITTED, "" if share == 1 else "train", share, quiet=True)
            _run(place / scratch.TRIED, change.first, share)
            committed.result()
        from mainline.experiments import comparison  # numpy and scipy load while the two sides run

        sides = [comparison.read(place / name / side.RESULT) for name in (scratch.COMMITTED, scratch.TRIED)]
    comparison.check(*sides)
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in sides[1].seconds.items())
    fitted = "all training rows" if share == 1 else f"{share:.0%} of the training rows on both sides, a first look"
    return "\n".join(
        [
            "",
            wrap(comparison.tell(declared, policy, *sides)),
            *comparison.tell_slices(declared, policy, *sides),
            "",
            wrap(
                f"{time.monotonic() - started:.1f} s ({spent}), fitted on {fitted}; judged on "
                f"{len(sides[1].label):,} rows of {told(declared.parts.validation)}; the test rows were not looked at."
            ),
        ]
    )


def _run(folder: Path, first: str, share: float, quiet: bool = False) -> None:
    """Run one side in its folder; only one that is not quiet shows its progress.

    Raises:
        MainlineError: with its own line when it fails.
    """
    root = Path.cwd()
    environment = children.environment() | PINNED
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (root / "engine/src", folder / "src")))
    command = children.command("mainline.experiments.side", first, str(share), str(os.getpid()))
    output = {"stdout": subprocess.DEVNULL if quiet else None}
    done = processes.run(command, None, cwd=folder, env=environment, text=True, errors="replace", **output)
    if done.returncode != 0:
        *before, last = done.stderr.strip().splitlines() or [""]
        if last.startswith(side.MARK):
            raise MainlineError(("the last commit: " if quiet else "") + last.removeprefix(side.MARK))
        raise MainlineError("\n".join([f"a side ended with {done.returncode}.", *before, last]))
