"""Put the service on a socket, and take it off again without losing what is under way."""

import asyncio
import contextlib
import gc
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from mainline.declared.service import Limits
from mainline.errors import ParamsError
from mainline.serving import logs, sockets
from mainline.serving.admission import Guard
from mainline.serving.endpoints import telemetry
from mainline.serving.http.app import Application
from mainline.serving.http.door import SecureServer, Server
from mainline.serving.http.fast_path import DirectProtocol
from mainline.serving.logs import warn
from mainline.serving.rpc.server import RpcServer
from mainline.serving.service import Service

if TYPE_CHECKING:
    from mainline.serving.websocket.handshake import Handshake

SWITCH_SECONDS = 0.0005
"""How long a thread with a large batch may keep the event loop waiting for Python's lock."""

_NOT_ASKED = "-"
"""Refused by an encrypted key, where without one OpenSSL would ask on the terminal and wait."""
OTHER_FILES = 256
"""Files that may be open beside connections: packages, tables, the log, libraries."""
COLLECT_AFTER = 10_000
"""New objects until garbage is looked for; a batch alone makes more than the 700 that Python starts with."""


def run(service: Service, listening: Callable[[str], None], bound: socket.socket | None = None) -> None:
    """Serve until the process is told to stop (SIGTERM, SIGINT or SIGHUP); requests under way are answered first.

    Args:
        service: what answers.
        listening: called with the address before the first request is taken.
        bound: the socket of one worker among several; the declared address without it.

    Raises:
        MainlineError: when the address or the TLS files cannot be used.
    """
    logs.set_up(**({"worker": service.colleagues.number} if service.colleagues else {}))
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # a full collection of all that was loaded takes 70 ms, in which nobody is answered
    gc.set_threshold(COLLECT_AFTER)
    application = Application(service)
    guard = Guard(service.settings.limits, service.metrics.refused, application.is_open, service.settings.prefix)
    _allow_files(service.settings.limits)
    config = _config(service, application, guard)
    context = config.ssl
    rpc = RpcServer(service, guard)
    server = Server(config, rpc, guard) if context is None else SecureServer(config, rpc, guard, context)
    bound = bound or sockets.bind(service.settings)[0]
    # Around the loop, too: what is raised in a loop that begins or ends leaves its tasks in disorder.
    with server.capture_signals(), asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        said = partial(listening, sockets.url(service.settings, bound.getsockname()[1]))
        runner.run(_serve(server, bound, service, guard, context, rpc, said))


async def _serve(
    server: uvicorn.Server, bound: socket.socket, service: Service, guard: Guard, context: ssl.SSLContext | None,
    rpc: RpcServer, listening: Callable[[], None],
) -> None:  # fmt: skip
    loop = asyncio.get_running_loop()
    _watch_certificate(service, context, loop, rpc)
    await rpc.start()
    listening()
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # `nohup` has it ignored
        loop.add_signal_handler(signal.SIGHUP, server.handle_exit, signal.SIGTERM, None)
    beside = [asyncio.create_task(service.follow()), asyncio.create_task(guard.sweep())]
    if service.shared:
        beside.append(asyncio.create_task(service.shared.keep()))
    if service.colleagues:
        beside.append(asyncio.create_task(service.colleagues.talk(partial(telemetry.families, service))))
    try:
        await server.serve(sockets=[bound])
    finally:
        for task in beside:
            task.cancel()
        for task in beside:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _config(service: Service, application: Application, guard: Guard) -> uvicorn.Config:
    settings = service.settings
    security = b"".join(b"%b: %b\r\n" % header for header in application.security)
    members = {
        "guard": guard, "application": application, "security": security, "body_bytes": settings.limits.body_bytes,
        "short_ways": application.short_ways, "handshake": _handshake(service, guard),
    }  # fmt: skip
    protocol = type("Protocol", (DirectProtocol,), members)
    config = uvicorn.Config(
        application,
        http=protocol,
        loop="auto",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=settings.limits.connections,
        timeout_graceful_shutdown=int(settings.limits.drain_seconds) or 1,
        ssl_certfile=str(settings.tls.certificate) if settings.tls else None,
        ssl_keyfile=str(settings.tls.private_key) if settings.tls else None,
        ssl_keyfile_password=_NOT_ASKED,
    )
    try:
        config.load()
    except (OSError, ValueError) as error:
        found = f"the certificate or its key cannot be used ({error})"
        remedy = "name two PEM files that belong together, the key without a password"
        raise ParamsError("service.tls", found, remedy, "deploy/") from error
    return config


def _handshake(service: Service, guard: Guard) -> "Handshake | None":
    """Return what begins WebSockets; None if they are not declared."""
    if service.settings.websocket is None:
        return None
    from mainline.serving.websocket.handshake import Handshake  # an extra

    return Handshake(service, guard)


def _allow_files(limits: Limits) -> None:
    """Let this process open as many files as it may have connections, where the system lets it."""
    wanted = limits.connections + limits.connections_reserved + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        warn("fewer files may be open than connections are allowed", files=allowed, connections=limits.connections)


def _watch_certificate(
    service: Service, context: ssl.SSLContext | None, loop: asyncio.AbstractEventLoop, rpc: RpcServer
) -> None:
    """Take a renewed certificate for new connections; those that are open keep theirs."""
    tls = service.settings.tls
    if tls is None or context is None:
        return
    pair = tls.certificate, tls.private_key

    def renew(_: Path) -> None:
        # Two files that do not belong together would spoil the context in use, so they are tried in another one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair, _NOT_ASKED)
        loop.call_soon_threadsafe(context.load_cert_chain, *pair, _NOT_ASKED)
        rpc.renew()

    service.watch("certificate", tls.certificate, renew)
    service.watch("private key", tls.private_key, renew)
