"""A load client of gRPC in a process of its own: N connections that send the same message again and again.

`python -m benchmarks.rpc_client` reads what to do from standard input and prints what it measured, both JSON.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from time import perf_counter

import grpc.aio
import numpy as np

from benchmarks import client
from benchmarks.client import Result
from mainline.serving.rpc.wire import SERVICE

OPTIONS = [("grpc.use_local_subchannel_pool", 1)]
"""Each channel has a connection of its own, where grpcio would let all of them share one."""


@dataclass(frozen=True)
class RpcLoad:
    """What to send: the bytes of a `ModelInferRequest` in hexadecimal, over how many connections, for how long."""

    port: int
    message: str
    key: str
    connections: int
    seconds: float


def run(load: RpcLoad) -> Result:
    """Load a server from another process.

    Raises:
        SystemExit: when the client failed, or a call did.
    """
    return client.run_program("benchmarks.rpc_client", asdict(load))


async def _drive(load: RpcLoad) -> Result:
    begun = perf_counter()
    found = await asyncio.gather(*[_send(load, begun + load.seconds) for _ in range(load.connections)])
    seconds, times = perf_counter() - begun, [time for part in found for time in part]
    p50, p99 = np.percentile(times, [50, 99]).tolist()
    return Result(len(times), seconds, {"200": len(times)}, p50, p99)


async def _send(load: RpcLoad, end: float) -> list[float]:
    message, metadata, times = bytes.fromhex(load.message), [("authorization", f"Bearer {load.key}")], []
    async with grpc.aio.insecure_channel(f"127.0.0.1:{load.port}", OPTIONS) as channel:
        infer = channel.unary_unary(f"/{SERVICE}/ModelInfer")
        while (started := perf_counter()) < end:
            await infer(message, metadata=metadata)
            times.append(perf_counter() - started)
    return times


def main() -> None:
    """Do what standard input says."""
    print(json.dumps(asdict(asyncio.run(_drive(RpcLoad(**json.load(sys.stdin)))))))


if __name__ == "__main__":
    main()
