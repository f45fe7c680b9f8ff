"""A bare server: a raw ASGI callable on uvicorn that gives a constant answer; `bare.py PORT ANSWER`.

The answer has the bytes and the headers of the service's own, so that both write the same to the network.
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn

BODY = Path(sys.argv[2]).read_bytes()
HEADERS = [
    (b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY)),
    (b"x-request-id", b"c3b8113645a8-1"),
    (b"traceparent", b"00-e35c5d7881e6e55e9502e895bfb9d377-bf61fdcde2eedca5-00"), (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"), (b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"),
]  # fmt: skip


async def app(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer everything with the same."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning", lifespan="off", server_header=False)
