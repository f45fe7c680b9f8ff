"""Answer requests from a model package, or from git."""

import argparse
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from socket import socket

from mainline import usage
from mainline.declared import environments
from mainline.declared.environments import Environment
from mainline.declared.service import Settings
from mainline.exchange import place as places
from mainline.exchange.place import Place
from mainline.registry import addresses
from mainline.serving import logs, sidecar, sockets
from mainline.serving.common import cells
from mainline.serving.common.messages import Ready
from mainline.serving.graphql import extra as graphql
from mainline.serving.rpc import server as rpc
from mainline.serving.task import Task
from mainline.serving.websocket import extra
from mainline.serving.workers.crew import Crew


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "package", nargs="?", type=Path, default=Path("models/package"), help="the folder of the package"
    )
    parser.add_argument("--version", default="", help="what the package is called in answers; else its digest")
    parser.add_argument("--routing", type=Path, metavar="FILE", help="serve what this file names, and follow it")
    parser.add_argument(
        "--follow",
        nargs="?",
        const="",
        metavar="URL",
        help="serve what this repository declares for --environment; origin without URL",
    )
    usage.add_environment(parser)
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="the settings; deploy/ENVIRONMENT.yaml without it"
    )
    usage.add_state(parser)


def run(arguments: argparse.Namespace) -> str:
    """Serve one package, a routing file, or what git declares."""
    settings_file = arguments.settings or Path("deploy") / f"{arguments.environment}.yaml"
    folder = places.folder(arguments.environment, arguments.state)
    if arguments.follow is None:
        return serve(arguments.package, settings_file, arguments.version, arguments.routing, Place(folder).report)
    return serve_followed(addresses.followed(arguments.follow or None), arguments.environment, settings_file, folder)


def serve(package: Path, file: Path, version: str, routing_file: Path | None, report: Path) -> str:
    """Serve until told to stop.

    Args:
        package: what is served without a routing file.
        file: the settings.
        version: what the package is called.
        routing_file: names what is served instead.
        report: the folder of monitoring's report, if the settings declare no other.

    Raises:
        MainlineError: when the settings, the keys or the package cannot be used, or another server follows the file.
    """
    found, _port = _reserved(environments.load_server(file))
    task = _task(found, routing_file, report, version=version, package=str(package))
    with _alone(routing_file):
        return _serve(found.service, task, Place(routing_file.absolute().parent) if routing_file else None)


def serve_followed(url: str, environment: str, file: Path, folder: Path) -> str:
    """Serve what a repository declares for an environment, in a process without the follower's credentials.

    Args:
        url: the repository.
        environment: whose version is served.
        file: the settings.
        folder: where the follower keeps packages and state.

    Raises:
        MainlineError: when the settings or the keys cannot be used, or another server works in the folder.
    """
    found, _port = _reserved(environments.load_server(file))
    place = folder.absolute()
    follower = sidecar.beside(url, environment, place)
    logs.set_up()
    try:
        with Place(place).owned("server"):
            task = _task(found, Place(place).routing, Place(place).report, followed=True)
            return _serve(found.service, task, Place(place), follower.start)
    finally:
        follower.stop()


def _reserved(declared: Environment) -> tuple[Environment, socket | None]:
    """Keep the port of gRPC, if one is declared, for as long as its socket is held.

    Raises:
        MainlineError: when it cannot be had, or an extra that is declared is not installed.
    """
    extra.check(declared.service)
    graphql.check(declared.service)
    service, held = rpc.reserve(declared.service)
    return replace(declared, service=service), held


def _alone(routing_file: Path | None) -> AbstractContextManager[object]:
    """Keep other servers off the folder of a routing file; where nothing can be written, this one disturbs no other."""
    folder = routing_file.absolute().parent if routing_file else None
    return Place(folder).owned("server") if folder and os.access(folder, os.W_OK) else nullcontext()


def _serve(declared: Settings, task: Task, place: Place | None, started: Callable[[], None] | None = None) -> str:
    """Serve by one process or by several until told to stop.

    Args:
        declared: says how many.
        task: what is served.
        place: where a follower is told what several serve.
        started: called when all of them serve.

    Raises:
        MainlineError: as `serve`, and if a worker ends again and again.
    """

    def announce(address: str, ready: Ready) -> None:
        _announce(ready["served"], declared, address, ready["keys"])
        if started:
            started()

    if declared.workers == 1:
        from mainline.serving import process  # 40 MiB of NumPy and ONNX Runtime: whoever starts workers needs neither

        process.serve(task, announce)
    else:
        logs.set_up()
        listening = sockets.bind(declared, declared.workers)
        address = sockets.url(declared, listening[0].getsockname()[1])
        crew = Crew(listening, replace(task, cells=cells.make()), declared.limits.drain_seconds, place)
        crew.run(partial(announce, address))
    return "Stopped."


def _task(
    found: Environment, routing_file: Path | None, report: Path, version: str = "", package: str = "",
    followed: bool = False,
) -> Task:  # fmt: skip
    return Task(
        found.service.model_dump(mode="json"), version, package, str(routing_file.absolute()) if routing_file else "",
        followed, str(found.monitoring.report or report), found.monitoring.silent_days, time.time(),
    )  # fmt: skip


def _announce(served: str, declared: Settings, address: str, has_keys: bool) -> None:
    by = f" by {declared.workers} workers" if declared.workers > 1 else ""
    lines = [f"Serving {served}{by} on {address}"]
    if declared.grpc:
        lines.append(f"  gRPC on {sockets.written(declared.host, declared.grpc.port)}")
    if declared.websocket:
        lines.append(f"  WebSocket at ws{address.removeprefix('http')}{declared.prefix}{extra.PATH}")
    if declared.graphql:
        lines.append(f"  GraphQL at {address}{declared.prefix}{graphql.PATH}")
    shared = declared.throttle.shared
    lines.append(f"  Throttles of keys hold for {'all servers at ' + shared.url if shared else 'this server alone'}")
    if declared.traces:
        lines.append(f"  Spans of {declared.traces.sample:.3g} of the requests go to {declared.traces.endpoint}")
    if has_keys and not declared.open_docs:
        lines.append(f"  {address}{declared.prefix}/docs says how to ask; it needs a key, unless open_docs is true")
    if not has_keys:
        lines.append(f"  {declared.keys} holds no keys, so only health is answered; the command `api-key` makes one")
    print("\n".join(lines), flush=True)
