"""The port of gRPC: reserved before anything is served, shared by workers, with the certificate of HTTP."""

import socket
from typing import TYPE_CHECKING, Any

from mainline.declared.service import Settings
from mainline.errors import MainlineError
from mainline.serving import extras, sockets

if TYPE_CHECKING:
    import grpc

    from mainline.serving.admission import Guard
    from mainline.serving.service import Service


def reserve(settings: Settings) -> tuple[Settings, socket.socket | None]:
    """Keep other servers off the declared port as long as the socket is open; settings with the port, if it was 0.

    Raises:
        MainlineError: when the port cannot be had, or the library is not installed.
    """
    if settings.grpc is None:
        return settings, None
    extras.require("grpc", "grpcio", "grpc")
    held = sockets.reserve(settings, settings.grpc.port, "service.grpc.port")
    port = settings.grpc.model_copy(update={"port": held.getsockname()[1]})
    return settings.model_copy(update={"grpc": port}), held


class RpcServer:
    """gRPC beside HTTP, in the same event loop: calls wait in the same queue, and are predicted together."""

    def __init__(self, service: "Service", guard: "Guard") -> None:
        self._service, self._guard = service, guard
        self._server: Any = None
        self._renewed: Any = None

    async def start(self) -> None:
        """Answer calls from now on; nothing happens if no port is declared.

        Raises:
            MainlineError: when the certificate cannot be used.
        """
        settings = self._service.settings
        if settings.grpc is None:
            return
        import grpc.aio  # an extra

        from mainline.serving.rpc.calls import handlers

        self._server = grpc.aio.server(options=_options(settings))
        self._server.add_generic_rpc_handlers([handlers(self._service, self._guard)])
        address = sockets.written(settings.host, settings.grpc.port)
        try:
            if settings.tls:
                self._server.add_secure_port(address, self._credentials())
            else:
                self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise MainlineError(f"gRPC cannot listen on {address}; declare another service.grpc.port.") from error
        await self._server.start()

    async def stop(self) -> None:
        """Take no more calls, and let those under way be answered, within `drain_seconds`."""
        if self._server:
            await self._server.stop(self._service.settings.limits.drain_seconds)

    def renew(self) -> None:
        """Take the certificate as it is now for connections to come; whoever calls has tried it."""
        if self._server:
            self._renewed = self._certificate()

    def _credentials(self) -> "grpc.ServerCredentials":
        import grpc

        def fetch() -> Any:
            renewed, self._renewed = self._renewed, None
            return renewed

        return grpc.dynamic_ssl_server_credentials(self._certificate(), fetch)

    def _certificate(self) -> Any:
        import grpc

        tls = self._service.settings.tls
        assert tls is not None  # credentials are asked for with TLS alone
        return grpc.ssl_server_certificate_configuration([(tls.private_key.read_bytes(), tls.certificate.read_bytes())])


def _options(settings: Settings) -> list[tuple[str, int]]:
    limits = settings.limits
    return [
        ("grpc.so_reuseport", 1),  # with our own socket, which keeps others off, and with the other workers
        ("grpc.max_receive_message_length", limits.body_bytes),
        ("grpc.max_metadata_size", limits.header_bytes),
        ("grpc.absolute_max_metadata_size", limits.header_bytes),
        ("grpc.max_concurrent_streams", limits.connections_per_address),
        ("grpc.max_allowed_incoming_connections", limits.connections + limits.connections_reserved),
        ("grpc.max_connection_idle_ms", int(limits.idle_seconds * 1000)),
        ("grpc.server_handshake_timeout_ms", int(limits.handshake_seconds * 1000)),
    ]
