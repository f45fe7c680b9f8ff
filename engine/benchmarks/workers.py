"""Two workers beside one, and beside a bare server: CPU per request, and requests a second, on the same two cores.

`python -m benchmarks.workers`. The client runs on these cores, too, and with requests of one row it takes about as much
of them as the service. So what two workers bring is read off requests of many rows, where the client costs little; of
one row, off the CPU time of a request: if it stays the same with two workers, two cores answer twice as many.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import client, measure, servers
from benchmarks.client import Load, Result
from benchmarks.measure import say, spread
from benchmarks.servers import Server

MANY = 100
ONE, TWO, BARE = "one worker", "two workers", "bare uvicorn, constant answer"
CASES = ((1, 8), (1, 64), (MANY, 16))
"""Rows in a request, connections."""
Measured = dict[tuple[str, int, int], list[tuple[float, Result]]]


def main() -> None:
    """Load the servers in turn, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    chosen = parser.parse_args()
    say(f"load of the machine before: {os.getloadavg()[0]:.2f}")
    measured: Measured = {}
    with tempfile.TemporaryDirectory(prefix="mainline-bench-") as folder, ExitStack() as stack:
        running = _start(Path(folder), stack)
        for number in range(chosen.rounds + 1):  # the first round warms up
            for rows, connections in CASES:
                for server in running:
                    before = server.cpu()
                    seconds = chosen.seconds if number else 0.5
                    result = client.run(Load(server.port, server.requests[rows], connections, seconds))
                    if set(result.statuses) - {"200", "lost"} or result.statuses["lost"]:
                        sys.exit(f"{server.name} answered {result.statuses}")
                    cost = (server.cpu() - before) / result.answers * 1e6
                    if number:
                        measured.setdefault((server.name, rows, connections), []).append((cost, result))
        for rows, connections in CASES:
            _report(measured, [server.name for server in running], rows, connections)
        memory = [[server.name, f"{server.memory():.0f}"] for server in running]
        measure.table("Memory", ["", "resident MiB after the load"], memory)


def _start(directory: Path, stack: ExitStack) -> list[Server]:
    rows = servers.golden((1, MANY))
    running = []
    for name, workers in ((ONE, 1), (TWO, 2)):
        folder = directory / name.replace(" ", "-")
        folder.mkdir()
        command, bodies, key = servers.service(folder, rows, workers)
        running.append(stack.enter_context(servers.started(name, command, bodies, {"KEY": key})))
    answers = directory / "answer.json"
    answers.write_text('{"predictions":[{"arr_delay":7.1427903175354}],"features":"' + "x" * 380 + '"}')
    bare = [sys.executable, str(servers.PEERS / "bare.py"), "PORT", str(answers)]
    return [*running, stack.enter_context(servers.started(BARE, bare, bodies, {"KEY": key}))]


def _report(measured: Measured, names: list[str], rows: int, connections: int) -> None:
    one = measured[ONE, rows, connections]
    lines = []
    for name in names:
        found = measured[name, rows, connections]
        cpu = [cost / own for (cost, _), (own, _) in zip(found, one, strict=True)]
        rate = [result.per_second / own.per_second for (_, result), (_, own) in zip(found, one, strict=True)]
        lines.append([
            name, spread([cost for cost, _ in found], ".0f"),
            spread([result.per_second for _, result in found], ".0f"),
            spread([result.p99 * 1e3 for _, result in found]),
            spread(cpu, ".2f"), spread(rate, ".2f"),
        ])  # fmt: skip
    header = [
        "",
        "CPU us a request",
        "requests/s",
        "p99, ms",
        "CPU, times one worker's",
        "requests/s, times one worker's",
    ]
    measure.table(f"{rows} row(s) a request, {connections} connections", header, lines)


if __name__ == "__main__":
    main()
