"""The section `packages` of `deploy/<environment>.yaml`: from where servers get packages, besides the store."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from mainline.declared.quantities import Seconds, written
from mainline.declared.reading import Section
from mainline.declared.service import Place

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
"""As the OCI distribution specification has it."""


_Address = Annotated[
    str,
    written(
        rf"(?:http://)?{_HOST}(?:/{_PART})+",
        "write host and repository, such as ghcr.io/owner/model: in lower case, without a tag; http:// in front only "
        "if the registry has no TLS",
    ),
]


def _check_folder(value: Path) -> Path:
    if not value.is_absolute():
        raise ValueError("write an absolute path, such as /var/cache/mainline: servers run in several folders")
    return value


class Packages(Section):
    """Where the packages of assigned versions are, too.

    `registry` is a repository of a container registry, such as `ghcr.io/owner/model`, which this model has for itself:
    `promote` pushes there what it assigns, and servers pull it by its digest, else they take it from the store. `cache`
    is a folder that several servers of one machine share, so that one fetches for all. A server that serves already
    fetches another version within `spread` seconds, each at a moment of its own.
    """

    registry: _Address | None = None
    cache: Annotated[Place, AfterValidator(_check_folder)] | None = None
    spread: Seconds = 0.0
