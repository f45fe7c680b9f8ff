"""A declared file: YAML, read once, checked whole, and refused with one line that names the place."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from mainline.errors import ParamsError, nearest

_PASSWORD = re.compile(r"://[^\s/@]*@")


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
    raw, file = read(path), name(path)
    if not isinstance(raw, dict):
        raise ParamsError("", f"is {_describe(raw)}", f"it must hold {', '.join(model.model_fields)}", file)
    return check_section(model, raw, "", file)


def problems(model: type[Section], raw: Any, place: str, file: str) -> list[ParamsError]:
    """Return all that is wrong with a mapping at once, as far as it can be told; see `check_section`."""
    try:
        model.model_validate(raw)
    except ValidationError as error:
        return [_explain(problem, model, place, file) for problem in error.errors()]
    except ParamsError as error:
        return [error]
    return []


def read(path: Path) -> Any:
    """Read a YAML file in which no key stands twice.

    Raises:
        ParamsError: when it cannot be read, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        is_gone = isinstance(error, FileNotFoundError) and Path(".git").exists()
        remedy = f"`git checkout HEAD -- {quote(str(path))}` brings back one that was committed"
        remedy = remedy if is_gone else "run this from the root of the repository"
        raise ParamsError("", f"cannot be read ({error})", remedy, name(path)) from error
    return parse(text, "", name(path))


def parse(text: str, where: str, file: str) -> Any:
    """Read YAML in which no key stands twice.

    Raises:
        ParamsError: when it is not YAML, naming where it stands.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2013-13-01, a number without end
        raise ParamsError(where, f"is not YAML ({explain(error)})", "correct that line", file) from error


def explain(error: Exception) -> str:
    """Say what is wrong and on which line; PyYAML's own words name a string and draw an arrow over several lines."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if isinstance(error, yaml.reader.ReaderError):
        return f"character {error.position + 1}: {error.reason}"
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return str(error)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return f"line {mark.line + 1}, column {mark.column + 1}: {said}"


def name(path: Path) -> str:
    """Name a file as people know it: files of `deploy/` with their folder, others alone."""
    return "/".join(path.parts[path.parts.index("deploy") :]) if "deploy" in path.parts else path.name


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
        fields = _inner(section, place[:-1]).model_fields
        return ParamsError(where, "is not a known key", nearest(place[-1], _names(fields)), file)
    if problem["type"] == "missing":
        return ParamsError(where, "is missing", f"add it; the shipped {file} shows every key", file)
    if problem["type"] in ("model_type", "dict_type"):
        keys = ", ".join(_names(_inner(section, place).model_fields)) if problem["type"] == "model_type" else ""
        allowed = f"it is a section, so write its keys below it{keys and f': {keys}'}"
        return ParamsError(where, f"is {_describe(problem['input'])}", allowed, file)
    if problem["type"] == "tuple_type":
        return ParamsError(where, f"is {_describe(problem['input'])}", "it is a list, so write [ ] around it", file)
    message = problem["msg"].removeprefix("Value error, ").replace("Tuple should", "It should")
    return ParamsError(where, f"is {_describe(problem['input'])}", message[:1].lower() + message[1:], file)


def _names(fields: Mapping[str, Any]) -> list[str]:
    return [field.alias or name for name, field in fields.items()]


def _inner(section: type[BaseModel], place: Sequence[str]) -> type[BaseModel]:
    """Return the model of the section at a place: through optional sections, lists of them and mappings to them."""
    for part in place:
        if part in section.model_fields:
            section = _section_of(section.model_fields[part].annotation) or section
    return section


def _section_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_section_of(argument) for argument in get_args(annotation))
    return next((section for section in found if section is not None), None)


def _describe(value: object) -> str:
    shown = _PASSWORD.sub("://***@", repr(value))  # an address in the place of the variable that holds it
    return f"{shown} ({'nothing' if value is None else type(value).__name__})"
