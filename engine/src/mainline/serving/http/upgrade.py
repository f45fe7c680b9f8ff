"""The wish for another protocol (`Upgrade`), which RFC 9110 (7.8) lets a server ignore, taken out of a request."""

from collections.abc import Sequence

import httptools

from mainline.serving.answering.messages import Header


def another_parser(protocol: object) -> httptools.HttpRequestParser:
    """Make a parser as uvicorn makes a connection's first."""
    made = httptools.HttpRequestParser(protocol)
    made.set_dangerous_leniencies(lenient_data_after_close=True)
    return made


def without_upgrade(line: bytes, headers: Sequence[Header]) -> bytes:
    """Write the head of a request again, without its wish for another protocol."""
    lines = [line]
    for name, value in headers:
        if name == b"connection":
            value = b", ".join(part for part in value.split(b",") if part.strip().lower() != b"upgrade")
        if name != b"upgrade":
            lines.append(name + b": " + value)
    return b"\r\n".join([*lines, b"", b""])
