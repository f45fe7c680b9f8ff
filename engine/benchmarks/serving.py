"""The service beside bare servers and MLflow, BentoML, MLEM and MLServer: CPU per request, rate, latency, memory.

One worker each, keep-alive connections, and on the service's side everything on: validation, keys, throttle, metrics,
prediction log, lookup of features. MLflow, BentoML, MLEM and MLServer on defaults are given ready features, and only
predict.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import client, measure, rivals, servers, tensors
from benchmarks.client import Load, Result
from benchmarks.measure import say, spread
from benchmarks.servers import Server

MANY = 100
OURS, BARE, BARE_RSGI, MLFLOW, BENTO, MLEM, MLSERVER, BENTO_SAME = (
    "mainline", "bare uvicorn, constant answer", "bare granian (RSGI), constant answer", "MLflow", "BentoML", "MLEM",
    "MLServer", "BentoML, same package and runtime",
)  # fmt: skip
CASES = ((1, 8), (1, 64), (MANY, 8))
"""Rows in a request, connections."""
NAMED = 997
"""Requests that are sent in turn if each has a name."""
FAST = (OURS, BARE, BARE_RSGI)
Measured = dict[tuple[str, int, int], list[tuple[float, Result]]]


def main() -> None:
    """Start all servers, load them in turn, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--alone", action="store_true", help="without MLflow, BentoML, MLEM and MLServer")
    parser.add_argument(
        "--one-thread", action="store_true", help="scikit-learn on one thread, which is not the default"
    )
    parser.add_argument("--named", action="store_true", help="each request has a length, an id and a trace of its own")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mainline-bench-") as folder, ExitStack() as stack:
        running = _start(Path(folder), stack, chosen.alone, chosen.one_thread)
        measured = _measure(running, chosen.rounds, chosen.seconds, NAMED if chosen.named else 0)
        for rows, connections in CASES:
            _report(measured, [server.name for server in running], rows, connections)
        _report_start(running)


def _start(directory: Path, stack: ExitStack, alone: bool, one_thread: bool) -> list[Server]:
    say("fitting the pipeline that MLflow and others serve")
    rows, features = servers.prepare(directory, (1, MANY))
    command, bodies, key = servers.service(directory, rows)
    ours = stack.enter_context(servers.started(OURS, command, bodies, {"KEY": key}))
    answers = directory / "answer.json"
    answers.write_text('{"predictions":[{"arr_delay":7.1427903175354}],' + '"features":' + '"' + "x" * 380 + '"}')
    bare = [sys.executable, str(servers.PEERS / "bare.py"), "PORT", str(answers)]
    running = [ours, stack.enter_context(servers.started(BARE, bare, bodies, {"KEY": key}))]
    rsgi = [str(rivals.environment("granian")), str(servers.PEERS / "bare_rsgi.py"), "PORT", str(answers)]
    running.append(stack.enter_context(servers.started(BARE_RSGI, rsgi, bodies, {"KEY": key})))
    if alone:
        return running
    ready = {count: tensors.of_features(part) for count, part in features.items()}
    threads = {"OMP_NUM_THREADS": "1"} if one_thread else {}
    for name, (command, bodies, variables) in (
        (MLFLOW, rivals.mlflow(features, directory)),
        (BENTO, rivals.bento("Pipeline", features, directory)),
        (MLEM, rivals.mlem(features, directory)),
        (MLSERVER, rivals.mlserver(rivals.SKLEARN, ready, directory)),
        (BENTO_SAME, rivals.bento("Package", {1: [rows[1]], MANY: rows[MANY]}, directory)),
    ):
        say(f"starting {name}")
        running.append(stack.enter_context(servers.started(name, command, bodies, {**variables, **threads})))
    return running


def _measure(running: Sequence[Server], rounds: int, seconds: float, named: int) -> Measured:
    measured: Measured = {}
    for number in range(rounds + 1):  # the first round warms up
        for rows, connections in CASES:
            for server in running:
                if connections > 8 and server.name not in FAST:
                    continue
                say(f"round {number} of {rounds}: {server.name}, {rows} rows, {connections} connections")
                before = server.cpu()
                first, *others = servers.named(server.requests[rows], named) if named else [server.requests[rows]]
                load = Load(server.port, first, connections, seconds if number else 1.0, others=others)
                result = client.run(load)
                _check(server.name, result)
                cost = (server.cpu() - before) / result.answers * 1e6
                if number:
                    measured.setdefault((server.name, rows, connections), []).append((cost, result))
    return measured


def _check(name: str, result: Result) -> None:
    """Refuse to compare with what is not an answer.

    Raises:
        SystemExit: when one was not 200.
    """
    if set(result.statuses) - {"200", "lost"} or result.statuses["lost"]:
        sys.exit(f"{name} answered {result.statuses}")


def _report(measured: Measured, names: Sequence[str], rows: int, connections: int) -> None:
    ours = measured[OURS, rows, connections]
    lines = []
    for name in names:
        found = measured.get((name, rows, connections))
        if not found:
            continue
        cpu = [cost / own for (cost, _), (own, _) in zip(found, ours, strict=True)]
        rate = [own.per_second / result.per_second for (_, result), (_, own) in zip(found, ours, strict=True)]
        lines.append([
            name, spread([cost for cost, _ in found], ".0f"),
            spread([result.per_second * rows for _, result in found], ".0f"),
            spread([result.p50 * 1e3 for _, result in found]), spread([result.p99 * 1e3 for _, result in found]),
            spread(cpu, ".2f"), spread(rate, ".2f"),
        ])  # fmt: skip
    header = [
        "",
        "CPU us a request",
        "rows/s",
        "p50, ms",
        "p99, ms",
        "CPU, times ours",
        "ours is so many times as fast",
    ]
    measure.table(f"{rows} row(s) a request, {connections} connections", header, lines)


def _report_start(running: Sequence[Server]) -> None:
    lines = [[server.name, f"{server.first_answer:.2f}", f"{server.memory():.0f}"] for server in running]
    measure.table("Start and memory", ["", "first answer, s after start", "resident MiB after the load"], lines)


if __name__ == "__main__":
    main()
