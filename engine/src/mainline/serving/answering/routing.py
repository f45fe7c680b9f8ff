"""Which version answers: declared in one file, swapped whole, loaded before it is used."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mainline.declared.reading import Section, check_section
from mainline.errors import MainlineError, ParamsError
from mainline.serving.answering.messages import Request
from mainline.serving.answering.model import Model

_GOLDEN = 0.6180339887498949
"""Multiples of this, modulo 1, are spread evenly: of any 100 requests a weight of 0.1 gets about 10."""
_SILVER = 0.41421356237309515
"""Spread evenly too, and not together with the former."""
_POINTS = 2.0**64


class Route(Section):
    """One version: where its package is, and its share of the requests."""

    version: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    package: Annotated[Path, BeforeValidator(lambda value: Path(value) if isinstance(value, str) else value)]
    weight: float = Field(ge=0)


class Sticky(Section):
    """What a client keeps its version by: its API key, or a header where it sends one; `salt` deals clients anew."""

    by: Literal["key", "header"]
    header: str = Field(default="", pattern=r"^[a-z0-9-]{0,64}$")
    salt: str = ""

    def point(self, request: Request) -> float:
        """Return the client's place from 0 to 1, the same for every request of it."""
        own = request.headers.get(self.header.encode()) if self.header else None
        text = own or request.key.id.encode()
        digest = blake2b(text, digest_size=8, key=self.salt.encode()[:64]).digest()
        return int.from_bytes(digest, "big") / _POINTS


class Mirror(Section):
    """A version that answers a share of the requests too, unseen."""

    version: str
    share: float = Field(ge=0, le=1)


class RoutingFile(Section):
    """The file: written by whoever rolls out, read by the server, which says the `revision` that it serves."""

    routes: list[Route] = Field(min_length=1)
    revision: int = 0
    sticky: Sticky | None = None
    mirror: Mirror | None = None


@dataclass(frozen=True)
class Routing:
    """Loaded models with their weights; never changed, only replaced."""

    models: tuple[Model, ...]
    weights: tuple[float, ...]
    revision: int = 0
    sticky: Sticky | None = None
    mirror: tuple[Model, float] | None = None
    order: tuple[int, ...] = ()
    """The models in the file's order: a client's place stays in the first one's share while that grows."""

    def choose(self, number: int, request: Request | None = None) -> Model:
        """Return the model for the n-th request; where versions are kept, the one that the request's client has."""
        if len(self.models) == 1:
            return self.models[0]
        keeps = self.sticky is not None and request is not None
        share = self.sticky.point(request) if keeps else number * _GOLDEN % 1  # type: ignore[union-attr, arg-type]
        point = share * sum(self.weights)
        for place in self.order or range(len(self.models)):
            point -= self.weights[place]
            if point < 0:
                return self.models[place]
        return self.models[0]  # what rounding leaves of the last weight

    def mirrors(self, number: int, model: Model) -> Model | None:
        """Return the model that answers the n-th request too, unseen."""
        if self.mirror is None or self.mirror[0] is model:
            return None
        return self.mirror[0] if number * _SILVER % 1 < self.mirror[1] else None


def single(model: Model) -> Routing:
    """Send every request to one model."""
    return Routing((model,), (1.0,))


def read(path: Path) -> RoutingFile:
    """Read a routing file.

    Raises:
        ParamsError: naming what is wrong.
    """
    try:
        raw = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        remedy = "write it whole and rename it into place"
        raise ParamsError("", f"cannot be read ({error})", remedy, str(path)) from error
    found = check_section(RoutingFile, raw, "", str(path))
    routes = found.routes
    if not sum(route.weight for route in routes):
        raise ParamsError("routes", "have no weight", "give one of them a weight above 0", str(path))
    versions = [route.version for route in routes]
    if len(set(versions)) != len(versions):
        raise ParamsError("routes", "name a version twice", "name each version once", str(path))
    if found.mirror and found.mirror.version not in versions:
        raise ParamsError("mirror.version", f"is {found.mirror.version}", "name one of the routes", str(path))
    return found


def load(found: RoutingFile, loaded: Sequence[Model], text_length: int) -> Routing:
    """Load what a routing file names and is not loaded yet.

    Raises:
        PackageError: when one package cannot be loaded; then none is used.
    """
    routes = found.routes
    kept = {(model.version, model.directory): model for model in loaded}
    models = [
        kept.get((route.version, route.package)) or Model.load(route.package, route.version, text_length)
        for route in routes
    ]
    routed = sorted(enumerate(models), key=lambda pair: -routes[pair[0]].weight)
    by_version = {model.version: model for model in models}
    return Routing(
        models=tuple(model for _, model in routed),
        weights=tuple(routes[place].weight for place, _ in routed),
        revision=found.revision,
        sticky=found.sticky,
        mirror=(by_version[found.mirror.version], found.mirror.share) if found.mirror else None,
        order=tuple(sorted(range(len(routed)), key=lambda place: routed[place][0])),
    )


def load_sound(found: RoutingFile, text_length: int) -> Routing:
    """Load what can be loaded of a routing file, where nothing is loaded yet: one sound version is enough to serve.

    Raises:
        PackageError: when none of the packages can be loaded.
    """
    sound, problems = [], []
    for route in found.routes:
        try:
            Model.load(route.package, route.version, text_length)
            sound.append(route)
        except MainlineError as error:
            problems.append(error)
    if not sound:
        raise problems[0]
    if not sum(route.weight for route in sound):
        sound = [route.model_copy(update={"weight": 1.0}) for route in sound]
    # Without a revision: whoever rolls out sees that this is not what was asked for.
    return load(RoutingFile(routes=sound), [], text_length)
