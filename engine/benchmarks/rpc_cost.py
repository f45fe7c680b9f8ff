"""What gRPC costs beside REST: one server, the same rows by each protocol in turn; CPU of the server, and answers.

`python -m benchmarks.rpc_cost`, some two minutes. The client runs on the same cores, and that of gRPC is grpcio's for
Python, which takes more of them than the one of HTTP: trust the CPU time, which is the server's alone.
"""

import argparse
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import client, measure, rpc_client, servers
from benchmarks.client import Load, Result
from benchmarks.measure import ratios, say, spread
from benchmarks.rpc_client import RpcLoad
from benchmarks.servers import Server
from mainline.package.predictor import Predictor
from mainline.serving.endpoints.tensors import DATATYPES
from mainline.serving.rpc import tensor_contents
from mainline.serving.rpc.wire import CLASSES

REST, V2, TYPED, RAW = "REST, /predict", "REST, /v2", "gRPC, typed fields", "gRPC, bytes"
CASES = ((1, 8), (1, 64), (100, 8), (100, 32))
"""Rows in a request, connections."""
Rows = Sequence[Mapping[str, Any]]
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
        rows = _whole_rows({count for count, _ in CASES})
        bodies = {count: part[0] if count == 1 else part for count, part in rows.items()}
        command, asked, key = servers.service(Path(folder), bodies, grpc={"port": port})
        with servers.started("mainline", command, asked, {"KEY": key}) as server:
            sides = _sides(server, rows, port, key)
            for number in range(chosen.rounds + 1):  # the first round warms up
                for count, connections in CASES:
                    for name, send in sides.items():
                        cost, result = _cost(server, send, count, connections, chosen.seconds if number else 0.5)
                        if number:
                            measured.setdefault((name, count, connections), []).append((cost, result))
    for count, connections in CASES:
        _report(measured, count, connections)


def _sides(server: Server, rows: Mapping[int, Rows], port: int, key: str) -> dict[str, Callable[[Load], Result]]:
    """Return what sends a load by each protocol; `request` of the load is its number of rows."""
    predictor = Predictor.load(servers.PACKAGE)
    tensors = {str(count): _tensors(predictor, part) for count, part in rows.items()}
    path = f"/v2/models/{predictor.manifest['name']}/infer"
    http = {
        REST: {str(count): request for count, request in server.requests.items()},
        V2: {count: servers.request(path, json.dumps({"inputs": part}), key) for count, part in tensors.items()},
    }
    rpc = {
        TYPED: {count: _message(predictor, part, False) for count, part in tensors.items()},
        RAW: {count: _message(predictor, part, True) for count, part in tensors.items()},
    }

    def by_http(requests: Mapping[str, str]) -> Callable[[Load], Result]:
        return lambda load: client.run(replace(load, request=requests[load.request]))

    def by_rpc(messages: Mapping[str, str]) -> Callable[[Load], Result]:
        return lambda load: rpc_client.run(RpcLoad(port, messages[load.request], key, load.connections, load.seconds))

    return {name: by_http(found) for name, found in http.items()} | {name: by_rpc(found) for name, found in rpc.items()}


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


def _whole_rows(counts: set[int]) -> dict[int, Rows]:
    """Return golden rows that have every field, by number: a tensor has no row without a value."""
    golden = json.loads((servers.PACKAGE / "golden.json").read_text())["requests"]
    whole = [row for row in golden if len(row) == max(map(len, golden)) and None not in row.values()]
    return {count: (whole * (count // len(whole) + 1))[:count] for count in counts}


def _tensors(predictor: Predictor, rows: Rows) -> list[dict[str, Any]]:
    fields = [field for field in predictor.request if field.name in rows[0]]
    return [
        {"name": field.name, "shape": [len(rows)], "datatype": DATATYPES[field.kind],
         "data": [row[field.name] for row in rows]}
        for field in fields
    ]  # fmt: skip


def _message(predictor: Predictor, tensors: Sequence[Mapping[str, Any]], raw: bool) -> str:
    """Write tensors as the message of a call, in hexadecimal."""
    message = CLASSES["ModelInferRequest"](model_name=predictor.manifest["name"])
    for tensor in tensors:
        sent = message.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=tensor["shape"])
        is_text = tensor["datatype"] == "BYTES"
        values = [value.encode() for value in tensor["data"]] if is_text else tensor["data"]
        if raw:
            message.raw_input_contents.append(tensor_contents.as_bytes(tensor["datatype"], values))
        else:
            getattr(sent.contents, tensor_contents.FIELDS[tensor["datatype"]]).extend(values)
    content: bytes = message.SerializeToString()
    return content.hex()


def _report(measured: Measured, rows: int, connections: int) -> None:
    first, lines = measured[REST, rows, connections], []
    for name in (REST, V2, TYPED, RAW):
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
