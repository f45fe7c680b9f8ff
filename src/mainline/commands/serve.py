"""`serve`: answer requests from a model package, or from the packages that a routing file names."""

from pathlib import Path

from mainline.serving import routing, server, settings
from mainline.serving.models import Model
from mainline.serving.service import Service


def serve(package: Path, environment: Path, version: str, routing_file: Path | None) -> str:
    """Serve until told to stop.

    Raises:
        MainlineError: when the settings, the keys or the package cannot be used.
    """
    declared = settings.load(environment)
    fixed = None
    if routing_file is None:
        fixed = routing.single(Model.load(package, version, declared.limits.text_length))
    service = Service(declared, fixed, routing_file)
    server.run(service, lambda address: _say(service, address))
    return "Stopped."


def _say(service: Service, address: str) -> None:
    served = ", ".join(f"{model.name} {model.version}" for model in service.models()) or "no model yet"
    print(f"Serving {served} on {address}", flush=True)
    if not service.keys.by_id:
        print(f"  {service.settings.keys} holds no keys, so only health is answered: `mainline api-key NAME` makes one")
