"""`./mainline try`: fit what is not committed, and compare it with the last commit on the validation rows."""

import time
from typing import TYPE_CHECKING

from mainline import display
from mainline.declared import gate, params
from mainline.experiments import diff, runner, scratch, side
from mainline.experiments.diff import Change
from mainline.experiments.layout import wrap
from mainline.experiments.runner import Side
from mainline.periods import told

if TYPE_CHECKING:
    from mainline.experiments.comparison import Predicted

COLOURS = {"Better": "1;32", "No worse": "32", "Cannot tell": "1;35", "Worse": "1;31"}
"""Of each verdict (ANSI)."""


def attempt(share: float = 1.0) -> str:
    """Say whether the uncommitted change is better than the last commit; neither work tree nor lock changes.

    With the whole of the training rows, the last commit's side is its model in DVC's cache. With a share of them, both
    sides are fitted on the same share.

    Raises:
        MainlineError: when there is nothing to compare, or the change cannot be fitted.
    """
    started = time.monotonic()
    change, declared = diff.read(), params.load()
    policy = gate.load(declared.gate)
    print(wrap(f"Trying {change.told} against the last commit ({change.commit})."), flush=True)
    sides = _fit(change, declared, share)
    from mainline.experiments import comparison

    comparison.check(*sides)
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in sides[1].seconds.items())
    fitted = "all training rows" if share == 1 else f"{share:.0%} of the training rows on both sides, a first look"
    return "\n".join(
        [
            "",
            _coloured(wrap(comparison.tell(declared, policy, *sides))),
            *comparison.tell_slices(declared, policy, *sides),
            "",
            wrap(
                f"{time.monotonic() - started:.1f} s ({spent}), fitted on {fitted}; judged on "
                f"{len(sides[1].label):,} rows of {told(declared.parts.validation)}; the test rows were not looked at."
            ),
        ]
    )


def _fit(change: Change, declared: params.Params, share: float) -> "list[Predicted]":
    """Fit what is not committed, and with a share of the rows the last commit too; return the last commit's side first.

    Raises:
        MainlineError: when a side cannot be fitted.
    """
    with scratch.folder() as place:
        scratch.lay_out(change, declared, place, whole=share == 1)
        runner.run(
            [
                Side(place / scratch.TRIED, change.first, share),
                Side(place / scratch.COMMITTED, "" if share == 1 else "train", share, True, "the last commit"),
            ]
        )
        from mainline.experiments import comparison  # numpy and scipy load while the two sides run

        return [comparison.read(place / name / side.RESULT) for name in (scratch.COMMITTED, scratch.TRIED)]


def _coloured(text: str) -> str:
    """Colour the verdict that a text begins with, at a terminal that shows colours."""
    verdict, colon, rest = text.partition(":")
    code = COLOURS.get(verdict)
    return f"\033[{code}m{verdict}\033[0m{colon}{rest}" if code and display.is_coloured() else text
