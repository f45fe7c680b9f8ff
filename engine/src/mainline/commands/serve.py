"""`serve`: answer requests from a model package, from what a routing file names, or from what git declares."""

import os
from contextlib import nullcontext
from pathlib import Path

from mainline.commands.follow import check_url, state_folder
from mainline.declared import environments
from mainline.rollout.state import Place
from mainline.serving import logs, routing, server
from mainline.serving.beside import Beside
from mainline.serving.models import Model
from mainline.serving.service import Service


def serve(package: Path, environment: Path, version: str, routing_file: Path | None) -> str:
    """Serve until told to stop.

    Raises:
        MainlineError: when the settings, the keys or the package cannot be used, or another server follows the file.
    """
    declared = environments.load_server(environment).service
    fixed = None
    if routing_file is None:
        fixed = routing.single(Model.load(package, version, declared.limits.text_length))
    folder = routing_file.absolute().parent if routing_file else None
    writes = folder is not None and os.access(folder, os.W_OK)  # where it cannot, it disturbs no other server
    with Place(folder).owned("server") if folder and writes else nullcontext():
        service = Service(declared, fixed, routing_file)
        server.run(service, lambda address: _say(service, address))
    return "Stopped."


def serve_followed(url: str, environment: str, file: Path | None, folder: Path | None) -> str:
    """Serve what a repository declares for an environment: server and follower as two processes.

    Args:
        url: the repository.
        environment: whose version is served.
        file: the settings; `deploy/<environment>.yaml` without it.
        folder: where the follower keeps packages and state.

    Raises:
        MainlineError: when the settings or the keys cannot be used, or another server works in the folder.
    """
    declared = environments.load_server(file or environments.FOLDER / f"{environment}.yaml").service
    place = state_folder(environment, folder).absolute()
    with Place(place).owned("server"):
        logs.set_up()
        service = Service(declared, None, place / "routing.json", followed=True)
        beside = Beside(check_url(url), environment, place)

        def started(address: str) -> None:
            _say(service, address)
            beside.start()

        try:
            server.run(service, started)
        finally:
            beside.stop()
    return "Stopped."


def _say(service: Service, address: str) -> None:
    served = ", ".join(f"{model.name} {model.version}" for model in service.models()) or "no model yet"
    print(f"Serving {served} on {address}", flush=True)
    if not service.keys.by_id:
        print(
            f"  {service.settings.keys} holds no keys, so only health is answered: `./mainline api-key NAME` makes one"
        )
