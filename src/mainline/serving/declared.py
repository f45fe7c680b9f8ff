"""Read a YAML file of the service, check it whole and freeze it; what is wrong is one sentence."""

from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from mainline.errors import nearest
from mainline.serving.errors import SettingsError


class Section(BaseModel):
    """A part of a file that refuses keys it does not know and types it did not ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Checked = TypeVar("Checked", bound=Section)


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        SettingsError: when it cannot be read or is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            path, "", f"cannot be read ({error})", "run this from the root of the repository"
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(path, "", f"is not YAML ({error})", "correct the marked line") from error


def check(model: type[Checked], raw: Any, file: object, place: str = "") -> Checked:
    """Check a mapping against a model of sections.

    Args:
        model: what the section may hold.
        raw: the mapping as read from the file.
        file: the file's name, for messages.
        place: where the section stands in the file.

    Raises:
        SettingsError: on the first thing wrong, naming its place, what is allowed and the nearest known key.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _explain(error.errors()[0], model, file, place) from error


def _explain(problem: ErrorDetails, section: type[BaseModel], file: object, at: str) -> SettingsError:
    place = [str(part) for part in problem["loc"]]
    where = ".".join(filter(None, [at, *place]))
    if problem["type"] == "extra_forbidden":
        known = _inner(section, place[:-1]).model_fields
        return SettingsError(file, where, "is not a known key", nearest(place[-1], known))
    if problem["type"] == "missing":
        return SettingsError(file, where, "is missing", "add it; docs/serving.md shows every key")
    found = f"is {problem['input']!r}"
    message = problem["msg"].removeprefix("Value error, ")
    return SettingsError(file, where, found, message[:1].lower() + message[1:])


def _inner(section: type[BaseModel], place: list[str]) -> type[BaseModel]:
    """Return the model of the section that stands at a place: through optional sections and lists of them."""
    for part in place:
        if not part.isdigit():
            section = _section_of(section.model_fields[part].annotation)
    return section


def _section_of(annotation: Any) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_section_of(argument) for argument in get_args(annotation) if argument is not type(None))
    return next(inner)
