"""Answer requests from a model package, or from git."""

import argparse
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from mainline import usage
from mainline.declared import environments
from mainline.declared.environments import Environment
from mainline.exchange import place as places
from mainline.exchange.place import Place
from mainline.registry import origin
from mainline.serving import logs, sidecar
from mainline.serving.answering import routing
from mainline.serving.answering.model import Model
from mainline.serving.http import server
from mainline.serving.service import Service


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
    return serve_followed(origin.followed(arguments.follow or None), arguments.environment, settings_file, folder)


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
    found = environments.load_server(file)
    declared = found.service
    fixed = None
    if routing_file is None:
        fixed = routing.single(Model.load(package, version, declared.limits.text_length, declared.slack))
    folder = routing_file.absolute().parent if routing_file else None
    writes = folder is not None and os.access(folder, os.W_OK)  # where it cannot, it disturbs no other server
    with Place(folder).owned("server") if folder and writes else nullcontext():
        service = Service(declared, fixed, routing_file, **_reported(found, report))
        server.run(service, lambda address: _say(service, address))
    return "Stopped."


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
    found = environments.load_server(file)
    place = folder.absolute()
    follower = sidecar.beside(url, environment, place)
    logs.set_up()
    try:
        with Place(place).owned("server"):
            service = Service(
                found.service, None, Place(place).routing, followed=True, **_reported(found, Place(place).report)
            )

            def started(address: str) -> None:
                _say(service, address)
                follower.start()

            server.run(service, started)
    finally:
        follower.stop()
    return "Stopped."


def _reported(declared: Environment, report: Path) -> dict[str, Any]:
    """Say where the report of monitoring is, and when it is old."""
    return {"report": declared.monitoring.report or report, "silent_days": declared.monitoring.silent_days}


def _say(service: Service, address: str) -> None:
    served = ", ".join(f"{model.name} {model.version}" for model in service.models()) or "no model yet"
    print(f"Serving {served} on {address}", flush=True)
    if not service.keys.by_id:
        print(f"  {service.settings.keys} holds no keys, so only health is answered; the command `api-key` makes one")
