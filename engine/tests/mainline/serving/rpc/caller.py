"""A client of gRPC that is not ours but for the messages: grpcio's own channel."""

import ssl
from pathlib import Path
from typing import Any

import grpc

from mainline.serving.rpc.wire import CLASSES, SERVICE
from tests.project import LIMIT

Pairs = list[tuple[str, str]]


class Caller:
    """Calls the protocol at a port, with a key unless told otherwise."""

    def __init__(self, port: int, key: str, authority: Path | None = None) -> None:
        """Open a channel; with TLS if the certificate of whom to trust is named."""
        self.key = key
        if authority:
            trusted = grpc.ssl_channel_credentials(authority.read_bytes())
            self.channel = grpc.secure_channel(f"localhost:{port}", trusted)
        else:
            self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()

    def call(self, method: str, /, key: str | None = None, given: Pairs | None = None, **fields: Any) -> Any:
        """Make one call and return its answer.

        Raises:
            RpcError: when the answer is a problem.
        """
        return self.call_raw(method, CLASSES[f"{method}Request"](**fields).SerializeToString(), key, given)[0]

    def call_raw(
        self, name: str, message: bytes, key: str | None = None, given: Pairs | None = None
    ) -> tuple[Any, dict[str, str]]:
        """Make one call with these bytes; return its answer and the metadata behind it."""
        method = self.channel.unary_unary(
            f"/{SERVICE}/{name}", response_deserializer=CLASSES[f"{name}Response"].FromString
        )
        key = self.key if key is None else key
        metadata = [*([("authorization", f"Bearer {key}")] if key else []), *(given or [])]
        answer, done = method.with_call(message, metadata=metadata, timeout=LIMIT)
        return answer, dict(done.trailing_metadata())


def certificate(port: int) -> str:
    """Return the certificate that a port shows."""
    return ssl.get_server_certificate(("localhost", port))
