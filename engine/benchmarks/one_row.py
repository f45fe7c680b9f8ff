"""One row at a time: the package from request to prediction, beside scikit-learn on features that are ready.

The package parses the request, looks up what it does not say, computes the features and predicts; scikit-learn is
given the features, ready in a one-row DataFrame, and only predicts.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial

from threadpoolctl import threadpool_limits

from benchmarks import measure
from benchmarks.measure import ratios, say, spread
from mainline.data import columns, dataset
from mainline.declared import params
from mainline.model import frames
from mainline.package.predictor import Predictor
from mainline.stages import fitting
from tests.project import Project
from usecase import interface

THROUGH = "2013-09"
BLOCKS = 15
SCIKIT_LEARN = "scikit-learn, features ready in a DataFrame: pipeline.predict"
CALLS = {True: 100, False: 2000}
"""Calls in a block, of scikit-learn and of the others: about as long, so that noise meets both."""
Call = Callable[[], object]


def main() -> None:
    """Train once, then time all sides in turn and print the table."""
    with measure.workspace(THROUGH) as project:
        say("training once")
        measure.run(["dvc", "repro"], project)
        calls = _calls(project)
    with threadpool_limits(1):  # scikit-learn answers one row faster when it starts no threads
        times = _in_blocks(calls)
    rows = [
        [name, spread(found, ".1f"), spread(ratios(times[SCIKIT_LEARN], found), ".1f")] for name, found in times.items()
    ]
    measure.table("One row in one process", ["", "microseconds", "times as fast"], rows)


def _calls(project: Project) -> dict[str, Call]:
    """Return what is timed by name.

    Raises:
        SystemExit: when the package does not answer its own golden request as recorded.
    """
    declared = params.load(project.path / "params.yaml")
    names = [field.name for field in interface.REQUEST]
    fitted_on = dataset.read(project.path / dataset.FOLDER, declared.parts.train, names, declared.features)
    pipeline = fitting.fit(declared, fitted_on)
    predictor = Predictor.load(project.path / "models/package")
    golden = json.loads((project.path / "models/package/golden.json").read_text())
    request = golden["requests"][:1]
    if predictor.predict(request) != golden["predictions"][:1]:
        sys.exit("The package does not answer as it did when it was built.")
    model = predictor.manifest["model"]
    features = predictor.compute(columns.from_rows(request, predictor.request))
    frame = partial(frames.table, features, model["numeric"], model["categorical"])
    return {
        "package, from the request: Predictor.predict": partial(predictor.predict, request),
        "package, features ready: runtime.predict": partial(predictor.runtime.predict, features),
        SCIKIT_LEARN: partial(pipeline.predict, frame()),
        "scikit-learn, features ready: DataFrame and pipeline.predict": lambda: pipeline.predict(frame()),
    }


def _in_blocks(calls: dict[str, Call]) -> dict[str, list[float]]:
    """Time blocks of calls, one side after the other; microseconds a call, one figure per block."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(BLOCKS + 1):  # the first block warms up
        say(f"block {number} of {BLOCKS}")
        for name, call in calls.items():
            count = CALLS[name.startswith("scikit-learn")]
            started = time.perf_counter()
            for _ in range(count):
                call()
            times[name].append((time.perf_counter() - started) / count * 1e6)
    return {name: found[1:] for name, found in times.items()}


if __name__ == "__main__":
    main()
