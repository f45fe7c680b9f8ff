"""Which version answers how many of the requests: `routing.json`, or another file that a server is told to follow."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mainline import files
from mainline.declared.reading import Section, check_section
from mainline.errors import ParamsError
from mainline.exchange import outcomes

VERSION = r"^[A-Za-z0-9._-]{1,64}$"
"""How a version may be called."""


class Route(Section):
    """One version: where its package is, and its share of the requests."""

    version: str = Field(pattern=VERSION)
    package: Annotated[Path, BeforeValidator(lambda value: Path(value) if isinstance(value, str) else value)]
    weight: Annotated[int | float, Field(ge=0)]


class Sticky(Section):
    """What a client keeps its version by: its API key, or a header where it sends one; `salt` deals clients anew."""

    by: Literal["key", "header"]
    header: str = Field(default="", pattern=r"^[a-z0-9-]{0,64}$")
    salt: str = ""


class Mirror(Section):
    """A version that answers a share of the requests too, unseen."""

    version: str
    share: float = Field(ge=0, le=1)


class Routes(Section):
    """The document: written by whoever rolls out, read by the server, which says the `revision` that it serves.

    `experiment` names the step if what comes of its answers is to be counted: by the server as clients say, or by
    monitoring from labels if there is a `metric`.
    """

    revision: int = 0
    routes: list[Route] = Field(min_length=1)
    sticky: Sticky | None = None
    mirror: Mirror | None = None
    experiment: str | None = Field(default=None, pattern=outcomes.NAME)
    metric: str | None = None


def read(path: Path) -> Routes:
    """Read a routing file.

    Raises:
        ParamsError: naming what is wrong.
    """
    try:
        raw = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        remedy = "write it whole and rename it into place"
        raise ParamsError("", f"cannot be read ({error})", remedy, str(path)) from error
    found = check_section(Routes, raw, "", str(path))
    routes = found.routes
    if not sum(route.weight for route in routes):
        raise ParamsError("routes", "have no weight", "give one of them a weight above 0", str(path))
    versions = [route.version for route in routes]
    if len(set(versions)) != len(versions):
        raise ParamsError("routes", "name a version twice", "name each version once", str(path))
    if found.mirror and found.mirror.version not in versions:
        raise ParamsError("mirror.version", f"is {found.mirror.version}", "name one of the routes", str(path))
    return found


def write(path: Path, routes: Routes) -> None:
    """Replace the file, unless it says just this; after this it survives a kill and a loss of power."""
    content = json.dumps(routes.model_dump(mode="json", exclude_none=True)).encode()
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    files.replace(path, content, durable=True)
