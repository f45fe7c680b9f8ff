"""What traces cost: the CPU time of answers by a service that sends spans, beside one that sends none.

`python -m benchmarks.traces FOLDER` takes a package of the flights. Each service answers `POST /predict` of one row in
its own event loop, without a socket; spans go to a receiver in a process of its own, and the thread that sends them
counts.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import measure
from benchmarks.measure import ratios, spread
from mainline.declared.service import Settings
from mainline.serving import span_sender
from mainline.serving.answering import keys, routing
from mainline.serving.answering.messages import Header
from mainline.serving.answering.model import Model
from mainline.serving.http.app import Application
from mainline.serving.service import Service

BLOCKS, REQUESTS, TOGETHER = 15, 2000, 8
SIDES = {"off": None, "sample 0.01": 0.01, "sample 1.0": 1.0}
_RECEIVER = (
    "from tests.span_receiver import SpanReceiver; r = SpanReceiver(); print(r.url, flush=True); r.serve_forever()"
)


def main() -> None:
    """Time the sides in turn and print the table."""
    package = Path(sys.argv[1])
    span_sender.QUEUED = BLOCKS * REQUESTS  # so that all are sent, as by a service that has pauses
    body = json.dumps(json.loads((package / "golden.json").read_text())["requests"][0]).encode()
    with tempfile.TemporaryDirectory() as folder:
        receiver = subprocess.Popen([sys.executable, "-P", "-c", _RECEIVER], stdout=subprocess.PIPE, text=True)
        try:
            assert receiver.stdout is not None
            url = receiver.stdout.readline().strip()
            file = Path(folder) / "keys.yaml"
            key = keys.make(file, "client", "predict")
            services = {name: _service(package, file, url, share) for name, share in SIDES.items()}
            times = _in_blocks(services, [(b"authorization", f"Bearer {key}".encode()), _JSON], body)
            for service in services.values():
                service.stop()
        finally:
            receiver.kill()
            receiver.wait()
    table = [[name, spread(found, ".1f"), spread(ratios(found, times["off"]), ".3f")] for name, found in times.items()]
    measure.table("An answer of one row, microseconds of CPU", ["traces", "microseconds", "/ off"], table)


_JSON: Header = (b"content-type", b"application/json")


def _service(package: Path, file: Path, url: str, share: float | None) -> Service:
    traces = {} if share is None else {"traces": {"endpoint": url, "sample": share}}
    throttle = {"requests_per_second": 1e9, "burst": 10**9}
    settings = Settings.model_validate({"keys": file, "throttle": throttle, **traces})
    service = Service(settings, routing.single(Model.load(package)))
    service.start()
    return service


def _in_blocks(services: dict[str, Service], headers: list[Header], body: bytes) -> dict[str, list[float]]:
    """Time blocks of answers, one side after the other; microseconds of CPU an answer, one figure per block."""
    times: dict[str, list[float]] = {name: [] for name in services}
    for block in range(BLOCKS + 1):  # the first block warms up
        for name, service in services.items():
            started = time.process_time()
            asyncio.run(_ask(Application(service), headers, body))
            while service.tracer and service.tracer.sender.waiting:
                time.sleep(0.01)
            if block:
                times[name].append((time.process_time() - started) / REQUESTS * 1e6)
    return times


async def _ask(application: Application, headers: list[Header], body: bytes) -> None:
    """Send requests, some at the same moment."""
    statuses: list[int] = []

    def write(status: int, _headers: Sequence[Header], _content: bytes) -> None:
        statuses.append(status)

    while len(statuses) < REQUESTS:
        for _ in range(TOGETHER):
            application.predict_directly(headers, body, write)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert set(statuses) == {200}


if __name__ == "__main__":
    main()
