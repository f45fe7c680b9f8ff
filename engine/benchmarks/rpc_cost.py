"""What GraphQL, gRPC and a WebSocket cost beside REST: one server, the same rows by each in turn; its CPU, and answers.

`python -m benchmarks.rpc_cost`, some three minutes. The client runs on the same cores, and those of gRPC and the
WebSocket are for Python and take more of them than the one of HTTP: trust the CPU time, which is the server's alone.
"""

import argparse
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import client, measure, rpc_client, servers, stream_client, tensors
from benchmarks.client import Load, Result
from benchmarks.measure import ratios, say, spread
from benchmarks.rpc_client import RpcLoad
from benchmarks.servers import Server
from benchmarks.stream_client import StreamLoad
from mainline.declared.service import WebSocket
from mainline.package.predictor import Predictor
from mainline.serving.graphql import extra as graphql

REST, V2, TYPED, RAW = "REST, /predict", "REST, /v2", "gRPC, typed fields", "gRPC, bytes"
STREAM, AHEAD, GRAPHQL = "WebSocket", "WebSocket, 16 ahead", "GraphQL"
SIDES = (REST, V2, GRAPHQL, STREAM, AHEAD, TYPED, RAW)
CASES = ((1, 8), (1, 64), (100, 8), (100, 32))
"""Rows in a request, connections."""
ROOM = {"queued_rows": 100_000}
"""For all that 32 connections send ahead, so that nothing is refused."""
HERE: Mapping[str, Any] = {"websocket": {}, "graphql": {}}
"""Ways at the port of HTTP."""
QUERY = """query ($rows: [Row!]!) {{ predict(rows: $rows) {{
  model version request_id predictions {{ {} }} features {{ rows looked_up missing stale }}
}} }}"""
"""All that REST answers."""
Measured = dict[tuple[str, int, int], list[tuple[float, Result]]]


def main() -> None:
    """Load the server by each protocol in turn, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5)
    chosen = parser.parse_args()
    say(f"load of the machine before: {os.getloadavg()[0]:.2f}")
    measured: Measured = {}
    with tempfile.TemporaryDirectory(prefix="mainline-bench-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        rows = tensors.whole_rows({count for count, _ in CASES})
        bodies = {count: part[0] if count == 1 else part for count, part in rows.items()}
        command, asked, key = servers.service(Path(folder), bodies, grpc={"port": port}, limits=ROOM, **HERE)
        with servers.started("mainline", command, asked, {"KEY": key}) as server:
            sides = _sides(server, rows, port, key) | _streams(server, bodies, key)
            for number in range(chosen.rounds + 1):  # the first round warms up
                for count, connections in CASES:
                    for name in SIDES:
                        cost, result = _cost(server, sides[name], count, connections, chosen.seconds if number else 0.5)
                        if number:
                            measured.setdefault((name, count, connections), []).append((cost, result))
    for count, connections in CASES:
        _report(measured, count, connections)


def _sides(
    server: Server, rows: Mapping[int, tensors.Rows], port: int, key: str
) -> dict[str, Callable[[Load], Result]]:
    """Return what sends a load by each protocol; `request` of the load is its number of rows."""
    predictor = Predictor.load(servers.PACKAGE)
    sent = {str(count): tensors.of_rows(predictor, part) for count, part in rows.items()}
    name = predictor.manifest["name"]
    http = {
        REST: {str(count): request for count, request in server.requests.items()},
        GRAPHQL: {str(count): _asked(predictor, part, key) for count, part in rows.items()},
        V2: {count: servers.request(*tensors.asked(name, part), key) for count, part in sent.items()},
    }
    rpc = {
        TYPED: {count: tensors.message(name, part, False) for count, part in sent.items()},
        RAW: {count: tensors.message(name, part, True) for count, part in sent.items()},
    }

    def by_http(requests: Mapping[str, str]) -> Callable[[Load], Result]:
        return lambda load: client.run(replace(load, request=requests[load.request]))

    def by_rpc(messages: Mapping[str, str]) -> Callable[[Load], Result]:
        return lambda load: rpc_client.run(RpcLoad(port, messages[load.request], key, load.connections, load.seconds))

    return {name: by_http(found) for name, found in http.items()} | {name: by_rpc(found) for name, found in rpc.items()}


def _asked(predictor: Predictor, rows: tensors.Rows, key: str) -> str:
    """Write the request of GraphQL for rows."""
    query = QUERY.format(" ".join(predictor.response.columns))
    return servers.request(graphql.PATH, json.dumps({"query": query, "variables": {"rows": rows}}), key)


def _streams(server: Server, bodies: Mapping[int, Any], key: str) -> dict[str, Callable[[Load], Result]]:
    """Return what sends a load by WebSockets: a message once the last one is answered, and 16 at a time."""
    messages = {str(count): json.dumps(body) for count, body in bodies.items()}

    def ahead(number: int) -> Callable[[Load], Result]:
        return lambda load: stream_client.run(
            StreamLoad(server.port, messages[load.request], key, load.connections, load.seconds, number)
        )

    return {STREAM: ahead(1), AHEAD: ahead(WebSocket().under_way)}


def _cost(
    server: Server, send: Callable[[Load], Result], rows: int, connections: int, seconds: float
) -> tuple[float, Result]:
    """Return the server's CPU of a request in microseconds, and what the client measured.

    Raises:
        SystemExit: when there are other answers than predictions.
    """
    before = server.cpu()
    result = send(Load(server.port, str(rows), connections, seconds))
    if {status for status, count in result.statuses.items() if count} != {"200"}:
        sys.exit(f"answered {result.statuses}")
    return (server.cpu() - before) / result.answers * 1e6, result


def _report(measured: Measured, rows: int, connections: int) -> None:
    first, lines = measured[REST, rows, connections], []
    for name in SIDES:
        found = measured[name, rows, connections]
        cpu, rate = ([one[0] for one in found], [one[1].per_second for one in found])
        lines.append([
            name, spread(cpu, ".0f"), spread(rate, ".0f"), spread([one[1].p99 * 1e3 for one in found], ".1f"),
            spread(ratios(cpu, [one[0] for one in first])),
            spread(ratios(rate, [one[1].per_second for one in first])),
        ])  # fmt: skip
    header = ["", "CPU us a request", "requests/s", "p99, ms", "CPU, times /predict's", "requests/s, times /predict's"]
    measure.table(f"{rows} row(s) a request, {connections} connections", header, lines)


if __name__ == "__main__":
    main()
