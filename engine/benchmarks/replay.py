"""What it costs to replay requests, beside the package that predicts them once: `python -P -m benchmarks.replay [N]`.

The floor takes the same requests from the store and lets the package predict them, in a process that is started as
that of the replay is. 100,000 rows without a number, all answered by the version that the other one is held to.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import measure, monitoring
from benchmarks.measure import say

ROWS, RUNS = 100_000, 3
THROUGH = "2013-03"

_ROLL = """
import sys
from pathlib import Path
from mainline.monitoring import packages, rollup
from mainline.monitoring.store import Store
rollup.roll(Path(sys.argv[1]), Store(Path(sys.argv[2])), packages.find([Path("models/package")]))
"""
_COMMON = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from mainline.declared import params
from mainline.declared.replay import Replay
from mainline.monitoring import label_feed, packages
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from mainline.replay import answers, examination, sample
from usecase import interface
store, rows = Store(Path(sys.argv[1])), int(sys.argv[2])
known = packages.find([Path("models/package")])
(package,) = known.values()
was = b'return raw + columns["dep_delay"]'
later = package.contents["code/scoring.py"].replace(was, was + b" + 9")
candidate = Packaged({**package.manifest, "digest": "c" * 64}, {**package.contents, "code/scoring.py": later})
policy = Replay(requests=rows, threshold=15.0)
"""
_REPLAY = f"""{_COMMON}
asked = examination.Asked(
    policy=policy, file="deploy/production.yaml", amount=5.0, confidence=0.95, margin=0.01,
    evaluation=params.load().evaluation, interface=interface, kind=label_feed.wanted(interface),
    fetch=label_feed.bring(None, label_feed.wanted(interface)), until=datetime.now(UTC),
)
started = time.process_time()
found, reason = examination.replay(store, known, candidate, package, asked)
assert found is not None and found.requests == rows and found.moved == rows, reason or found.moved
"""
_PREDICT = f"""{_COMMON}
taken = sample.take(store, known, policy)
request = answers._request(taken.parts, (candidate,))
assert len(candidate.predictor.predict_columns(request)) == rows
"""
_READ = f"""{_COMMON}
taken = sample.take(store, known, policy)
request = answers._request(taken.parts, (candidate,))
candidate.predictor
"""


def main(given: Sequence[str]) -> None:
    """Write a log, roll it up, replay and predict it in turn, and print the table."""
    rows = int(given[0]) if given else ROWS
    with measure.workspace(THROUGH) as project, tempfile.TemporaryDirectory(prefix="mainline-bench-") as folder:
        say("running the pipeline once")
        measure.run(["dvc", "repro"], project)
        log, store = Path(folder, "log"), Path(folder, "store")
        monitoring.write(log, project, rows)
        measure.run([sys.executable, "-c", _ROLL, str(log), str(store)], project)

        def side(code: str) -> measure.Cost:
            return measure.run([sys.executable, "-c", code, str(store), str(rows)], project)

        sides = {"replay": lambda: side(_REPLAY), "predict once": lambda: side(_PREDICT), "read": lambda: side(_READ)}
        costs = measure.in_turn(RUNS, sides)
    measure.compare(f"{rows:,} requests", {name: costs[name] for name in ("replay", "predict once")})
    say(f"of which reading the requests and starting: {measure.spread([cost.cpu for cost in costs['read']])} s of CPU")
    say(f"peak of a replay: {max(cost.peak for cost in costs['replay']) / 1e6:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
