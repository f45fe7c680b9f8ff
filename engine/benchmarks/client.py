"""A load client in a process of its own: N keep-alive connections that send the same requests again and again.

`python -m benchmarks.client HOST PORT` reads what to do from standard input and prints what it measured, both JSON.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import uvloop

from mainline.probe import sender
from mainline.probe.sender import Plan


@dataclass(frozen=True)
class Load:
    """What to send: a whole HTTP request, over how many connections, for how long."""

    port: int
    request: str
    connections: int
    seconds: float
    rate: float = 0.0
    """Requests a second over all connections, as evenly as possible; 0: as fast as answers come."""
    others: Sequence[str] = ()
    """Requests that are sent in turn with the first."""


@dataclass(frozen=True)
class Result:
    """What came back. Latencies in seconds."""

    answers: int
    seconds: float
    statuses: dict[str, int]
    p50: float
    p99: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def run(load: Load) -> Result:
    """Load a server from another process.

    Raises:
        SystemExit: when the client failed.
    """
    return run_program("benchmarks.client", asdict(load))


def run_program(module: str, load: dict[str, Any]) -> Result:
    """Run a client that reads a load from standard input and prints its result, both JSON.

    Raises:
        SystemExit: when it failed.
    """
    finished = subprocess.run([sys.executable, "-m", module], input=json.dumps(load), capture_output=True, text=True)
    if finished.returncode:
        sys.exit(f"the load client failed:\n{finished.stderr}")
    return Result(**json.loads(finished.stdout))


async def _drive(load: Load) -> Result:
    requests = [text.encode() for text in (load.request, *load.others)]
    plan = Plan("127.0.0.1", load.port, requests, load.connections, load.seconds, load.rate)
    found = await sender.drive(plan)
    statuses = found.statuses | {"lost": found.lost}
    return Result(found.answers, found.seconds, statuses, found.percentile(50), found.percentile(99))


def main() -> None:
    """Do what standard input says."""
    print(json.dumps(asdict(uvloop.run(_drive(Load(**json.load(sys.stdin)))))))


if __name__ == "__main__":
    main()
