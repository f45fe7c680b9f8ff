"""A declared file: YAML, read once, checked whole, and refused with one line that names the place."""

from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from mainline.errors import ParamsError, nearest


class Section(BaseModel):
    """A part of the file that refuses keys it does not know and types it did not ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Checked = TypeVar("Checked", bound=Section)


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping, where YAML's own loader lets the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' stands twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(path: Path, model: type[Checked]) -> Checked:
    """Read a file and check it against a model of sections.

    Raises:
        ParamsError: on the first thing wrong, naming its place, what is allowed and the nearest known key.
    """
    file = path.as_posix() if path.parent.name == "deploy" else path.name
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError) as error:
        remedy = "run this from the root of the repository"
        raise ParamsError("file", f"cannot be read ({error})", remedy, file) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2013-13-01, a number without end
        raise ParamsError("file", f"is not YAML ({error})", "correct the marked line", file) from error
    if not isinstance(raw, dict):
        raise ParamsError("file", f"is {_describe(raw)}", f"it must hold {', '.join(model.model_fields)}", file)
    return check_section(model, raw, "", file)


def check_section(model: type[Checked], raw: Any, place: str = "", file: str = "params.yaml") -> Checked:
    """Check a mapping against a model of sections.

    Args:
        model: what the section may hold.
        raw: the mapping as read from YAML.
        place: where it stands in the file.
        file: the file's name, for the error.

    Raises:
        ParamsError: as `load`.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = min(error.errors(), key=lambda problem: problem["type"] == "missing")
        raise _explain(first, model, place, file) from error


def _explain(problem: ErrorDetails, section: Any, at: str, file: str) -> ParamsError:
    """Turn one finding of a section's schema into a sentence with a remedy."""
    place = [str(part) for part in problem["loc"]]
    where = ".".join([at, *place] if at else place)
    if problem["type"] == "extra_forbidden":
        for part in place[:-1]:
            section = getattr(section, "model_fields", {})[part].annotation if not part.isdigit() else _item(section)
        known = [field.alias or name for name, field in section.model_fields.items()]
        return ParamsError(where, "is not a known key", nearest(place[-1], known), file)
    if problem["type"] == "missing":
        return ParamsError(where, "is missing", f"add it; the shipped {file} shows every key", file)
    return ParamsError(where, f"is {_describe(problem['input'])}", _lower_first(problem["msg"]), file)


def _item(sequence: Any) -> Any:
    """Return the section that a sequence of sections holds."""
    return get_args(sequence)[0]


def _describe(value: object) -> str:
    return f"{value!r} ({'nothing' if value is None else type(value).__name__})"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
