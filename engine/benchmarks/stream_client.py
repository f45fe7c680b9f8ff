"""A load client of the WebSocket in a process of its own: N connections that send the same message again and again.

`python -m benchmarks.stream_client` reads what to do from standard input and prints what it measured, both JSON.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np
from websockets.asyncio.client import connect

from benchmarks import client
from benchmarks.client import Result
from mainline.serving.websocket.extra import PATH


@dataclass(frozen=True)
class StreamLoad:
    """What to send: the text of a message, over how many connections, for how long, and how many before an answer."""

    port: int
    message: str
    key: str
    connections: int
    seconds: float
    ahead: int


def run(load: StreamLoad) -> Result:
    """Load a server from another process.

    Raises:
        SystemExit: when the client failed.
    """
    return client.run_program("benchmarks.stream_client", asdict(load))


async def _drive(load: StreamLoad) -> Result:
    begun = perf_counter()
    found = await asyncio.gather(*[_send(load, begun + load.seconds) for _ in range(load.connections)])
    seconds = perf_counter() - begun
    times, refused = [time for part, _ in found for time in part], sum(number for _, number in found)
    p50, p99 = np.percentile(times, [50, 99]).tolist()
    return Result(len(times), seconds, {"200": len(times) - refused, "refused": refused}, p50, p99)


async def _send(load: StreamLoad, end: float) -> tuple[list[float], int]:
    """Return how long answers took, and how many were none."""
    address, key = f"ws://127.0.0.1:{load.port}{PATH}", {"Authorization": f"Bearer {load.key}"}
    times, refused = [], 0
    async with connect(address, additional_headers=key, proxy=None, compression=None, max_size=None) as socket:
        while (started := perf_counter()) < end:
            for _ in range(load.ahead):
                await socket.send(load.message)
            for _ in range(load.ahead):
                answer = await socket.recv(decode=False)
                refused += b'"predictions"' not in answer
                times.append(perf_counter() - started)
    return times, refused


def main() -> None:
    """Do what standard input says."""
    print(json.dumps(asdict(asyncio.run(_drive(StreamLoad(**json.load(sys.stdin)))))))


if __name__ == "__main__":
    main()
