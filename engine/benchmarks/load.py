"""Load and stress: the service holds a declared rate without an error, sheds what is too much, and recovers by itself.

`python -m benchmarks.load --rate 2000 --minutes 3`: one row a request at the rate; then as many rows as a request may
have over more connections than can be answered; then the rate again.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import client, measure, servers
from benchmarks.client import Load, Result
from benchmarks.measure import say
from benchmarks.servers import Server

CONNECTIONS, MANY, ROWS = 64, 60, 1000
STRESS_SECONDS = 10.0


def main() -> None:
    """Run the three phases and print what came back.

    Raises:
        SystemExit: when a phase has other answers than it should.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=2000.0, help="requests a second")
    parser.add_argument("--minutes", type=float, default=3.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mainline-load-") as folder:
        rows = servers.golden((1, ROWS))
        command, bodies, key = servers.service(Path(folder), rows)
        with servers.started("mainline", command, bodies, {"KEY": key}) as server:
            lines = [
                _phase(server, "declared rate", 1, CONNECTIONS, chosen.minutes * 60, chosen.rate, {"200"}),
                _phase(server, f"stress: {ROWS} rows a request", ROWS, MANY, STRESS_SECONDS, 0.0, {"200", "503"}),
                _phase(server, "declared rate again", 1, CONNECTIONS, 10.0, chosen.rate, {"200"}),
            ]
    header = ["", "requests/s", "answers", "p50, ms", "p99, ms", "resident MiB"]
    measure.table("Load and stress", header, lines)


def _phase(
    server: Server, name: str, rows: int, connections: int, seconds: float, rate: float, allowed: set[str]
) -> list[str]:
    say(name)
    result = client.run(Load(server.port, server.requests[rows], connections, seconds, rate))
    found = {status for status, count in result.statuses.items() if count}
    if not found <= allowed:
        sys.exit(f"{name}: {result.statuses}")
    return [name, f"{result.per_second:.0f}", _statuses(result), f"{result.p50 * 1e3:.1f}", f"{result.p99 * 1e3:.1f}",
            f"{server.memory():.0f}"]  # fmt: skip


def _statuses(result: Result) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(result.statuses.items()) if count)


if __name__ == "__main__":
    main()
