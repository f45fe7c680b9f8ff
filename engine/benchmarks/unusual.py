"""What it costs to mark unusual rows: the model's answer with marks beside the same without, in one process.

`python -m benchmarks.unusual FOLDER` takes a package of the flights. Requests repeat its golden ones; one row of ten
has a carrier that nobody has seen.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.measure import ratios, spread
from mainline.serving.answering.model import Model

BLOCKS = 15
CALLS = {1: 1000, 20: 300, 1000: 20}
"""Calls in a block by rows in a request."""


def main() -> None:
    """Time both sides in turn and print the table."""
    package = Path(sys.argv[1])
    golden: list[dict[str, Any]] = json.loads((package / "golden.json").read_text())["requests"]
    strange = [row | {"carrier": "ZZ"} if number % 10 == 9 else row for number, row in enumerate(golden)]
    models = {"without": Model.load(package), "with": Model.load(package, slack=0.1)}
    table = []
    for rows, calls in CALLS.items():
        request = (strange * (rows // len(strange) + 1))[:rows]
        times = _in_blocks(models, request, calls)
        table.append([f"{rows}", *[spread(found, ".1f") for found in times.values()],
                      spread(ratios(times["with"], times["without"]), ".3f")])  # fmt: skip
    measure.table("An answer, microseconds of CPU", ["rows", *models, "with / without"], table)


def _in_blocks(models: dict[str, Model], request: list[dict[str, Any]], calls: int) -> dict[str, list[float]]:
    """Time blocks of answers, one side after the other; microseconds of CPU an answer, one figure per block."""
    times: dict[str, list[float]] = {name: [] for name in models}
    for block in range(BLOCKS + 1):  # the first block warms up
        for name, model in models.items():
            started = time.process_time()
            for _ in range(calls):
                answer = model.answer(model.reader.read(request))
                if model.unusual:
                    model.unusual.grouped(answer.unusual, 0, len(request))
            if block:
                times[name].append((time.process_time() - started) / calls * 1e6)
    return times


if __name__ == "__main__":
    main()
