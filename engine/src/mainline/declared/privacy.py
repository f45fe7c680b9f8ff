"""`privacy.yaml`, which may be left out: how long the packages of released versions stay though a person is in them."""

from pathlib import Path

from pydantic import Field

from mainline.declared import reading
from mainline.declared.reading import Section
from mainline.errors import ParamsError

FILE = Path("privacy.yaml")


class Retention(Section):
    """The whole file: days since a version was registered, and why."""

    keep_versions_days: int = Field(default=0, ge=0, le=3650)
    reason: str = Field(default="", max_length=300)


def load(file: Path = FILE) -> Retention:
    """Read what is declared; the defaults where there is no file.

    Raises:
        ParamsError: on the first thing wrong, such as days without a reason.
    """
    found = reading.load(file, Retention) if file.exists() else Retention()
    if found.keep_versions_days and not found.reason.strip():
        raise ParamsError("reason", "is missing", "say why versions are kept so long", str(file))
    return found
