"""The service beside MLServer by the Open Inference Protocol: the same rows over REST and gRPC, in turn.

`python -m benchmarks.open_protocol`. One worker each. MLServer serves the scikit-learn pipeline, from features that the
client has computed, in a process for the network and one that predicts (its default) and in one process alone; and the
package of the service, from the same requests. The client runs on the same cores: trust the CPU time, which is the
server's alone.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks import client, measure, rivals, rpc_client, servers, tensors
from benchmarks.client import Load, Result
from benchmarks.measure import ratios, say, spread
from benchmarks.rpc_client import RpcLoad
from benchmarks.servers import Server
from benchmarks.tensors import Tensors
from mainline.package.predictor import Predictor

OURS, DEFAULT, ONE, SAME = "mainline", "MLServer", "MLServer, one process", "MLServer, same package and runtime"
PEERS = {DEFAULT: (rivals.SKLEARN, 1), ONE: (rivals.SKLEARN, 0), SAME: (rivals.SAME, 1)}
REST, GRPC = "REST", "gRPC"
CASES = ((1, 8), (1, 64), (100, 8), (100, 64))
"""Rows in a request, connections."""
Send = Callable[[int, float], Result]
"""Send a load over so many connections, for so many seconds."""
Measured = dict[tuple[str, str, int, int], list[tuple[float, Result]]]


def main() -> None:
    """Start all servers, load them in turn by each protocol, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument(
        "--one-thread", action="store_true", help="scikit-learn on one thread, which is not the default"
    )
    chosen = parser.parse_args()
    say(f"load of the machine before: {os.getloadavg()[0]:.2f}")
    measured: Measured = {}
    with tempfile.TemporaryDirectory(prefix="mainline-bench-") as folder, ExitStack() as stack:
        sides = _start(Path(folder), stack, {"OMP_NUM_THREADS": "1"} if chosen.one_thread else {})
        for number in range(chosen.rounds + 1):  # the first round warms up
            for rows, connections in CASES:
                for (name, protocol, count), (server, send) in sides.items():
                    if count != rows:
                        continue
                    say(
                        f"round {number} of {chosen.rounds}: {name}, {protocol}, {rows} rows, {connections} connections"
                    )
                    found = _cost(server, send, connections, chosen.seconds if number else 1.0)
                    if number:
                        measured.setdefault((name, protocol, rows, connections), []).append(found)
    for rows, connections in CASES:
        _report(measured, rows, connections)


def _start(
    directory: Path, stack: ExitStack, threads: Mapping[str, str]
) -> dict[tuple[str, str, int], tuple[Server, Send]]:
    """Start each server; return it with what asks it, by its name, the protocol and the rows of a request."""
    say("fitting the pipeline that MLServer serves")
    servers.fit(directory)
    rows = tensors.whole_rows({count for count, _ in CASES})
    predictor, port = Predictor.load(servers.PACKAGE), servers.free_port()
    requests = {count: tensors.of_rows(predictor, part) for count, part in rows.items()}
    ready = {count: tensors.of_features(servers.features(part)) for count, part in rows.items()}
    command, _, key = servers.service(directory, rows, grpc={"port": port})
    model = predictor.manifest["name"]
    bodies = {count: tensors.asked(model, part) for count, part in requests.items()}
    server = stack.enter_context(servers.started(OURS, command, bodies, {"KEY": key}))
    sides = _sides(server, requests, model, port, key)
    for name, (implementation, processes) in PEERS.items():
        say(f"starting {name}")
        sent, port = requests if implementation == rivals.SAME else ready, servers.free_port()
        command, bodies, variables = rivals.mlserver(implementation, sent, directory, port, processes)
        server = stack.enter_context(servers.started(name, command, bodies, {**variables, **threads}))
        sides |= _sides(server, sent, rivals.MODEL, port, "")
    return sides


def _sides(
    server: Server, sent: Mapping[int, Tensors], model: str, port: int, key: str
) -> dict[tuple[str, str, int], tuple[Server, Send]]:
    def by_rest(request: str) -> Send:
        return lambda connections, seconds: client.run(Load(server.port, request, connections, seconds))

    def by_grpc(message: str) -> Send:
        return lambda connections, seconds: rpc_client.run(RpcLoad(port, message, key, connections, seconds))

    rest = {(server.name, REST, count): (server, by_rest(request)) for count, request in server.requests.items()}
    messages = {count: tensors.message(model, part, raw=False) for count, part in sent.items()}
    grpc = {(server.name, GRPC, count): (server, by_grpc(message)) for count, message in messages.items()}
    return rest | grpc


def _cost(server: Server, send: Send, connections: int, seconds: float) -> tuple[float, Result]:
    """Return the server's CPU of a request in microseconds, and what the client measured.

    Raises:
        SystemExit: when there are other answers than predictions.
    """
    before = server.cpu()
    result = send(connections, seconds)
    if {status for status, count in result.statuses.items() if count} != {"200"}:
        sys.exit(f"{server.name} answered {result.statuses}")
    return (server.cpu() - before) / result.answers * 1e6, result


def _report(measured: Measured, rows: int, connections: int) -> None:
    lines = []
    for name in (OURS, *PEERS):
        for protocol in (REST, GRPC):
            ours, found = (measured[one, protocol, rows, connections] for one in (OURS, name))
            cpu, rate = [one[0] for one in found], [one[1].per_second for one in found]
            lines.append([
                name, protocol, spread(cpu, ".0f"), spread(rate, ".0f"),
                spread([one[1].p99 * 1e3 for one in found], ".1f"), spread(ratios(cpu, [one[0] for one in ours])),
                spread(ratios([one[1].per_second for one in ours], rate)),
            ])  # fmt: skip
    header = [
        "", "by", "CPU us a request", "requests/s", "p99, ms", "CPU, times ours", "ours is so many times as fast",
    ]  # fmt: skip
    measure.table(f"{rows} row(s) a request, {connections} connections", header, lines)


if __name__ == "__main__":
    main()
