"""A file of `deploy/` that has the section `preview`: which branches are served on one machine, and how."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from mainline.declared import reading
from mainline.declared.deploy_files import PREVIEW
from mainline.declared.quantities import Positive
from mainline.declared.reading import Section
from mainline.declared.service import Settings
from mainline.errors import ParamsError

_LAST_PORT = 65535


class Preview(Section):
    """Which branches are served: those that match, the newest first, as long as their last commit is not too old."""

    branches: str = Field(default="*", min_length=1, max_length=250)
    most: int = Field(default=5, ge=1, le=64)
    days: Positive = 14.0
    first_port: int = Field(default=8100, ge=1024, le=_LAST_PORT)
    interval: Positive = 30.0
    memory_mib: Positive = 1000.0


class _File(Section):
    """A file as it is written."""

    preview: Preview
    service: Settings = Settings()


@dataclass(frozen=True)
class Previews:
    """The whole file: which branches, and the settings that all of their servers have in common."""

    preview: Preview
    service: Settings


def load(path: Path) -> Previews:
    """Read a file of previews.

    Raises:
        ParamsError: on the first thing wrong, naming its place, what is allowed and the nearest known key.
    """
    name = reading.name(path)
    if not path.exists():
        remedy = "write it: engine/docs/previews.md shows one; or name another file (--settings)"
        raise ParamsError("file", "is not there", remedy, name)
    raw = reading.read(path)
    if not isinstance(raw, dict) or PREVIEW not in raw:
        raise ParamsError(PREVIEW, "is missing", "write this section; engine/docs/previews.md shows every key", name)
    filled = {section: {} if content is None else content for section, content in raw.items()}
    found = reading.check_section(_File, filled, "", name)
    _check(found, "port" in filled.get("service", {}), name)
    return Previews(found.preview, found.service)


def _check(found: _File, names_port: bool, file: str) -> None:
    last = found.preview.first_port + found.preview.most - 1
    wrong = {
        "preview.first_port": (last > _LAST_PORT, f"leads to port {last}", "declare a lower one, or fewer branches"),
        "service.port": (names_port, "is declared", "leave it out: ports are counted from preview.first_port"),
        "service.workers": (found.service.workers != 1, "is more than 1", "leave it out: a branch has one process"),
        "service.grpc": (found.service.grpc is not None, "is declared", "leave it out: a branch has one port"),
        "service.log.directory": (
            found.service.log.directory is not None, "is declared",
            "leave it out: what previews answer must not be taken for what production predicted",
        ),
    }  # fmt: skip
    for place, (is_wrong, said, remedy) in wrong.items():
        if is_wrong:
            raise ParamsError(place, said, remedy, file)
