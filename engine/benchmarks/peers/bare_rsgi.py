"""A bare server in another language: granian (Rust, RSGI) that gives the constant answer of `bare.py`, in one worker.

`bare_rsgi.py PORT ANSWER`; it holds whether another server than uvicorn would pay.
"""

import sys
from pathlib import Path
from typing import Any

from granian import Granian

BODY = Path(sys.argv[2]).read_bytes()
HEADERS = [
    ("content-type", "application/json"), ("x-request-id", "c3b8113645a8-1"),
    ("traceparent", "00-e35c5d7881e6e55e9502e895bfb9d377-bf61fdcde2eedca5-00"), ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"),
]  # fmt: skip


async def app(_scope: Any, protocol: Any) -> None:
    """Answer everything with the same."""
    await protocol()
    protocol.response_bytes(200, HEADERS, BODY)


if __name__ == "__main__":
    Granian(
        f"{__file__}:app", port=int(sys.argv[1]), interface="rsgi", workers=1, runtime_threads=1, loop="uvloop",
        websockets=False, log_enabled=False,
    ).serve()  # fmt: skip
