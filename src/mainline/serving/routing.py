"""Which version answers: declared in one file, swapped whole, loaded before it is used."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from mainline.declaration import Section, check_section
from mainline.errors import ParamsError
from mainline.serving.models import Model

_GOLDEN = 0.6180339887498949
"""Multiples of this, modulo 1, are spread evenly: of any 100 requests a weight of 0.1 gets about 10."""


class Route(Section):
    """One version: where its package is, and its share of the requests."""

    version: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    package: Annotated[Path, BeforeValidator(lambda value: Path(value) if isinstance(value, str) else value)]
    weight: float = Field(ge=0)


class RoutingFile(Section):
    """The file: written by whoever rolls out, read by the server."""

    routes: list[Route] = Field(min_length=1)


@dataclass(frozen=True)
class Routing:
    """Loaded models with their weights; never changed, only replaced."""

    models: tuple[Model, ...]
    weights: tuple[float, ...]

    def choose(self, number: int) -> Model:
        """Return the model for the n-th request."""
        if len(self.models) == 1:
            return self.models[0]
        point = number * _GOLDEN % 1 * sum(self.weights)
        for model, weight in zip(self.models, self.weights, strict=True):
            point -= weight
            if point < 0:
                return model
        return self.models[0]  # what rounding leaves of the last weight


def single(model: Model) -> Routing:
    """Send every request to one model."""
    return Routing((model,), (1.0,))


def read(path: Path) -> list[Route]:
    """Read a routing file.

    Raises:
        ParamsError: naming what is wrong.
    """
    try:
        raw = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        remedy = "write it whole and rename it into place"
        raise ParamsError("", f"cannot be read ({error})", remedy, str(path)) from error
    routes = check_section(RoutingFile, raw, "", str(path)).routes
    if not sum(route.weight for route in routes):
        raise ParamsError("routes", "have no weight", "give one of them a weight above 0", str(path))
    versions = [route.version for route in routes]
    if len(set(versions)) != len(versions):
        raise ParamsError("routes", "name a version twice", "name each version once", str(path))
    return routes


def load(routes: Sequence[Route], loaded: Sequence[Model], text_length: int) -> Routing:
    """Load what a routing file names and is not loaded yet.

    Raises:
        PackageError: when one package cannot be loaded; then none is used.
    """
    kept = {(model.version, model.directory): model for model in loaded}
    models = [
        kept.get((route.version, route.package)) or Model.load(route.package, route.version, text_length)
        for route in routes
    ]
    routed = sorted(zip(models, routes, strict=True), key=lambda pair: -pair[1].weight)
    return Routing(tuple(model for model, _ in routed), tuple(route.weight for _, route in routed))
