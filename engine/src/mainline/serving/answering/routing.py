"""Which model answers a request: as the routes say, swapped whole, loaded before it is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from mainline.data.pseudonyms import Pseudonyms
from mainline.errors import MainlineError
from mainline.exchange.routes import Routes, Sticky
from mainline.serving.answering.experiment import Unit
from mainline.serving.answering.messages import Request
from mainline.serving.answering.model import Model

_GOLDEN = 0.6180339887498949
"""Multiples of this, modulo 1, are spread evenly: of any 100 requests a weight of 0.1 gets about 10."""
_SILVER = 0.41421356237309515
"""Spread evenly too, and not together with the former."""
_POINTS = 2.0**64


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
    experiment: str = ""
    """The name of the step if what comes of its answers is counted."""
    metric: str | None = None
    """What monitoring counts of them from labels; None if clients say it."""

    def choose(self, number: int, request: Request | None = None) -> Model:
        """Return the model for the n-th request; where versions are kept, the one that the request's client has."""
        if len(self.models) == 1:
            return self.models[0]
        keeps = self.sticky is not None and request is not None
        share = _point(self.sticky, request) if keeps else number * _GOLDEN % 1  # type: ignore[arg-type]
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

    @property
    def hides_clients(self) -> bool:
        """Whether an experiment's clients are known by a header, which may be a person's number or address."""
        return self.sticky is not None and self.sticky.by == "header" and bool(self.experiment)

    def unit(self, model: Model, request: Request, hide: Pseudonyms | None = None) -> Unit:
        """Return who was dealt a model: a client that keeps it, or a request by itself.

        A client's place alone would tell who it is to whoever tries out headers, since its salt is in git; `hide` has a
        key that is not.
        """
        if self.sticky is None:
            return Unit(model.version, "")
        client = f"{_place(self.sticky, request):016x}"
        return Unit(model.version, hide.text("client", client)[1:17] if hide else client)


def single(model: Model) -> Routing:
    """Send every request to one model."""
    return Routing((model,), (1.0,))


def _point(sticky: Sticky, request: Request) -> float:
    """Return the place of a request's client from 0 to 1, the same for every request of it."""
    return _place(sticky, request) / _POINTS


def _place(sticky: Sticky, request: Request) -> int:
    """Return the same as one of 2^64 whole numbers."""
    own = request.headers.get(sticky.header.encode()) if sticky.header else None
    text = own or request.key.id.encode()
    digest = blake2b(text, digest_size=8, key=sticky.salt.encode()[:64]).digest()
    return int.from_bytes(digest, "big")


def load(found: Routes, loaded: Sequence[Model], text_length: int, slack: float | None = None) -> Routing:
    """Load what a document names and is not loaded yet; `text_length` and `slack` as `Model.load` takes them.

    Raises:
        PackageError: when one package cannot be loaded; then none is used.
    """
    routes = found.routes
    kept = {(model.version, model.directory): model for model in loaded}
    models = [
        kept.get((route.version, route.package)) or Model.load(route.package, route.version, text_length, slack)
        for route in routes
    ]
    routed = sorted(enumerate(models), key=lambda pair: -routes[pair[0]].weight)
    by_version = {model.version: model for model in models}
    return Routing(
        models=tuple(model for _, model in routed),
        weights=tuple(float(routes[place].weight) for place, _ in routed),
        revision=found.revision,
        sticky=found.sticky,
        mirror=(by_version[found.mirror.version], found.mirror.share) if found.mirror else None,
        order=tuple(sorted(range(len(routed)), key=lambda place: routed[place][0])),
        experiment=found.experiment or "",
        metric=found.metric,
    )


def load_sound(found: Routes, text_length: int, slack: float | None = None) -> Routing:
    """Load what can be loaded of a document, where nothing is loaded yet: one sound version is enough to serve.

    Raises:
        PackageError: when none of the packages can be loaded.
    """
    sound, problems = [], []
    for route in found.routes:
        try:
            Model.load(route.package, route.version, text_length, slack)
            sound.append(route)
        except MainlineError as error:
            problems.append(error)
    if not sound:
        raise problems[0]
    if not sum(route.weight for route in sound):
        sound = [route.model_copy(update={"weight": 1.0}) for route in sound]
    # Without a revision: whoever rolls out sees that this is not what was asked for.
    return load(Routes(routes=sound), [], text_length, slack)
